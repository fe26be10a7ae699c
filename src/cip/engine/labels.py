"""What happened after a cutoff, from everything that is known today."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ibis.expr.types import Table

from cip import columns as c
from cip.engine.feature import settled
from cip.engine.point_in_time import CUTOFF_DAY, KEYS
from cip.errors import ContractError


def check_horizon(cutoffs: Sequence[datetime], horizon_days: int, data_end: datetime) -> None:
    """Raises ContractError C-205 when the horizon of a cutoff runs past the data's end.

    A customer who bought nothing in days that nobody has seen yet has not churned.
    """
    for cutoff in cutoffs:
        if cutoff + timedelta(days=horizon_days) > data_end:
            raise ContractError(
                "C-205",
                f"the horizon of {horizon_days} days after {cutoff:%Y-%m-%d} runs past the data's "
                f"end, {data_end:%Y-%m-%d}.",
                "choose an earlier cutoff or a shorter horizon",
            )


def with_labels(rows: Table, payments: Table, horizon_days: int) -> Table:
    """`rows` (customer, cutoff day, ...) with `churned` and `future_value`.

    `churned`: 1 without a purchase in [cutoff, cutoff + horizon), else 0; `future_value`: the sum
    of all amounts in that window, refunds included, 0 if there are none.  `payments` are those of
    `payments_by_day`; when they were known does not matter.
    """
    after = future(payments, rows.select(*KEYS), horizon_days)
    seen = after.group_by(KEYS).aggregate(
        purchases=after["purchases"].sum(), net=settled(after["net"].sum())
    )
    joined = rows.left_join(seen, KEYS)
    return joined.select(
        *(rows[name] for name in rows.columns),
        (joined["purchases"].fill_null(0) == 0).ifelse(1, 0).name(c.CHURNED),
        joined["net"].fill_null(0).cast("float64").name(c.FUTURE_VALUE),
    )


def future(payments: Table, pairs: Table, horizon_days: int) -> Table:
    """Daily rows of each pair's customer in [cutoff, cutoff + horizon)."""
    return payments.join(
        pairs,
        [
            payments[c.CUSTOMER_ID] == pairs[c.CUSTOMER_ID],
            payments["day"] >= pairs[CUTOFF_DAY],
            payments["day"] < pairs[CUTOFF_DAY] + horizon_days,
        ],
    ).drop(f"{c.CUSTOMER_ID}_right")
