"""Look at the customers at every cutoff of the run: features, what followed, purchase histories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cip import columns as c
from cip.contract.calendar import make_calendar
from cip.contract.config import Config
from cip.engine.aggregates import RfmArrays, rfm
from cip.engine.connect import connect
from cip.engine.customers import customer_texts
from cip.engine.rows import Span, span
from cip.engine.snapshot import feature_frame, labelled_frame
from cip.errors import ContractError
from cip.flows.ingest import Loaded
from cip.flows.job import Job
from cip.stores.lake import Lake, LakeSnapshot
from cip.types import Calendar, FeatureFrame, FeatureInfo, LabelledFrame, ObjectArray


@dataclass(frozen=True)
class Looked:
    """Everything that the models read.

    `names` and `attributes` belong to the customers of `score`, in its order; `rfm_test` and
    `rfm_score` hold everybody who bought before the test cutoff and before the scoring cutoff.
    """

    first: datetime
    calendar: Calendar
    rows: dict[str, int]
    train: LabelledFrame
    validation: LabelledFrame
    test: LabelledFrame
    score: FeatureFrame
    infos: tuple[FeatureInfo, ...]
    names: ObjectArray
    attributes: Mapping[str, NDArray[Any]]
    rfm_test: RfmArrays
    rfm_score: RfmArrays


def look(job: Job, loaded: Loaded) -> Looked:
    """All of it, from the lake at exactly the versions that the load left."""
    config, lake = job.config, Lake(job.workspace.lake).pinned(loaded.versions)
    con = connect(config.run.threads)
    try:
        bounds = _bounds(con, lake)
        calendar = make_calendar(_midnight(bounds.first), bounds.end, config.snapshot)
        with job.steps.step("look", "looking at customers at every cutoff") as step:
            looked = _look(con, lake, bounds.first, calendar, config)
            step.rows = sum(lake.rows(table) for table in lake.versions if lake.has(table))
            step.said = f"{len(looked.infos)} features at {len(calendar.labelled) + 1} cutoffs"
        return looked
    finally:
        con.disconnect()


def _look(
    con: Any, lake: LakeSnapshot, first: datetime, calendar: Calendar, config: Config
) -> Looked:
    attributes = config.attributes if lake.has("customers") else ()
    options: dict[str, Any] = {
        "active_days": calendar.active_days,
        "rows_per_pass": config.run.rows_per_pass,
        "attributes": attributes,
    }
    known, infos = labelled_frame(
        con,
        lake,
        calendar.labelled,
        horizon_days=calendar.horizon_days,
        data_end=calendar.score,
        **options,
    )
    score, _ = feature_frame(con, lake, [calendar.score], **options)
    parts = {
        "train": _at(known, calendar.train),
        "validation": _at(known, [calendar.validation]),
        "test": _at(known, [calendar.test]),
    }
    for name, part in parts.items():
        _check_somebody(name, len(part), calendar)
    _check_somebody("score", len(score), calendar)
    horizon = calendar.horizon_days
    return Looked(
        first=first,
        calendar=calendar,
        rows={table: lake.rows(table) for table in lake.versions if lake.has(table)},
        **parts,
        score=score,
        infos=in_currency(infos, config.workspace.currency),
        names=_names(con, lake, score.customer_id),
        attributes={name: score.columns[name] for name in attributes},
        rfm_test=rfm(
            con,
            lake,
            calendar.test,
            window_days=horizon,
            rows_per_pass=config.run.rows_per_pass,
            horizon=(horizon, calendar.score),
        ),
        rfm_score=rfm(
            con,
            lake,
            calendar.score,
            window_days=horizon,
            rows_per_pass=config.run.rows_per_pass,
        ),
    )


def in_currency(infos: Sequence[FeatureInfo], currency: str) -> tuple[FeatureInfo, ...]:
    """The catalogue's words with the workspace's currency in them."""
    return tuple(
        replace(
            info,
            phrase=info.phrase.replace("{currency}", currency),
            unit=info.unit.replace("{currency}", currency),
        )
        for info in infos
    )


def _at(frame: LabelledFrame, cutoffs: Sequence[datetime]) -> LabelledFrame:
    wanted = np.array([cutoff.replace(tzinfo=None) for cutoff in cutoffs], dtype="datetime64[us]")
    return frame.take(np.isin(frame.features.cutoff, wanted))


def _names(con: Any, lake: LakeSnapshot, customer_id: ObjectArray) -> ObjectArray:
    """(n,): what each customer is called, None where the data do not say."""
    texts = customer_texts(con, lake, [c.NAME])
    nothing: ObjectArray = np.empty(0, dtype=np.object_)
    pairs = zip(texts.get(c.CUSTOMER_ID, nothing), texts.get(c.NAME, nothing), strict=False)
    known = dict(pairs)
    return np.array([known.get(who) for who in customer_id], dtype=np.object_)


def _bounds(con: Any, lake: LakeSnapshot) -> Span:
    """From the first to the last row of everything with a time."""
    tables = [table for table in ("transactions", "interactions") if lake.has(table)]
    spans = [span(con, lake.files(table), c.OCCURRED_AT) for table in tables]
    return Span(min(s.first for s in spans), max(s.last for s in spans))


def _midnight(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)


def _check_somebody(part: str, customers: int, calendar: Calendar) -> None:
    if customers == 0:
        raise ContractError(
            "C-210",
            f"nobody bought in the {calendar.active_days} days before the cutoffs of {part}.",
            "set a longer active_days in [snapshot], or load the missing months",
        )
