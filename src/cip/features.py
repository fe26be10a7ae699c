"""The door for features of your own in a Python file, each an Ibis expression over daily rows.

    from cip.features import count, feature, within

    @feature(rows="activity", unit="days", description="Active days in the last 14 days.")
    def active_days_14d(days):
        return count(within(days, 14))

See docs/howto/define-a-feature.md.  The rows hold only what happened and was known before the
cutoff at which a customer is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import get_args

from ibis.expr.types import Table, Value

from cip.contract.features import NAME, check_phrase
from cip.engine.feature import (
    DailyRows,
    EventTable,
    Feature,
    Stage,
    count,
    ratio,
    total,
    within,
)
from cip.errors import SettingsError
from cip.types import FeatureInfo, FeatureKind

__all__ = ["Feature", "by_day", "count", "feature", "ratio", "total", "within"]


def feature(
    *,
    rows: Stage | DailyRows,
    description: str,
    unit: str,
    phrase: str = "",
    fact: str = "",
    kind: FeatureKind = "number",
    window_days: int | None = None,
    decimals: int = 0,
    empty: float | None = None,
) -> Callable[[Callable[[Table], Value]], Feature]:
    """Makes the decorated function a feature of its name.

    The function gets the `rows` of one customer at one cutoff and gives the expression that adds
    them up; for `rows="ratios"` it gets the finished features and combines them.  `empty` is the
    value of a customer without such rows, None for undefined.

    Raises: SettingsError S-160 for a name, rows or a phrase that cannot be used.
    """

    def make(function: Callable[[Table], Value]) -> Feature:
        name = function.__name__
        _check(name, rows, phrase)
        said = phrase or f"{description.rstrip('.')}: {{v}} (typical {{usual}})"
        info = FeatureInfo(
            name,
            kind,
            unit,
            description,
            said,
            fact or name.replace("_", " "),
            window_days,
            decimals,
        )
        return Feature(info, rows, function, empty=empty)

    return make


def by_day(table: EventTable, *, number: str | None = None, thing: str | None = None) -> DailyRows:
    """Rows of a table added up by day: their count, the sum of a `number`, by each `thing`."""
    return DailyRows(table, number, thing)


def _check(name: str, rows: Stage | DailyRows, phrase: str) -> None:
    if not re.fullmatch(NAME, name):
        raise SettingsError(
            "S-160",
            f"{name!r} is no name for a feature.",
            "small letters, digits and _, at most 60 of them, a letter first",
        )
    if not isinstance(rows, DailyRows) and rows not in get_args(Stage):
        raise SettingsError(
            "S-160",
            f"the feature {name}: there are no rows {rows!r}.",
            f"rows are {', '.join(get_args(Stage))}, or by_day(...)",
        )
    if phrase:
        try:
            check_phrase(phrase)
        except ValueError as error:
            raise SettingsError(
                "S-160", f"the feature {name}: {error}.", "mend the phrase"
            ) from None
