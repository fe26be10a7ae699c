"""Features that a person defines in `cip.toml`, as expressions over rows added up by day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ibis.expr.types import BooleanValue, NumericValue, Table

from cip import columns as c
from cip.contract.features import FeatureRule
from cip.engine.events import NOT_ACTS
from cip.engine.feature import DailyRows, Feature, Shares, ratio, settled, total, within
from cip.engine.features_kinds import kind_needed

_Value = Callable[[Table, BooleanValue], NumericValue]
_VALUES: Final[Mapping[str, _Value]] = {
    "count": lambda rows, where: total(rows.rows, where),
    "days": lambda rows, where: rows.day.nunique(where=where),
    "days_since_last": lambda rows, where: rows.age.min(where=where),
    "sum": lambda rows, where: total(rows.total, where),
    "mean": lambda rows, where: settled(ratio(total(rows.total, where), total(rows.valued, where))),
    "max": lambda rows, where: rows.highest.max(where=where),
    "min": lambda rows, where: rows.lowest.min(where=where),
    "distinct": lambda rows, where: rows.thing.nunique(where=where),
}
_ZERO: Final = frozenset({"count", "days", "sum", "distinct"})
_OF_TEXTS: Final = frozenset({"distinct", "share"})


def declared(name: str, rule: FeatureRule) -> Feature:
    """The feature that a rule describes."""
    if rule.ratio is not None:
        part, whole = rule.ratio
        return Feature(rule.info(name), "ratios", lambda done: ratio(done[part], done[whole]))
    daily, needs = _daily(rule), frozenset(kind_needed(kind) for kind in rule.kinds)
    if rule.of == "share":
        return Feature(
            rule.info(name),
            Shares(daily, rule.kinds, rule.window_days),
            lambda things: ratio(things.rows.max(), things.rows.sum()),
            needs,
        )
    value = _VALUES[rule.of or "count"]
    return Feature(
        rule.info(name),
        daily,
        lambda rows: value(rows, within(rows, rule.window_days) & kinds_or_acts(rows, rule.kinds)),
        needs,
        0.0 if rule.of in _ZERO else None,
    )


def kinds_or_acts(rows: Table, kinds: tuple[str, ...]) -> BooleanValue:
    """Whether a row is of one of these kinds; without any, whether the customer did it.

    True of every row of a table that has no kinds.
    """
    if c.KIND not in rows.columns:
        return rows.age > 0
    return rows[c.KIND].isin(kinds) if kinds else rows[c.KIND].notin(sorted(NOT_ACTS))


def _daily(rule: FeatureRule) -> DailyRows:
    table = rule.table or "interactions"
    if rule.of in _OF_TEXTS:
        return DailyRows(table, thing=rule.column)
    return DailyRows(table, number=rule.column)
