"""From scores to a list where the table has no time: who has left is on it, and comes last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import expit

from cip import columns as c
from cip.contract.config import Config
from cip.decisions.expected_loss import expected_value_loss
from cip.decisions.priority import (
    Bands,
    PriorityRule,
    PrioritySegment,
    churn_bands,
    priority_segment_of,
    priority_table,
    value_bands,
)
from cip.flows.decide import (
    NOT_PROMOTED,
    Decided,
    as_json,
    beside_results,
    interval_columns,
    main_reason,
    segment_columns,
)
from cip.flows.insights import Explained, look_into, segment_numbers
from cip.flows.plain_churn import PlainChurn, Scored
from cip.flows.plain_look import PlainLooked
from cip.flows.segment import Segments, segment_customers
from cip.flows.value import Value
from cip.models.explain import OTHERS, all_reasons, global_importance, typical_values
from cip.stores.customers import HAS_LEFT
from cip.types import FeatureInfo, FloatArray, IntArray, Reason

LEFT: Final = "Left already"
"""Band and priority segment of customers who have left by the label."""

_ACTIONS: Final[Mapping[str, str]] = {
    "High": "Call or write first, and hear what is wrong; without a value, spend no discount yet.",
    "Medium": "Remind them of what they use and what they have not tried yet.",
    "Low": "Nothing to do.",
}
_NO_MONEY: Final = float("nan")


def decide_plain(
    looked: PlainLooked, churn: PlainChurn, value: Value | str, config: Config
) -> Decided:
    """Whom to turn to first among those still here, why, and what is at stake with each.

    Nothing is at stake with who has left; without a value the riskiest come first.
    """
    here, p = looked.is_here, churn.scored.p
    rule = PriorityRule(Bands(config.value.bands), Bands(config.churn.bands))
    champion = churn.made.champion
    infos = [info for info in looked.infos if info.name in champion.features]
    base_p = float(expit(champion.contributions(looked.score.take(np.arange(1)))[0]))
    why = _reasons(looked, churn.scored, infos, base_p)
    loss = _loss(value, p, looked)
    segments, columns = _segments(looked, value, p, loss, config)
    rank = _ranked(looked, p if isinstance(value, str) else loss)
    scored = churn.scored
    importance = (
        global_importance(scored.contributions, infos, seed=config.run.seed) if infos else ()
    )
    table = pa.table(
        {
            c.RANK: rank,
            c.CUSTOMER_ID: looked.score.customer_id,
            c.NAME: pa.array(looked.names, pa.string()),
            c.P_CHURN: p,
            **_interval(churn.scored),
            c.CHURN_BAND: np.where(here, churn_bands(p, rule), LEFT),
            **_money(value, p, loss, looked, rule),
            **columns,
            c.P_ALIVE: pa.nulls(len(p), pa.float64()),
            "last_purchase_days": pa.nulls(len(p), pa.float64()),
            "purchase_days": pa.nulls(len(p), pa.float64()),
            HAS_LEFT: looked.has_left,
            "main_reason": [main_reason(listed).sentence for listed in why],
            "reasons": [as_json(listed) for listed in why],
            **beside_results(looked.attributes),
        }
    )
    return Decided(
        customers=table.take(pa.array(np.argsort(rank))),
        priorities=_priorities(value, p[here], loss[here], here, rule),
        segments=segments,
        p_churn=p,
        loss=loss,
        base_p=base_p,
        importance=importance,
        insights=look_into(
            champion,
            infos,
            Explained(looked.score, p, scored.base, scored.contributions),
            importance,
            segment=segment_numbers(segments, len(p), here),
            seed=config.run.seed,
        ),
    )


def _interval(scored: Scored) -> dict[str, FloatArray]:
    has_one = not np.isnan(scored.low).all()
    return interval_columns((scored.low, scored.high) if has_one else None)


def _loss(value: Value | str, p: FloatArray, looked: PlainLooked) -> FloatArray:
    if isinstance(value, str):
        return np.full(len(p), _NO_MONEY)
    return np.where(looked.is_here, expected_value_loss(p, value.clv_if_retained), 0.0)


def _ranked(looked: PlainLooked, key: FloatArray) -> IntArray:
    """(m,): 1 the greatest key among those still here; who has left comes after them all."""
    order = np.lexsort((looked.score.customer_id.astype(str), -key, looked.has_left))
    rank = np.empty(len(key), dtype=np.int64)
    rank[order] = np.arange(1, len(key) + 1)
    return rank


def _money(
    value: Value | str, p: FloatArray, loss: FloatArray, looked: PlainLooked, rule: PriorityRule
) -> dict[str, Any]:
    here = looked.is_here
    if isinstance(value, str):
        names = np.array([f"{band} churn" for band in churn_bands(p, rule)], dtype=object)
        nothing = pa.nulls(len(p), pa.float64())
        return {
            c.CLV: nothing,
            c.CLV_IF_RETAINED: nothing,
            c.EXPECTED_VALUE_LOSS: nothing,
            c.CLV_BAND: pa.nulls(len(p), pa.string()),
            c.PRIORITY_SEGMENT: np.where(here, names, LEFT),
        }
    return {
        c.CLV: value.clv,
        c.CLV_IF_RETAINED: value.clv_if_retained,
        c.EXPECTED_VALUE_LOSS: loss,
        c.CLV_BAND: np.where(here, value_bands(value.clv, rule), LEFT),
        c.PRIORITY_SEGMENT: np.where(here, priority_segment_of(value.clv, p, rule), LEFT),
    }


def _priorities(
    value: Value | str, p: FloatArray, loss: FloatArray, here: NDArray[np.bool_], rule: PriorityRule
) -> tuple[PrioritySegment, ...]:
    """The cells of those still here; without a value one a churn band, with `value_band` empty."""
    if not isinstance(value, str):
        return priority_table(value.clv[here], p, loss, rule)
    bands = churn_bands(p, rule)
    return tuple(_band(band, p[bands == band]) for band in reversed(rule.churn.names))


def _band(name: str, p: FloatArray) -> PrioritySegment:
    return PrioritySegment(
        name=f"{name} churn",
        value_band="",
        churn_band=name,
        action=_ACTIONS[name],
        customers=len(p),
        mean_p_churn=float(p.mean()) if len(p) else np.nan,
        clv=_NO_MONEY,
        expected_value_loss=_NO_MONEY,
    )


def _segments(
    looked: PlainLooked, value: Value | str, p: FloatArray, loss: FloatArray, config: Config
) -> tuple[Segments | str, dict[str, Any]]:
    """Segments of those still here, and the columns of everybody: who left, where they would be."""
    here = looked.is_here
    nothing = np.zeros(int(here.sum()))
    made = segment_customers(
        looked.score.take(here),
        [info for info in looked.infos if not _is_yes_or_no(looked, info)],
        config,
        p_churn=p[here],
        clv=nothing if isinstance(value, str) else value.clv[here],
        loss=nothing if isinstance(value, str) else loss[here],
    )
    if isinstance(made, str):
        return made, segment_columns(made, len(p))
    everybody = replace(made, segment=made.segmentation.assign(looked.score))
    return made, segment_columns(everybody, len(p))


def _is_yes_or_no(looked: PlainLooked, info: FeatureInfo) -> bool:
    """A 0 or 1 is no measure on which customers are near or far."""
    values = looked.score.columns[info.name]
    return info.kind == "number" and set(np.unique(values[~np.isnan(values)])) <= {0.0, 1.0}


def _reasons(
    looked: PlainLooked, scored: Scored, infos: Sequence[FeatureInfo], base_p: float
) -> list[list[Reason]]:
    """Each customer's reasons, the largest first; they add up to p_churn - `base_p`."""
    frame = looked.score
    if not infos:
        return [[NOT_PROMOTED]] * len(frame)
    typical = typical_values(frame, infos)
    columns = {info.name: frame.columns[info.name] for info in infos}
    listed = all_reasons(
        infos, columns, typical, scored.contributions, base=scored.base, margin=scored.margin
    )
    apart = (expit(scored.base) - base_p).tolist()
    return [_from_one_base(own, between) for own, between in zip(listed, apart, strict=True)]


def _from_one_base(listed: list[Reason], apart: float) -> list[Reason]:
    """The models of the folds begin at rates of their own: the rest takes what lies between."""
    rest = next((reason for reason in listed if reason.fact == OTHERS), None)
    if rest is None:
        return [*listed, Reason(OTHERS, "All other facts together", apart)]
    return [replace(r, points=r.points + apart) if r is rest else r for r in listed]
