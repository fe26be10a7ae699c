"""Which tables by day a question reads, and which events it then need not read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cip.contract.config import LabelRule
from cip.engine.daily import DAILY, DailyName
from cip.engine.events import Events
from cip.engine.feature import AnyStage, DailyRows, OwnRows, Shares
from cip.engine.point_in_time import STAGE_READS

_RULE_READS: Final[dict[str, tuple[DailyName, ...]]] = {
    "purchase": ("payments",),
    "inactivity": ("kinds",),
    "cancellation": (),
    "given": ("payments", "kinds"),
}


def names_read(
    stages: Iterable[AnyStage], rules: Iterable[LabelRule], *, labelled: bool
) -> frozenset[DailyName]:
    """The tables by day that these stages, the rules and, if asked, the labels read."""
    by_stage = (STAGE_READS.get(stage) for stage in stages if isinstance(stage, str))
    value: tuple[DailyName, ...] = ("payments",) if labelled else ()
    by_rule = (name for rule in rules for name in _RULE_READS[rule.kind])
    return frozenset({*(n for n in by_stage if n), *by_rule, *value})


def unread_tables(
    events: Events, names: Iterable[DailyName], stages: Iterable[AnyStage]
) -> frozenset[str]:
    """The event tables that nobody reads: tables by day at hand say all that is asked of them."""
    if not events.daily:
        return frozenset()
    wanted = {DAILY[name].table for name in names if name not in events.daily}
    for stage in stages:
        if isinstance(stage, OwnRows):
            return frozenset()
        daily = stage.daily if isinstance(stage, Shares) else stage
        wanted |= {daily.table} if isinstance(daily, DailyRows) else set()
    return frozenset({"transactions", "interactions"} - wanted)
