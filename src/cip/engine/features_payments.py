"""Features of payments: when, how often, how much, how regularly, and what was taken back.

A row of the stage "payments" is one day of one customer on which money moved, as known at the
cutoff: `age` (days to the cutoff), `purchases` and `spend` (amounts above zero), `refunds` and
`refunded` (amounts below zero, as a positive sum), `paid` (a purchase day), `gap` (days since the
purchase day before) and `weekend`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from ibis.expr.types import NumericValue, Table

from cip.engine.feature import SPAN_WORDS, WINDOWS, Feature, count, ratio, settled, total, within
from cip.engine.features_payments_gaps import GAPS
from cip.types import FeatureInfo


def _feature(info: FeatureInfo, value: Callable[[Table], NumericValue]) -> Feature:
    info = replace(info, unknown=info.unknown or "Has not bought anything so far")
    return Feature(info, "payments", value)


def _ratio(info: FeatureInfo, value: Callable[[Table], NumericValue]) -> Feature:
    return replace(_feature(info, value), stage="ratios")


def _when() -> Iterator[Feature]:
    yield _feature(
        FeatureInfo(
            "recency_days",
            "number",
            "days",
            "Days from the last purchase day to the cutoff; 1 is the day before.",
            "Last bought {v} days ago (typical {usual})",
            "last purchase",
        ),
        lambda days: days.age.min(where=days.paid),
    )
    yield _feature(
        FeatureInfo(
            "tenure_days",
            "number",
            "days",
            "Days from the first purchase day to the cutoff.",
            "First bought {v} days ago (typical {usual})",
            "first purchase",
        ),
        lambda days: days.age.max(where=days.paid),
    )


def _purchase_days(window: str) -> Feature:
    days = WINDOWS[window]
    return _feature(
        FeatureInfo(
            f"purchase_days_{window}",
            "number",
            "days",
            f"Distinct days with a purchase {SPAN_WORDS[window]}.",
            f"Bought on {{v}} days {SPAN_WORDS[window]} (typical {{usual}})",
            "purchase days",
            days,
        ),
        lambda rows: count(within(rows, days) & rows.paid),
    )


def _spend(window: str) -> Feature:
    days = WINDOWS[window]
    return _feature(
        FeatureInfo(
            f"spend_{window}",
            "number",
            "money",
            f"Money paid {SPAN_WORDS[window]}, before refunds.",
            f"Spent {{v}} {{currency}} {SPAN_WORDS[window]} (typical {{usual}})",
            "spend",
            days,
        ),
        lambda rows: total(rows.spend, within(rows, days)),
    )


def _mean_spend(window: str) -> Feature:
    return _ratio(
        FeatureInfo(
            f"mean_spend_{window}",
            "number",
            "money",
            f"Money paid on a purchase day {SPAN_WORDS[window]}; empty without one.",
            f"Spent {{v}} {{currency}} on a purchase day {SPAN_WORDS[window]} (typical {{usual}})",
            "value of a purchase day",
            WINDOWS[window],
            unknown=f"Has not bought anything {SPAN_WORDS[window]}",
        ),
        lambda done: ratio(done[f"spend_{window}"], done[f"purchase_days_{window}"]),
    )


def _value_of_a_day() -> Iterator[Feature]:
    fact = "value of a purchase day"
    yield _feature(
        FeatureInfo(
            "last_spend",
            "number",
            "money",
            "Money paid on the last purchase day.",
            "Spent {v} {currency} on the last purchase day (typical {usual})",
            fact,
        ),
        lambda days: days.spend.argmin(days.age, where=days.paid),
    )
    yield _feature(
        FeatureInfo(
            "largest_spend",
            "number",
            "money",
            "Most money paid on one day.",
            "Spent {v} {currency} on the best day so far (typical {usual})",
            fact,
        ),
        lambda days: days.spend.max(where=days.paid),
    )
    yield _feature(
        FeatureInfo(
            "spend_sd",
            "number",
            "money",
            "Spread (standard deviation) of money paid a purchase day; empty below two.",
            "Spend varies by {v} {currency} from one purchase day to another (typical {usual})",
            fact,
            unknown="Too few purchase days to say how spend varies (typical {usual} {currency})",
        ),
        lambda days: settled(days.spend.std(where=days.paid, how="sample")),
    )


def _purchases(window: str) -> Feature:
    days = WINDOWS[window]
    return _feature(
        FeatureInfo(
            f"purchases_{window}",
            "number",
            "purchases",
            f"Payments above zero {SPAN_WORDS[window]}; a day may hold several.",
            f"Bought {{v}} times {SPAN_WORDS[window]} (typical {{usual}})",
            "purchase days",
            days,
        ),
        lambda rows: total(rows.purchases, within(rows, days)),
    )


def _refunds(window: str) -> Iterator[Feature]:
    days = WINDOWS[window]
    yield _feature(
        FeatureInfo(
            f"refunds_{window}",
            "number",
            "refunds",
            f"Refunds {SPAN_WORDS[window]}.",
            f"Took money back {{v}} times {SPAN_WORDS[window]} (typical {{usual}})",
            "refunds",
            days,
        ),
        lambda rows: total(rows.refunds, within(rows, days)),
    )
    yield _feature(
        FeatureInfo(
            f"refunded_{window}",
            "number",
            "money",
            f"Money given back {SPAN_WORDS[window]}, as a positive sum.",
            f"Took {{v}} {{currency}} back {SPAN_WORDS[window]} (typical {{usual}})",
            "refunds",
            days,
        ),
        lambda rows: total(rows.refunded, within(rows, days)),
    )
    yield _ratio(
        FeatureInfo(
            f"refunded_share_{window}",
            "number",
            "share",
            f"Money given back over money paid {SPAN_WORDS[window]}; empty if none was paid.",
            f"Took {{v}} of the money back {SPAN_WORDS[window]} (typical {{usual}})",
            "refunds",
            days,
            unknown=f"Has not bought anything {SPAN_WORDS[window]}",
        ),
        lambda done: ratio(done[f"refunded_{window}"], done[f"spend_{window}"]),
    )


def _trend(window: str) -> Iterator[Feature]:
    days = WINDOWS[window] or 0
    yield _feature(
        FeatureInfo(
            f"purchase_days_trend_{window}",
            "number",
            "days",
            f"Purchase days in the last {days} days less those in the {days} days before.",
            f"Purchase days changed by {{v}} in the last {days} days against the {days} days "
            "before (typical {usual})",
            "purchase days",
            2 * days,
        ),
        lambda rows: (
            count(within(rows, days) & rows.paid) - count(within(rows, days, skip=days) & rows.paid)
        ),
    )
    yield _feature(
        FeatureInfo(
            f"spend_trend_{window}",
            "number",
            "money",
            f"Money paid in the last {days} days less that in the {days} days before.",
            f"Spend changed by {{v}} {{currency}} in the last {days} days against the {days} days "
            "before (typical {usual})",
            "spend",
            2 * days,
        ),
        lambda rows: (
            total(rows.spend, within(rows, days)) - total(rows.spend, within(rows, days, skip=days))
        ),
    )


def _habits() -> Iterator[Feature]:
    yield _ratio(
        FeatureInfo(
            "spend_share_90d",
            "number",
            "share",
            "Share of all money paid so far that was paid in the last 90 days.",
            "{v} of all spend so far was in the last 90 days (typical {usual})",
            "spend",
            90,
        ),
        lambda done: ratio(done.spend_90d, done.spend_all),
    )
    yield _ratio(
        FeatureInfo(
            "purchase_days_per_30d",
            "number",
            "days",
            "Purchase days so far for every 30 days since the first.",
            "Bought on {v} days a month since the first purchase (typical {usual})",
            "purchase days",
            decimals=1,
            early="{purchase_days_all} purchase days in the {tenure_days} days since the first "
            "purchase (typical {usual} a month)",
        ),
        lambda done: ratio(done.purchase_days_all * 30, done.tenure_days),
    )
    yield _feature(
        FeatureInfo(
            "weekend_share_all",
            "number",
            "share",
            "Share of purchase days so far that were a Saturday or Sunday.",
            "{v} of the purchase days were at a weekend (typical {usual})",
            "weekends",
        ),
        lambda days: ratio(count(days.paid & days.weekend), count(days.paid)),
    )


PAYMENTS: Final[tuple[Feature, ...]] = (
    *_when(),
    *(_purchase_days(window) for window in WINDOWS),
    *(_purchases(window) for window in ("365d", "all")),
    *(_spend(window) for window in WINDOWS),
    *(_mean_spend(window) for window in ("90d", "365d", "all")),
    *_value_of_a_day(),
    *(feature for window in ("365d", "all") for feature in _refunds(window)),
    *GAPS,
    *(feature for window in ("28d", "90d") for feature in _trend(window)),
    *_habits(),
)
