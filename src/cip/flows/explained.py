"""The sample of customers that a run kept with every value and its points, for the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cip.access.roles import require
from cip.flows.insights import POINTS, VALUE
from cip.flows.results import Results
from cip.types import FloatArray, Principal


@dataclass(frozen=True)
class Sample:
    """s customers: `values` by feature, floats with NaN or text with None; `points` by feature.

    Points are of probability: 0.01 is one point.
    """

    values: Mapping[str, NDArray[Any]]
    points: Mapping[str, FloatArray]

    def __len__(self) -> int:
        return len(next(iter(self.points.values()))) if self.points else 0


@dataclass(frozen=True)
class FactPicture:
    """One fact over the sample: its points, and how high its most telling feature is, 0 to 1.

    `level` is the share of the sample below the value, NaN for text and where it is not known.
    """

    fact: str
    lead: str
    points: FloatArray
    level: FloatArray


def read_sample(results: Results, *, actor: Principal) -> Sample | None:
    """The sample, or None where the run kept none."""
    require(actor, "read")
    table = results.tables.columns("explained")
    if not table:
        return None
    values = {n.removeprefix(VALUE): _array(v) for n, v in table.items() if n.startswith(VALUE)}
    points = {n.removeprefix(POINTS): _array(v) for n, v in table.items() if n.startswith(POINTS)}
    return Sample(values, points)


def facts_of(sample: Sample, summary: Mapping[str, Any], most: int) -> list[FactPicture]:
    """The facts that move the risk most, the weightiest first."""
    members = _members(sample, summary["churn"]["features"])
    order = [row["fact"] for row in summary["churn"]["importance"] if row["fact"] in members]
    return [_picture(fact, members[fact], sample) for fact in order[:most]]


def _members(sample: Sample, infos: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {}
    for info in infos:
        if info["name"] in sample.points:
            members.setdefault(info["fact"], []).append(info["name"])
    return members


def _picture(fact: str, names: Sequence[str], sample: Sample) -> FactPicture:
    lead = max(names, key=lambda name: float(np.abs(sample.points[name]).mean()))
    points: FloatArray = np.sum([sample.points[name] for name in names], axis=0)
    return FactPicture(fact, lead, points, level_of(sample.values[lead]))


def level_of(values: NDArray[Any]) -> FloatArray:
    """(s,) the share of the known values below each, 0 to 1; NaN for text and the unknown."""
    if values.dtype.kind == "O":
        return np.full(len(values), np.nan)
    known = np.sort(values[~np.isnan(values)])
    low, high = (np.searchsorted(known, values, side=side) for side in ("left", "right"))
    share = (low + high) / (2.0 * max(len(known), 1))
    return np.where(np.isnan(values), np.nan, share)


def _array(column: NDArray[Any]) -> NDArray[Any]:
    if column.dtype.kind in "fiub":
        return np.ma.filled(np.ma.asarray(column, dtype=np.float64), np.nan)
    return np.array(np.ma.asarray(column).tolist(), dtype=np.object_)
