"""Look at the customers at every cutoff of the run: features, what followed, purchase histories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip import columns as c
from cip.contract.config import Config, LabelRule
from cip.engine.aggregates import ChurnRate, RfmArrays, rfm, sensitivity
from cip.engine.customers import customer_texts
from cip.engine.daily_parts import Part
from cip.engine.durations import Durations, spell_durations
from cip.engine.snapshot import SeenOnce, labelled_and_score
from cip.engine.subscriptions import RunningSpells, running_spells
from cip.errors import ContractError
from cip.flows.daily import daily_tables
from cip.flows.engines import chosen_engine
from cip.flows.features import UserFeatures, user_features
from cip.flows.ingest import Loaded
from cip.flows.job import Job
from cip.flows.span import calendar_of, span_of
from cip.flows.units import with_units
from cip.stores.lake import Lake, LakeSnapshot
from cip.types import Calendar, FeatureFrame, FeatureInfo, LabelledFrame, ObjectArray

HORIZONS: Final = (14, 28, 60, 90, 120, 180)
PARTS: Final = ("train", "validation", "test")
RECENCY: Final = ("recency_days", "inactive_days", "last_play_days")


@dataclass(frozen=True)
class Purchases:
    """Histories of everybody who ever bought, at the test cutoff and at the scoring cutoff."""

    test: RfmArrays
    score: RfmArrays


@dataclass(frozen=True)
class Subscribers:
    """Running spells and how long spells last, at the same two cutoffs."""

    test: RunningSpells
    score: RunningSpells
    durations_test: Durations
    durations_score: Durations


@dataclass(frozen=True)
class OtherLook:
    """The customers under another label: three parts in time, or one where it has no time."""

    rule: LabelRule
    parts: tuple[LabelledFrame, ...]
    infos: tuple[FeatureInfo, ...]


@dataclass(frozen=True)
class Looked:
    """Everything that the models read.

    `names` and `attributes` belong to the customers of `score`, in its order.  `recency` names
    the feature that says how long ago a customer was last active.  Of `purchases` and
    `subscribers` the one is there that value is computed from.
    """

    first: datetime
    calendar: Calendar
    rows: dict[str, int]
    train: LabelledFrame
    validation: LabelledFrame
    test: LabelledFrame
    score: FeatureFrame
    infos: tuple[FeatureInfo, ...]
    recency: str
    names: ObjectArray
    attributes: Mapping[str, NDArray[Any]]
    purchases: Purchases | None
    subscribers: Subscribers | None
    others: tuple[OtherLook, ...]
    sensitivity: tuple[ChurnRate, ...]
    features: UserFeatures = field(default_factory=UserFeatures)


@contextmanager
def open_lake(job: Job, loaded: Loaded) -> Iterator[tuple[Any, LakeSnapshot]]:
    """The chosen engine, and the lake at exactly the versions that the load left.

    Its days are those of the workspace's time zone.
    """
    zone = job.config.workspace.time_zone
    lake = Lake(job.workspace.lake).pinned(loaded.versions, zone)
    with chosen_engine(job, sum(lake.rows(table) for table in lake.tables)) as con:
        yield con, lake


def look(job: Job, con: Any, lake: LakeSnapshot) -> Looked:
    """All of it."""
    daily = daily_tables(job, con, lake)
    with job.steps.step("look", "looking at customers at every cutoff") as step:
        seen = span_of(con, lake, job.config)
        calendar = calendar_of(seen, job.config)
        features = user_features(job.workspace.root, job.config)
        looked = _look(con, lake, seen.first, calendar, job.config, features=features, daily=daily)
        step.rows = sum(looked.rows.values())
        step.said = f"{len(looked.infos)} features at {len(calendar.labelled) + 1} cutoffs"
    return looked


def _look(
    con: Any,
    lake: LakeSnapshot,
    first: datetime,
    calendar: Calendar,
    config: Config,
    *,
    features: UserFeatures,
    daily: Sequence[Part],
) -> Looked:
    rule = config.churn.label
    options = _options(lake, calendar, config) | {"extra": features.features, "daily": daily}
    seen = _seen_once(con, lake, calendar, config, options)
    infos, score = seen.infos, seen.score
    train, validation, test = _parts(seen.known, calendar)
    by_subscription = lake.has("subscriptions") and (
        rule.kind == "cancellation" or not lake.has("transactions")
    )
    return Looked(
        first=first,
        calendar=calendar,
        rows={table: lake.rows(table) for table in lake.versions if lake.has(table)},
        train=train,
        validation=validation,
        test=test,
        score=score,
        infos=with_units(in_currency(infos, config.workspace.currency), config),
        recency=_recency(rule, infos),
        names=_names(con, lake, score.customer_id),
        attributes={n: score.columns[n] for n in options["attributes"] if n in score.columns},
        purchases=None if by_subscription else _purchases(con, lake, calendar, config),
        subscribers=_subscribers(con, lake, calendar, config) if by_subscription else None,
        others=_others(seen, calendar, config.churn.also),
        features=features,
        sensitivity=sensitivity(
            con,
            lake,
            calendar.test,
            HORIZONS,
            active_days=calendar.active_days,
            data_end=calendar.score,
            rows_per_pass=config.run.rows_per_pass,
            rules=(rule, *config.churn.also),
        ),
    )


def _seen_once(
    con: Any, lake: LakeSnapshot, calendar: Calendar, config: Config, options: dict[str, Any]
) -> SeenOnce:
    """All labels and features; ContractError C-210 where a part has nobody in it."""
    seen = labelled_and_score(
        con,
        lake,
        calendar.labelled,
        calendar.score,
        rule=config.churn.label,
        others=config.churn.also,
        horizon_days=calendar.horizon_days,
        data_end=calendar.score,
        **options,
    )
    for name, part in zip(PARTS, _parts(seen.known, calendar), strict=True):
        _check_somebody(name, len(part), calendar)
    _check_somebody("score", len(seen.score), calendar)
    return seen


def _others(
    seen: SeenOnce, calendar: Calendar, rules: Sequence[LabelRule]
) -> tuple[OtherLook, ...]:
    def other(rule: LabelRule, known: LabelledFrame) -> OtherLook:
        parts = (known,) if rule.kind == "given" else _parts(known, calendar)
        return OtherLook(rule, parts, seen.infos)

    return tuple(map(other, rules, seen.others))


def _options(lake: LakeSnapshot, calendar: Calendar, config: Config) -> dict[str, Any]:
    """What every look shares; the column of a given label is nobody's feature."""
    answers = {rule.column for rule in (config.churn.label, *config.churn.also)}
    attributes = [name for name in config.attributes if name not in answers]
    return {
        "active_days": calendar.active_days,
        "rows_per_pass": config.run.rows_per_pass,
        "attributes": attributes if lake.has("customers") else [],
    }


