"""Features that know the future: found before any model learns, and kept out of all of them.

Features of the catalogue are right in time by construction, so only attributes of customers are
tested; the others serve to compare with.  `[churn] allow` puts a suspect back: it is still shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from cip import columns as c
from cip.contract.config import Config
from cip.contract.tables import TableName
from cip.engine.changes import Changes, changed_attributes
from cip.errors import NotReadyError
from cip.flows.job import Job
from cip.flows.look import Looked, OtherLook
from cip.models.leaks.find import Found, find_suspects
from cip.models.leaks.rows import Rows
from cip.models.leaks.suspect import Suspect
from cip.models.resample import customer_folds
from cip.stores.lake import Lake, LakeSnapshot
from cip.types import FeatureFrame, FeatureInfo, IntArray, LabelledFrame, joined
from cip.wording import last_day

FOLDS: Final = 5
_EVENTS: Final[tuple[TableName, ...]] = (
    "transactions",
    "interactions",
    "subscriptions",
    "treatments",
)
_NO_DATE: Final = (
    "The label {label} has no date: what an attribute tells of it is tested, when it was written "
    "cannot be known."
)


@dataclass(frozen=True)
class Leaks:
    """The suspects with the label that each was found under, and what cannot be known.

    `allowed`: names that somebody has put back; `tested`: which features could be suspects.
    """

    suspects: tuple[tuple[str, Suspect], ...]
    allowed: frozenset[str]
    tested: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def names_out(self) -> frozenset[str]:
        """The features that no model sees."""
        return frozenset(s.feature for _, s in self.suspects if s.is_kept_out) - self.allowed

    def said(self) -> str:
        """For the step's line."""
        if self.names_out:
            return f"kept out: {', '.join(sorted(self.names_out))}"
        return f"nothing kept out of {len(self.tested)} attributes"

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "tested": list(self.tested),
            "kept_out": sorted(self.names_out),
            "allowed": sorted(self.allowed),
            "suspects": [
                {"label": label, "state": self._state(suspect), **suspect.as_dict()}
                for label, suspect in self.suspects
            ],
            "notes": list(self.notes),
        }

    def _state(self, suspect: Suspect) -> str:
        if not suspect.is_kept_out:
            return "a fact"
        return "allowed" if suspect.feature in self.allowed else "kept out"


def together(first: Leaks, *others: Leaks) -> Leaks:
    """What was found under several labels, each suspicion once."""
    suspects = {(s.feature, s.kind): (label, s) for label, s in first.suspects}
    for one in others:
        for label, suspect in one.suspects:
            suspects.setdefault((suspect.feature, suspect.kind), (label, suspect))
    everything = (first, *others)
    return Leaks(
        tuple(sorted(suspects.values(), key=lambda pair: not pair[1].is_kept_out)),
        first.allowed,
        tuple(dict.fromkeys(name for one in everything for name in one.tested)),
        tuple(dict.fromkeys(note for one in everything for note in one.notes)),
    )


def leaks_of(
    frame: LabelledFrame, infos: Sequence[FeatureInfo], config: Config, *, label: str = ""
) -> Leaks:
    """One table without time: every feature is tested, on customers it was not learnt from."""
    found = _find(frame, [info.name for info in infos], config)
    said = label or config.churn.label.column or config.churn.label.kind
    notes = [*[found.reason] * bool(found.reason), _NO_DATE.format(label=said)]
    return _leaks([(said, found)], config, notes)


def keep_out_of(job: Job, con: Any, lake: LakeSnapshot, looked: Looked) -> tuple[Looked, Leaks]:
    """What the models may read, and what was kept from them.

    The customers' attributes stay beside the features, for people to read and to filter by.
    """
    with job.steps.step("leaks", "looking for features that know the future") as step:
        changes = _changes(job, con, lake, looked)
        found = [_main(looked, changes, job.config)]
        found += [_other(other, looked, changes, job.config) for other in looked.others]
        reasons = dict.fromkeys(one.reason for _, one in found if one.reason)
        notes = (*reasons, *_notes(job.config, looked, changes))
        leaks = _leaks(found, job.config, notes)
        step.rows = len(looked.train) + len(looked.validation) + len(looked.test)
        step.said = leaks.said()
    return _kept_from(looked, leaks.names_out), leaks


def _main(looked: Looked, changes: Changes | None, config: Config) -> tuple[str, Found]:
    parts = (looked.train, looked.validation, looked.test)
    return config.churn.label.kind, _forward(parts, looked, changes, config)


def _other(
    other: OtherLook, looked: Looked, changes: Changes | None, config: Config
) -> tuple[str, Found]:
    name = other.rule.column or other.rule.kind
    if len(other.parts) > 1:
        return name, _forward(other.parts, looked, changes, config)
    (frame,) = other.parts
    return name, _find(frame, list(looked.attributes), config, changes=changes)


