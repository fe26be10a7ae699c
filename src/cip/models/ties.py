"""Features that hang together by definition: when one changes, what is made of it follows.

A shorter window lies inside a longer one, a trend and a ratio are made of other features, and who
bought 40 days ago did not buy in the last 28.  What is not tied by definition stays as it is, but
for one assumption: a purchase day more brings what the customer's purchase days brought so far.
The definitions are those of the catalogue (`cip.engine.features`); a test holds them against it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Any, Final, TypeGuard

import numpy as np
from numpy.typing import NDArray

from cip.models.encode_parts import Value
from cip.types import BoolArray, FloatArray

Columns = Mapping[str, NDArray[Any]]

SUMS: Final = (
    "purchase_days",
    "purchases",
    "spend",
    "refunds",
    "refunded",
    "active_days",
    "interactions",
    "plays",
    "ratings",
    "searches",
    "impressions",
    "clicks",
    "failed_payments",
    "minutes",
    "opinions",
)
"""Stems of `<stem>_<window>` that add up: what joins a window joins each longer one."""
DISTINCT: Final = ("items", "categories", "devices", "played_items")
"""Stems that count different things: a longer window has at least as many."""
_WINDOW: Final = re.compile(r"(.+)_(\d+)d")
_RECENCY: Final = {"recency_days": "purchase_days", "inactive_days": "active_days"}
"""Days since the last one, to the stem that counts such days."""
_A_DAY: Final = {"purchase_days": ("spend", "purchases"), "active_days": ("interactions",)}
"""What such a day brings: a day more brings as much as the customer's days so far, on average."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """`factor` times `part` over the sum of `whole`; undefined where that is 0."""

    part: str
    whole: tuple[str, ...]
    factor: float = 1.0


_OVER: Final = {
    "recency_over_gap": Ratio("recency_days", ("gap_mean_days",)),
    "inactive_over_gap": Ratio("inactive_days", ("active_gap_mean_days",)),
    "spend_share_90d": Ratio("spend_90d", ("spend_all",)),
    "purchase_days_per_30d": Ratio("purchase_days_all", ("tenure_days",), 30.0),
    "mean_quantity_all": Ratio("quantity_all", ("interactions_all",)),
    "interactions_a_day_90d": Ratio("interactions_90d", ("active_days_90d",)),
    "recent_active_share_90d": Ratio("active_days_28d", ("active_days_90d",)),
    "new_items_share_90d": Ratio("new_items_90d", ("items_90d",)),
    "minutes_a_day_28d": Ratio("minutes_28d", ("active_days_28d",)),
    "searches_a_play_90d": Ratio("searches_90d", ("plays_90d",)),
    "failed_payments_share_365d": Ratio(
        "failed_payments_365d", ("failed_payments_365d", "purchases_365d")
    ),
}
RATIOS: Final[Mapping[str, Ratio]] = {
    **_OVER,
    **{
        f"mean_spend_{w}": Ratio(f"spend_{w}", (f"purchase_days_{w}",))
        for w in ("90d", "365d", "all")
    },
    **{f"refunded_share_{w}": Ratio(f"refunded_{w}", (f"spend_{w}",)) for w in ("365d", "all")},
    **{
        f"click_share_{w}": Ratio(f"clicks_{w}", (f"clicks_{w}", f"impressions_{w}"))
        for w in ("90d", "all")
    },
}


def follow(before: Mapping[str, Value], changes: Columns) -> dict[str, NDArray[Any]]:
    """`changes` and what follows from them, by name and (n,) each; all else is as `before`.

    `before` is one customer, `changes` n ways in which it might be otherwise.  What is changed
    itself is never moved by another.  With a ratio its part moves.
    """
    if not changes:
        return {}
    made = _After(before, {**changes, **_parts(before, changes)})
    _windows(made)
    _recency(made)
    _brought(made)
    _trends(made)
    _ratios(made)
    return made.columns


def made_of_others(names: Sequence[str]) -> frozenset[str]:
    """Those of `names` that follow from others of them: trends and ratios."""
    there = set(names)
    ratios = {n for n in names if n in RATIOS and {RATIOS[n].part, *RATIOS[n].whole} <= there}
    return frozenset(ratios | {n for n in names if _trend_of(n) in there})