def _parts(
    known: LabelledFrame, calendar: Calendar
) -> tuple[LabelledFrame, LabelledFrame, LabelledFrame]:
    return (
        _at(known, calendar.train),
        _at(known, [calendar.validation]),
        _at(known, [calendar.test]),
    )


def _recency(rule: LabelRule, infos: Sequence[FeatureInfo]) -> str:
    """The first feature there is that says how long ago."""
    there = {info.name for info in infos}
    wanted = RECENCY if rule.kind == "purchase" else tuple(reversed(RECENCY))
    return next(name for name in wanted if name in there)


def _purchases(
    con: Any, lake: LakeSnapshot, calendar: Calendar, config: Config
) -> Purchases | None:
    if not lake.has("transactions"):
        return None
    horizon, rows = calendar.horizon_days, config.run.rows_per_pass
    return Purchases(
        test=rfm(
            con,
            lake,
            calendar.test,
            window_days=horizon,
            rows_per_pass=rows,
            horizon=(horizon, calendar.score),
        ),
        score=rfm(con, lake, calendar.score, window_days=horizon, rows_per_pass=rows),
    )


def _subscribers(con: Any, lake: LakeSnapshot, calendar: Calendar, config: Config) -> Subscribers:
    rows = config.run.rows_per_pass
    return Subscribers(
        test=running_spells(con, lake, calendar.test, rows_per_pass=rows),
        score=running_spells(con, lake, calendar.score, rows_per_pass=rows),
        durations_test=spell_durations(con, lake, calendar.test),
        durations_score=spell_durations(con, lake, calendar.score),
    )


def in_currency(infos: Sequence[FeatureInfo], currency: str) -> tuple[FeatureInfo, ...]:
    """The catalogue's words with the workspace's currency in them."""
    return tuple(
        replace(
            info,
            phrase=info.phrase.replace("{currency}", currency),
            unit=info.unit.replace("{currency}", currency),
            unknown=info.unknown.replace("{currency}", currency),
        )
        for info in infos
    )


def _at(frame: LabelledFrame, cutoffs: Sequence[datetime]) -> LabelledFrame:
    """Its rows at cutoffs that follow each other, as they do in the frame: nothing is copied."""
    wanted = np.array([cutoff.replace(tzinfo=None) for cutoff in cutoffs], dtype="datetime64[us]")
    first = np.searchsorted(frame.features.cutoff, wanted.min())
    behind = np.searchsorted(frame.features.cutoff, wanted.max(), side="right")
    return frame.take(slice(int(first), int(behind)))


def _names(con: Any, lake: LakeSnapshot, customer_id: ObjectArray) -> ObjectArray:
    """(n,): what each customer is called, None where the data do not say."""
    texts = customer_texts(con, lake, [c.NAME])
    nothing: ObjectArray = np.empty(0, dtype=np.object_)
    pairs = zip(texts.get(c.CUSTOMER_ID, nothing), texts.get(c.NAME, nothing), strict=False)
    known = dict(pairs)
    return np.array([known.get(who) for who in customer_id], dtype=np.object_)


def _check_somebody(part: str, customers: int, calendar: Calendar) -> None:
    if customers == 0:
        raise ContractError(
            "C-210",
            f"nobody was active in the {calendar.active_days} days before the cutoffs of {part}.",
            "set a longer active_days in [snapshot], or load the missing months",
        )
