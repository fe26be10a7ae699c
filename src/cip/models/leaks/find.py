"""All that is suspicious about some columns, the gravest first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cip.models.leaks.bounds import Trial
from cip.models.leaks.derived import Derived, derived_columns
from cip.models.leaks.later import changing, drifting
from cip.models.leaks.purity import pure_groups
from cip.models.leaks.rows import FEWEST, Columns, Rows, View, views_of
from cip.models.leaks.strength import near_copy, strongest, too_good
from cip.models.leaks.suspect import TOO_GOOD, TOO_GOOD_APART, Suspect
from cip.types import BoolArray

_QUESTIONS: Final = 10  # asked of each column at each date
_TOO_FEW: Final = (
    "Whether a column knows the future cannot be said: at no date did {fewest} customers leave and "
    "{fewest} stay."
)


@dataclass(frozen=True, slots=True)
class Found:
    """The suspects, which columns were looked at, and why none could be, if so."""

    suspects: tuple[Suspect, ...]
    tested: tuple[str, ...]
    reason: str = ""


def find_suspects(
    rows: Rows,
    *,
    tested: Collection[str] | None = None,
    changed: Mapping[str, BoolArray] | None = None,
    period_names: Sequence[str] = (),
    seed: int,
    draws: int,
) -> Found:
    """Columns that know more than they could before the date.

    `tested`: those that may know the future; the others are known to be right in time and only
    serve to compare with.  None: all.  `changed`: for an attribute, (n,) whether its value for the
    row's customer differs between two loads.  `period_names`: what to call the periods of `rows`.
    By chance alone something is kept out of at most 1 in 100 data sets, however many columns.
    """
    names = tuple(name for name in rows.columns if tested is None or name in tested)
    views = views_of(rows, period_names)
    if not views:
        return Found((), names, _TOO_FEW.format(fewest=FEWEST))
    trial = Trial(_QUESTIONS * len(names) * len(views), seed, draws)
    made = derived_columns(rows.columns, names, views[-1].at, trial)
    columns = Columns(
        replace(rows, columns={**rows.columns, **{_beyond(d): d.beyond for d in made}}), {}
    )
    asked = (*names, *(_beyond(one) for one in made))
    others = [name for name in rows.columns if name not in names]
    told = _answers(columns, asked, others, views, trial)
    suspects = [*_named(told, made), *_changing(changed or {}, names, views[-1], trial)]
    return Found(tuple(sorted(suspects, key=lambda s: not s.is_kept_out)), names)


def _answers(
    columns: Columns,
    asked: Sequence[str],
    others: Sequence[str],
    views: Sequence[View],
    trial: Trial,
) -> dict[str, Suspect]:
    """At most one suspect a column: what gives the answer away outright comes first."""
    bound = TOO_GOOD if others else TOO_GOOD_APART
    strong = strongest(columns, asked, views, bound, trial)
    told = _by_name(pure_groups(columns, name, views, trial) for name in asked)
    told |= _by_name(near_copy(one) for one in strong if one.name not in told)
    leading = [one for one in strong if one.name not in told]
    leaders = {one.name for one in leading}
    rest = [*others, *(n for n in asked if n not in told and n not in leaders)]
    told |= _by_name(too_good(columns, leading, rest, trial))
    return told | _by_name(
        drifting(columns, name, views, trial) for name in asked if name not in told
    )


def _by_name(suspects: Iterable[Suspect | None]) -> dict[str, Suspect]:
    return {suspect.feature: suspect for suspect in suspects if suspect is not None}


def _beyond(derived: Derived) -> str:
    return f"{derived.suspect.feature} beyond {derived.formula}"


def _named(told: Mapping[str, Suspect], made: Sequence[Derived]) -> list[Suspect]:
    """What a derived column says beyond its parts is said of the column."""
    remainders = {_beyond(one): one for one in made}
    listed = [suspect for name, suspect in told.items() if name not in remainders]
    for name, one in remainders.items():
        if name in told:
            away = told[name]
            sentence = f"It is {one.formula} and something more, which tells: {away.sentence}"
            listed.append(
                replace(away, feature=one.suspect.feature, kind="derived", sentence=sentence)
            )
        elif one.suspect.feature not in told:
            listed.append(one.suspect)
    return listed


def _changing(
    changed: Mapping[str, BoolArray], names: Sequence[str], view: View, trial: Trial
) -> list[Suspect]:
    found = (changing(name, changed[name], view, trial) for name in names if name in changed)
    return [suspect for suspect in found if suspect is not None]