def contradictions(values: Mapping[str, Value]) -> tuple[tuple[str, str], ...]:
    """Pairs of features that no customer can have together, the one that is too much first."""
    one = {name: np.array([value]) for name, value in values.items() if _is_number(value)}
    return tuple(pair for pair, wrong in _laws(one) if wrong[0])


def is_whole_past(name: str) -> bool:
    """Whether the feature counts since the beginning: it can only grow."""
    return name.endswith("_all") and name.removesuffix("_all") in {*SUMS, *DISTINCT}


def possible(columns: Columns) -> BoolArray:
    """(n,): whether a customer can be so."""
    rows = len(next(iter(columns.values())))
    ok = np.ones(rows, dtype=np.bool_)
    numbers = {n: v for n, v in columns.items() if v.dtype.kind in "fiub"}
    for _, wrong in _laws(numbers):
        ok &= ~wrong
    return ok


def _parts(before: Mapping[str, Value], changes: Columns) -> dict[str, NDArray[Any]]:
    """What the part of a changed ratio must be, where its whole does not move with it."""
    found: dict[str, NDArray[Any]] = {}
    for name, values in changes.items():
        ratio = RATIOS.get(name)
        if ratio is None or ratio.part in changes or _moves_its_whole(ratio):
            continue
        rows = len(values)
        whole = [changes.get(n, np.full(rows, before.get(n, np.nan))) for n in ratio.whole]
        if _is_number(before.get(ratio.part)):
            found[ratio.part] = values * np.sum(whole, axis=0) / ratio.factor
    return found


def _moves_its_whole(ratio: Ratio) -> bool:
    stems = [_WINDOW.fullmatch(name.replace("_all", "_0d")) for name in (ratio.part, *ratio.whole)]
    first, *others = (match[1] if match else "" for match in stems)
    return bool(first) and first in others


class _After:
    """The columns that have moved, beside one customer's own values."""

    def __init__(self, before: Mapping[str, Value], changes: Columns) -> None:
        self.before = {n: float(v) for n, v in before.items() if _is_number(v)}
        self.given = frozenset(changes)
        self.columns: dict[str, NDArray[Any]] = dict(changes)
        self.rows = len(next(iter(changes.values())))

    def now(self, name: str) -> FloatArray:
        """(n,) values as they have become."""
        if name in self.columns:
            return np.asarray(self.columns[name], dtype=np.float64)
        return np.full(self.rows, self.before[name])

    def put(self, name: str, values: FloatArray) -> None:
        """A follower moves, where it does; a feature that was changed itself stays."""
        if name not in self.given and np.any(values != self.now(name)):
            self.columns[name] = values


def _windows(made: _After) -> None:
    for stem in (*SUMS, *DISTINCT):
        family = _family(stem, made.before)
        if not any(name in made.given for _, name in family):
            continue
        _upwards(made, [name for _, name in family], adds=stem in SUMS)
        _downwards(made, [name for _, name in family])


def _upwards(made: _After, names: Sequence[str], *, adds: bool) -> None:
    """What a window gained or lost, each longer one does too; of distinct things, at least.

    The whole past only gains: nothing that is done from now on takes back what has been.
    """
    shift, least = np.zeros(made.rows), np.full(made.rows, -inf)
    for name in names:
        if name in made.given:
            shift, least = made.now(name) - made.before[name], made.now(name)
        elif adds:
            moved = np.maximum(shift, 0.0) if is_whole_past(name) else shift
            made.put(name, np.maximum(made.now(name) + moved, least))
        else:
            made.put(name, np.maximum(made.now(name), least))


def _downwards(made: _After, names: Sequence[str]) -> None:
    """A shorter window holds no more than a longer one that was changed."""
    most = np.full(made.rows, inf)
    for name in reversed(names):
        if name in made.given:
            most = made.now(name)
        else:
            made.put(name, np.minimum(made.now(name), most))


def _recency(made: _After) -> None:
    for since, stem in _RECENCY.items():
        if since not in made.before:
            continue
        family = [(days, name) for days, name in _family(stem, made.before) if days < inf]
        if since in made.given:
            _empty_or_not(made, since, stem, family)
        elif any(name in made.columns for _, name in family):
            _last_one(made, since, family)


