"""One customer before the model that serves: what it would say if some facts were otherwise.

Computed from the published run alone, by its frozen encoder and its native model file, after the
manifest was verified.  Nothing is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import isnan
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cip.access.roles import require
from cip.flows.changeable import bounds_of
from cip.flows.export_models import read_churn_model
from cip.flows.results import Results
from cip.models.churn.model import ChurnModel
from cip.models.counterfactual import TOGETHER, Nearest, choices, each_alone, lowest, nearest
from cip.models.encode_parts import Value
from cip.models.ties import contradictions, follow, made_of_others, possible
from cip.models.whatif import WhatIf, what_if
from cip.types import BoolArray, FeatureFrame, FeatureInfo, FloatArray, Principal

Answer: TypeAlias = WhatIf
"""A customer as it is and as it might be."""

NO_CAUSE: Final = (
    "A model is not a cause: it has seen which customers left, not what keeps one. Whether a "
    "change that you make has this effect, only a test with a control group can say."
)
_ENDS: Final = (0.01, 0.99)


@dataclass(frozen=True)
class Live:
    """The model that serves, and what it reads; open it once a run, it is safe for many threads."""

    model: ChurnModel
    infos: tuple[FeatureInfo, ...]
    results: Results


@dataclass(frozen=True)
class Lever:
    """A feature that may be moved: `low` to `high` is where 98 % of the customers are.

    `levels`: what a category may be.  `is_whole`: every customer has a whole number.
    """

    info: FeatureInfo
    now: Value
    low: float
    high: float
    levels: tuple[str, ...] = ()
    is_whole: bool = False


@dataclass(frozen=True)
class Found:
    """The nearest change that brings the risk below `below`, with what the model says then.

    Where no change within the bounds `reaches` it, the one that leads lowest; `what_if` is None
    where none lowers the risk at all.  `alone`: the best change of every single fact that lowers
    it, the least risk first.  `tried`: the features looked at, `not_tried`: those that
    the model does not read, that are not known of this customer, or that are at their bound.
    """

    below: float
    reaches: bool
    what_if: WhatIf | None
    changes: Mapping[str, Value]
    tried: tuple[str, ...]
    not_tried: tuple[str, ...]
    alone: tuple[Nearest, ...] = ()


def open_live(results: Results, *, actor: Principal) -> Live | str:
    """The model of the run, or why nothing can be asked of it."""
    require(actor, "read")
    if "features" not in results.tables.names or not (results.tables.folder / "model").is_dir():
        return (
            "This run did not keep its model and its customers' features. Run again to have them."
        )
    model = read_churn_model(results.tables.folder)
    known = {info["name"]: _info(info) for info in results.summary["churn"]["features"]}
    if not model.features:
        return "The model that serves gives everybody the base rate: nothing moves it."
    return Live(model, tuple(known[name] for name in model.features), results)


def values_of(live: Live, customer_id: str, *, actor: Principal) -> dict[str, Value] | None:
    """Every feature of the customer that the model reads; None for somebody who was not scored."""
    require(actor, "read")
    rows = live.results.tables.rows("features", customer_id)
    if not rows:
        return None
    return {info.name: _value(rows[0].get(info.name), info) for info in live.infos}


def try_changes(live: Live, values: Mapping[str, Value], changes: Mapping[str, Value]) -> WhatIf:
    """What the model says with the changes and with what follows from them by definition."""
    return what_if(live.model, live.infos, values, changes)


def movable(live: Live, values: Mapping[str, Value]) -> tuple[FeatureInfo, ...]:
    """The features that may be moved by themselves, the most telling of this customer first.

    Not the trends and ratios that are made of others: they follow.
    """
    made = made_of_others(list(values))
    _, shap = live.model.contributions_one(values)
    order = np.argsort(-np.abs(shap), kind="stable")
    return tuple(live.infos[at] for at in order if live.infos[at].name not in made)


def lever(live: Live, info: FeatureInfo, now: Value) -> Lever:
    """How far the feature may be moved from `now`."""
    seen = column(live, info.name)
    if info.kind == "category":
        return Lever(info, now, 0.0, 0.0, tuple(sorted({v for v in seen if v is not None})))
    known = seen[~np.isnan(seen)]
    low, high = np.quantile(known, _ENDS) if len(known) else (0.0, 0.0)
    is_whole = bool(np.all(known == np.round(known)))
    ends = [low, high] + ([] if _unknown(now) else [float(now or 0.0)])
    return Lever(info, now, float(min(ends)), float(max(ends)), is_whole=is_whole)


def declared(live: Live) -> tuple[str, ...]:
    """The features that `cip.toml` said the business can change, as this run was told."""
    return tuple((live.results.summary["config"]["churn"].get("changeable") or {}).keys())


def nearest_change(live: Live, values: Mapping[str, Value], below: float) -> Found:
    """The smallest change inside the declared bounds that brings the risk below `below`."""
    rules = live.results.summary["config"]["churn"].get("changeable") or {}
    bounds = {n: b for n, b in bounds_of(rules).items() if n in values}
    seen = {name: column(live, name) for name in bounds}
    alone = {n: choices(seen[n], values[n], b) for n, b in bounds.items()}
    pairs = {n: choices(seen[n], values[n], b, most=TOGETHER) for n, b in bounds.items()}
    tried = {n: c for n, c in alone.items() if len(c.values)}
    judge, together = _judge(live, values), {name: pairs[name] for name in tried}
    found = nearest(judge, tried, together, below=below)
    reaches, now = found is not None, float(live.model.predict(_rows(values, 1))[0])
    if found is None:
        found = lowest(judge, together, below=now)
    return Found(
        below=below,
        reaches=reaches,
        what_if=None if found is None else try_changes(live, values, found.changes),
        changes={} if found is None else found.changes,
        tried=tuple(tried),
        not_tried=tuple(name for name in rules if name not in tried),
        alone=each_alone(judge, tried, below=below, now=now),
    )


def column(live: Live, name: str) -> NDArray[Any]:
    """(n,) of all scored customers: floats with NaN, or text with None."""
    found = live.results.tables.columns("features", name)[name]
    if found.dtype.kind in "fiub":
        return np.ma.filled(np.ma.asarray(found, dtype=np.float64), np.nan)
    return np.array(np.ma.asarray(found).tolist(), dtype=np.object_)


def _judge(live: Live, values: Mapping[str, Value]) -> Any:
    """Of n ways to change some features: the risk of each, and whether a customer can be so."""
    known = set(contradictions(values))

    def judge(columns: Mapping[str, NDArray[Any]]) -> tuple[FloatArray, BoolArray]:
        rows = len(next(iter(columns.values())))
        frame = _rows(values, rows, follow(values, columns))
        is_possible = np.ones(rows, dtype=np.bool_) if known else possible(frame.columns)
        return live.model.predict(frame), is_possible

    return judge


def _rows(
    values: Mapping[str, Value], rows: int, after: Mapping[str, NDArray[Any]] | None = None
) -> FeatureFrame:
    """The customer `rows` times, with the columns of `after` in place of its own."""
    moved = after or {}
    whole = {n: moved[n] if n in moved else _filled(v, rows) for n, v in values.items()}
    nobody = np.full(rows, "", dtype=np.object_)
    return FeatureFrame(nobody, np.zeros(rows, dtype="datetime64[us]"), whole)


def _filled(value: Value, rows: int) -> NDArray[Any]:
    is_text = isinstance(value, str) or value is None
    return np.full(rows, value, dtype=np.object_ if is_text else np.float64)


def _unknown(value: Value) -> bool:
    return value is None or (isinstance(value, float) and isnan(value))


def _value(value: Any, info: FeatureInfo) -> Value:
    if info.kind == "category":
        return None if value is None else str(value)
    return float("nan") if value is None else float(value)


def _info(said: Mapping[str, Any]) -> FeatureInfo:
    names = [field.name for field in fields(FeatureInfo)]
    return FeatureInfo(**{name: said[name] for name in names if name in said})