def _forward(
    parts: Sequence[LabelledFrame], looked: Looked, changes: Changes | None, config: Config
) -> Found:
    """At the first date, the one before the last, and the last, each by itself."""
    train, validation, test = parts
    first = train.take(train.features.cutoff == train.features.cutoff.min())
    asked = (first, validation, test)
    frame = joined(joined(first, validation), test)
    period = np.repeat(np.arange(len(asked)), [len(part) for part in asked])
    calendar = looked.calendar
    dates = (calendar.train[0], calendar.validation, calendar.test)
    return _find(
        frame,
        list(looked.attributes),
        config,
        changes=changes,
        period=period,
        period_names=[last_day(date) for date in dates],
    )


def _find(
    frame: LabelledFrame,
    tested: Collection[str],
    config: Config,
    *,
    changes: Changes | None = None,
    period: IntArray | None = None,
    period_names: Sequence[str] = (),
) -> Found:
    who = frame.features.customer_id
    if not len(frame) or not tested:
        return Found((), tuple(tested))
    rows = Rows(
        frame.features.columns,
        frame.churned,
        who,
        customer_folds(who, FOLDS, seed=config.run.seed),
        period,
    )
    return find_suspects(
        rows,
        tested=tested,
        changed=None if changes is None else changes.of(who),
        period_names=period_names,
        seed=config.run.seed,
        draws=config.run.draws,
    )


def _leaks(found: Sequence[tuple[str, Found]], config: Config, notes: Sequence[str]) -> Leaks:
    allowed = frozenset(config.churn.allow)
    made = [
        Leaks(tuple((label, suspect) for suspect in one.suspects), allowed, one.tested, ())
        for label, one in found
    ]
    return together(*made, Leaks((), allowed, (), tuple(notes)))


def _kept_from(looked: Looked, names: Collection[str]) -> Looked:
    if not names:
        return looked
    return replace(
        looked,
        train=without(looked.train, names),
        validation=without(looked.validation, names),
        test=without(looked.test, names),
        score=drop(looked.score, names),
        infos=rest(looked.infos, names),
        others=tuple(without_from(other, names) for other in looked.others),
    )


def without_from(other: OtherLook, names: Collection[str]) -> OtherLook:
    """The customers under another label, without these features."""
    parts = tuple(without(part, names) for part in other.parts)
    return replace(other, parts=parts, infos=rest(other.infos, names))


def drop(frame: FeatureFrame, names: Collection[str]) -> FeatureFrame:
    """The frame without these columns."""
    columns: Mapping[str, Any] = {n: v for n, v in frame.columns.items() if n not in names}
    return replace(frame, columns=columns)


def without(frame: LabelledFrame, names: Collection[str]) -> LabelledFrame:
    """The labelled rows without these features."""
    return replace(frame, features=drop(frame.features, names))


def rest(infos: Iterable[FeatureInfo], names: Collection[str]) -> tuple[FeatureInfo, ...]:
    """The features that are left."""
    return tuple(info for info in infos if info.name not in names)


def _changes(job: Job, con: Any, lake: LakeSnapshot, looked: Looked) -> Changes | None:
    """The first load of the customers against the one of this run; None where there is but one."""
    now = lake.versions.get("customers")
    if not now or not looked.attributes:
        return None
    try:
        first = Lake(job.workspace.lake).pinned({"customers": 0})
    except NotReadyError:  # an erasure may have taken the first version away
        return None
    if not first.has("customers"):
        return None
    before, after = first.files("customers"), lake.files("customers")
    return changed_attributes(con, before, after, list(looked.attributes))


def _notes(config: Config, looked: Looked, changes: Changes | None) -> list[str]:
    """What cannot be known of these data, a sentence each."""
    notes = []
    if not looked.attributes:
        notes.append(
            "No attribute of the customers is a feature: all features are made of events that were "
            "known before each date."
        )
    elif changes is None:
        notes.append(
            "The customers were loaded once: whether their attributes change cannot be seen before "
            "they are loaded again."
        )
    given = (other.rule.column for other in looked.others if other.rule.kind == "given")
    notes += [_NO_DATE.format(label=column) for column in given]
    late = _without_known_at(config)
    if late:
        notes.append(
            f"known_at is not mapped for {', '.join(late)}: a row of the first load counts as "
            "known when it happened, even where it was booked or mended later."
        )
    return notes


def _without_known_at(config: Config) -> list[str]:
    return [
        name
        for name in _EVENTS
        if any(c.KNOWN_AT not in part.columns for part in config.tables.get(name, ()))
    ]