def _empty_or_not(made: _After, since: str, stem: str, family: list[tuple[float, str]]) -> None:
    """Windows that end before the last one are empty, those that hold it have at least one."""
    last = made.now(since)
    for days, name in family:
        made.put(name, np.where(last > days, 0.0, np.maximum(made.now(name), 1.0)))
    if f"{stem}_all" in made.before:
        made.put(f"{stem}_all", np.maximum(made.now(f"{stem}_all"), 1.0))


def _last_one(made: _After, since: str, family: list[tuple[float, str]]) -> None:
    """The last one lies in the shortest window that has any, and behind all that are empty."""
    last = made.now(since)
    for days, name in reversed(family):
        some = made.now(name) > 0
        last = np.where(some, np.minimum(last, days), last)
    for days, name in family:
        last = np.where(made.now(name) > 0, last, np.maximum(last, days + 1))
    made.put(since, last)


def _brought(made: _After) -> None:
    """What days that are added or taken away bring, where it was not changed itself."""
    for stem, others in _A_DAY.items():
        whole = made.before.get(f"{stem}_all", 0.0)
        for other in others:
            family = _family(other, made.before)
            all_so_far = made.before.get(f"{other}_all", np.nan)
            if whole > 0 and not made.given & {name for _, name in family}:
                for _, name in family:
                    days = name.replace(other, stem, 1)
                    if days in made.columns and days in made.before:
                        made.put(name, _with_days(made, name, days, all_so_far / whole))
                _rising(made, [name for _, name in family])


def _rising(made: _After, names: Sequence[str]) -> None:
    """A longer window holds at least as much as a shorter one."""
    least = np.full(made.rows, -inf)
    for name in names:
        made.put(name, np.fmax(made.now(name), least))
        least = made.now(name)


def _with_days(made: _After, name: str, days: str, each: float) -> FloatArray:
    old, new, brought = made.before[days], made.now(days), made.before[name]
    added = brought + (new - old) * each
    kept = brought * new / old if old > 0 else np.zeros(made.rows)
    found: FloatArray = np.where(new > old, added, kept)
    return found


def _trends(made: _After) -> None:
    for name in made.before:
        base = _trend_of(name)
        if base in made.columns and base in made.before:
            made.put(name, made.before[name] + made.now(base) - made.before[base])


def _ratios(made: _After) -> None:
    for name, ratio in RATIOS.items():
        parts = {ratio.part, *ratio.whole}
        if name in made.before and parts <= set(made.before) and parts & set(made.columns):
            made.put(name, _quotient(ratio, made.now))


def _quotient(ratio: Ratio, now: Any) -> FloatArray:
    whole = np.sum([now(name) for name in ratio.whole], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: FloatArray = np.where(whole == 0, np.nan, ratio.factor * now(ratio.part) / whole)
    return found


def _laws(columns: Columns) -> Iterator[tuple[tuple[str, str], BoolArray]]:
    """Pairs of features with where they contradict each other, (n,)."""
    for stem in (*SUMS, *DISTINCT):
        family = _family(stem, columns)
        for (_, short), (_, long) in pairwise(family):
            yield (short, long), np.asarray(columns[short] > columns[long] + 1e-6)
    for name, ratio in RATIOS.items():
        if {name, ratio.part, *ratio.whole} <= set(columns):
            wanted = _quotient(ratio, columns.__getitem__)
            yield (name, ratio.part), np.abs(columns[name] - wanted) > 1e-6 * (1 + np.abs(wanted))
    for since, stem in _RECENCY.items():
        if since not in columns:
            continue
        for days, name in _family(stem, columns):
            if days < inf:
                some, recent = columns[name] > 0, columns[since] <= days
                known = ~np.isnan(columns[since]) & ~np.isnan(columns[name])
                yield (name, since), np.asarray((some != recent) & known)


def _family(stem: str, names: Mapping[str, Any]) -> list[tuple[float, str]]:
    """Windows of a stem in days, the shortest first; the whole past is endless."""
    found = [
        (float(match[2]), name)
        for name in names
        if (match := _WINDOW.fullmatch(name)) and match[1] == stem
    ]
    whole = [(inf, f"{stem}_all")] if f"{stem}_all" in names else []
    return sorted(found) + whole


def _trend_of(name: str) -> str:
    """`spend_28d` for `spend_trend_28d`, else nothing."""
    stem, found, window = name.partition("_trend_")
    return f"{stem}_{window}" if found else ""


def _is_number(value: Value) -> TypeGuard[float]:
    return isinstance(value, int | float | np.number)
