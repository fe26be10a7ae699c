"""Every column name that crosses a room, written once."""

from typing import Final

# keys and times
CUSTOMER_ID: Final = "customer_id"
ITEM_ID: Final = "item_id"
OCCURRED_AT: Final = "occurred_at"
KNOWN_AT: Final = "known_at"
CUTOFF: Final = "cutoff"

# written by the product beside the mapped columns
BUCKET: Final = "bucket"
ROW_KEY: Final = "row_key"
SOURCE_ROW: Final = "source_row"
REVISION: Final = "revision"
ORIGINAL_ID: Final = "original_id"

# customers and items
NAME: Final = "name"
TITLE: Final = "title"
CATEGORY: Final = "category"

# interactions
KIND: Final = "kind"
VALUE: Final = "value"
QUANTITY: Final = "quantity"
SENTIMENT: Final = "sentiment"
DEVICE: Final = "device"

# subscriptions
STARTED_AT: Final = "started_at"
ENDED_AT: Final = "ended_at"
PLAN: Final = "plan"
PRICE: Final = "price"

# transactions
TRANSACTION_ID: Final = "transaction_id"
AMOUNT: Final = "amount"
CURRENCY: Final = "currency"

# treatments
ARM: Final = "arm"
COST: Final = "cost"

# labels
CHURNED: Final = "churned"
FUTURE_VALUE: Final = "future_value"

# results
P_CHURN: Final = "p_churn"
P_ALIVE: Final = "p_alive"
CLV: Final = "clv"
CLV_IF_RETAINED: Final = "clv_if_retained"
EXPECTED_VALUE_LOSS: Final = "expected_value_loss"
CHURN_BAND: Final = "churn_band"
CLV_BAND: Final = "clv_band"
PRIORITY_SEGMENT: Final = "priority_segment"
RANK: Final = "rank"
