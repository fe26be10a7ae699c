"""What became of earlier forecasts, once the data reach the end of their horizon.

The label is the one that was sealed with the forecast, by the same definition that training uses,
and the customers are those of the published list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cip import columns as c
from cip.contract.config import LabelRule
from cip.decisions.forecast import forecast_sum
from cip.engine.labels import check_horizon
from cip.engine.snapshot import snapshot_tables
from cip.errors import CipError, ContractError
from cip.flows.job import Job
from cip.flows.sealing import numbers, scores_seal
from cip.settings import Workspace
from cip.stores.customers import LIST
from cip.stores.lake import LakeSnapshot
from cip.stores.ledger import Line, all_lines, as_written
from cip.stores.published import run_folder
from cip.types import Calendar, Estimate


@dataclass(frozen=True)
class Outcome:
    """What became of the forecast of `run_id`: its line's content, or why there is none yet."""

    run_id: str
    said: Mapping[str, Any]
    reason: str = ""


def judge_due(
    job: Job, con: Any, lake: LakeSnapshot, calendar: Calendar, run_id: str
) -> tuple[Outcome, ...]:
    """The outcome of every forecast that has fallen due and has none, oldest first.

    A forecast that cannot be judged, as its list was changed or a table is gone, has a reason and
    is tried again by the next run; it never stops the run.
    """
    due = [line for line in unjudged(all_lines(job.records)) if _is_due(line.said, calendar)]
    if not due:
        return ()
    with job.steps.step("ledger", "comparing earlier forecasts with what happened") as step:
        labels = _Labels(job, con, lake, calendar)
        found = tuple(_judged(job.workspace, line, labels, run_id) for line in due)
        step.rows = sum(outcome.said.get("customers", 0) for outcome in found)
        step.said = f"{sum(not outcome.reason for outcome in found)} of {len(due)} judged"
    return found


def unjudged(lines: Sequence[Line]) -> list[Line]:
    """Forecasts without an outcome; a line that was changed is not believed."""
    judged = {line.run_id for line in lines if line.kind == "outcome"}
    forecasts = [line for line in lines if line.kind == "forecast" and as_written(line)]
    return [line for line in forecasts if line.run_id not in judged]


def sealed_customers(published: Path, line: Line) -> pa.Table:
    """The numbers of a run's published list; ContractError F-311 if they are not those sealed.

    Raises: NotFoundError P-104 where the run's folder is gone.
    """
    columns = [c.CUSTOMER_ID, c.P_CHURN, c.CLV_IF_RETAINED, c.EXPECTED_VALUE_LOSS]
    path = run_folder(published, line.run_id) / f"{LIST}.parquet"
    try:
        customers = pq.read_table(path, columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise _changed(line, f"cannot be read ({str(error).splitlines()[0]})") from error
    if scores_seal(customers) != line.said["scores_sha256"]:
        raise _changed(line, "does not hold the scores that were sealed")
    return customers


def _changed(line: Line, how: str) -> ContractError:
    return ContractError(
        "F-311",
        f"the published list of run {line.run_id} {how}.",
        f"restore published/{line.run_id} from a backup",
    )


def _is_due(said: Mapping[str, Any], calendar: Calendar) -> bool:
    return bool(said["cutoff"]) and due_at(said, calendar.score.tzinfo) <= calendar.score


def cutoff_of(said: Mapping[str, Any], clock: tzinfo | None = None) -> datetime:
    """The cutoff, on this clock: there a day is a day also when clocks are changed."""
    cutoff = datetime.fromisoformat(said["cutoff"])
    return cutoff if clock is None else cutoff.astimezone(clock)


def due_at(said: Mapping[str, Any], clock: tzinfo | None = None) -> datetime:
    """When everything that the forecast speaks of has happened."""
    return cutoff_of(said, clock) + timedelta(days=said["horizon_days"])


@dataclass
class _Labels:
    """Who left, by what a forecast asks; forecasts that ask the same share one look."""

    job: Job
    con: Any
    lake: LakeSnapshot
    calendar: Calendar

    def __post_init__(self) -> None:
        self._known: dict[tuple[Any, ...], pa.Table] = {}

    def of(self, said: Mapping[str, Any]) -> pa.Table:
        """`customer_id` and `churned` of everybody who was eligible."""
        asked = ("cutoff", "horizon_days", "active_days", "label_fingerprint")
        key = tuple(said[name] for name in asked)
        if key not in self._known:
            self._known[key] = self._look(said)
        return self._known[key]

    def _look(self, said: Mapping[str, Any]) -> pa.Table:
        cutoff = cutoff_of(said, self.calendar.score.tzinfo)
        check_horizon([cutoff], said["horizon_days"], self.calendar.score)
        tables = snapshot_tables(
            self.con,
            self.lake,
            [cutoff],
            (),
            active_days=said["active_days"],
            rows_per_pass=self.job.config.run.rows_per_pass,
            rule=LabelRule.model_validate(said["label"]),
            horizon_days=said["horizon_days"],
        )
        return pa.concat_tables(t.select([c.CUSTOMER_ID, c.CHURNED]) for t in tables)


def _judged(workspace: Workspace, line: Line, labels: _Labels, run_id: str) -> Outcome:
    try:
        customers = sealed_customers(workspace.published, line)
        known = labels.of(line.said)
    except CipError as error:
        return Outcome(line.run_id, {}, error.message)
    place = pc.index_in(customers[c.CUSTOMER_ID], value_set=known[c.CUSTOMER_ID])
    there = np.asarray(pc.is_valid(place).to_numpy(), dtype=np.bool_)
    left = np.asarray(known[c.CHURNED].take(place.drop_null()).to_numpy() == 1, dtype=np.float64)
    p, worth = numbers(customers, c.P_CHURN)[there], numbers(customers, c.CLV_IF_RETAINED)[there]
    currency = line.said["loss"]["unit"]
    leavers = forecast_sum(p, np.ones(len(p)), "customers")
    loss = forecast_sum(p, worth, currency)
    lost = float(np.nansum(left * worth))
    return Outcome(
        line.run_id,
        {
            "judged_by": run_id,
            "data_end": labels.calendar.score.isoformat(),
            "customers": len(p),
            "not_found": int((~there).sum()),
            "forecast_leavers": leavers.as_dict(),
            "leavers": int(left.sum()),
            "leavers_inside": _inside(left.sum(), leavers),
            "forecast_loss": loss.as_dict(),
            "loss": None if loss.reason else lost,
            "loss_inside": None if loss.reason else _inside(lost, loss),
        },
    )


def _inside(seen: float, forecast: Estimate) -> bool:
    return bool(forecast.low <= seen <= forecast.high)
