"""From scores to a list: bands, priority segments, what is at stake, reasons, and the ranking."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import numpy as np
import pyarrow as pa
from scipy.special import expit

from cip import columns as c
from cip.contract.config import Config
from cip.decisions.expected_loss import expected_value_loss
from cip.decisions.priority import (
    ACTIONS,
    OF_SUBSCRIBERS,
    Bands,
    PriorityRule,
    PrioritySegment,
    churn_bands,
    priority_segment_of,
    priority_table,
    rank_by_loss,
    value_bands,
)
from cip.flows.churn import Churn
from cip.flows.insights import Explained, Insights, look_into, segment_numbers
from cip.flows.look import Looked
from cip.flows.segment import Segments, segment_customers
from cip.flows.value import Value
from cip.models.explain import (
    OTHERS,
    Importance,
    all_reasons,
    global_importance,
    typical_values,
    without_typical,
)
from cip.stores.customers import INTERVAL_COLUMNS, RESULT_COLUMNS
from cip.types import FeatureFrame, FeatureInfo, FloatArray, Reason

_A = TypeVar("_A")

NOT_PROMOTED: Final = Reason(
    "base rate", "No model was shown to know more than the base rate, which everybody gets", 0.0
)


@dataclass(frozen=True)
class Decided:
    """The published list in order of rank, and its sums.

    `segments`: whom customers resemble, or a sentence that says why there are none.
    `base_p`: the probability that reasons start from; `importance`: facts, the weightiest first;
    `insights`: None where no model serves.
    """

    customers: pa.Table
    priorities: tuple[PrioritySegment, ...]
    segments: Segments | str
    p_churn: FloatArray
    loss: FloatArray
    base_p: float
    importance: tuple[Importance, ...]
    insights: Insights | None = None


def decide(looked: Looked, churn: Churn, value: Value, config: Config) -> Decided:
    """Whom to turn to first, why, and what is at stake with each."""
    p = churn.champion.predict(looked.score)
    loss = expected_value_loss(p, value.clv_if_retained)
    actions = ACTIONS if looked.subscribers is None else OF_SUBSCRIBERS
    rule = PriorityRule(Bands(config.value.bands), Bands(config.churn.bands), actions)
    base, contributions = churn.champion.contributions(looked.score)
    infos = [info for info in looked.infos if info.name in churn.champion.features]
    why = _reasons(looked.score, churn, infos, base, contributions)
    rank = rank_by_loss(loss, looked.score.customer_id)
    segments = segment_customers(
        looked.score, looked.infos, config, p_churn=p, clv=value.clv, loss=loss
    )
    columns: dict[str, Any] = {
        c.RANK: rank,
        c.CUSTOMER_ID: looked.score.customer_id,
        c.NAME: looked.names,
        c.P_CHURN: p,
        **interval_columns(churn.champion.interval(looked.score)),
        c.CHURN_BAND: churn_bands(p, rule),
        c.CLV: value.known(value.clv),
        c.CLV_IF_RETAINED: value.known(value.clv_if_retained),
        c.EXPECTED_VALUE_LOSS: value.known(loss),
        c.CLV_BAND: value_bands(value.clv, rule),
        c.PRIORITY_SEGMENT: priority_segment_of(value.clv, p, rule),
        **segment_columns(segments, len(p)),
        c.P_ALIVE: value.p_alive,
        "last_purchase_days": looked.score.columns[looked.recency],
        "purchase_days": value.purchase_days,
        "main_reason": [main_reason(listed).sentence for listed in why],
        "reasons": [as_json(listed) for listed in why],
        **beside_results(looked.attributes),
    }
    order = np.argsort(rank)
    importance = global_importance(contributions, infos, seed=config.run.seed) if infos else ()
    return Decided(
        customers=pa.table(columns).take(pa.array(order)),
        priorities=priority_table(value.clv, p, loss, rule),
        segments=segments,
        p_churn=p,
        loss=loss,
        base_p=float(expit(base)),
        importance=importance,
        insights=look_into(
            churn.champion,
            infos,
            Explained(looked.score, p, base, contributions),
            importance,
            segment=segment_numbers(segments, len(p)),
            seed=config.run.seed,
        ),
    )


def beside_results(attributes: Mapping[str, _A]) -> dict[str, _A]:
    """The customers' own columns; one that bears the name of a result is called `given_...`."""
    named: dict[str, _A] = {}
    given = {name.lower() for name in attributes}
    for name, values in attributes.items():
        free = name  # capitals do not count: the look-up's tables take such names for one
        while free.lower() in RESULT_COLUMNS or (free != name and free.lower() in given):
            free = f"given_{free}"
        named[free] = values
    return named


def interval_columns(interval: tuple[FloatArray, FloatArray] | None) -> dict[str, FloatArray]:
    """Both ends of each customer's p_churn, where the calibration gives them."""
    return {} if interval is None else dict(zip(INTERVAL_COLUMNS, interval, strict=True))


def segment_columns(segments: Segments | str, customers: int) -> dict[str, pa.Array]:
    """Number and name of each customer's segment; empty where there are none."""
    if isinstance(segments, str):
        return {
            "segment": pa.nulls(customers, pa.int64()),
            "segment_name": pa.nulls(customers, pa.string()),
        }
    names = [persona.name for persona in segments.personas]
    return {
        "segment": pa.array(segments.segment, pa.int64()),
        "segment_name": pa.array([names[number] for number in segments.segment], pa.string()),
    }


def _reasons(
    frame: FeatureFrame,
    churn: Churn,
    infos: Sequence[FeatureInfo],
    base: float,
    contributions: FloatArray,
) -> list[list[Reason]]:
    """Each customer's reasons, the largest first."""
    if not infos:
        return [[NOT_PROMOTED]] * len(frame)
    typical = typical_values(frame, infos)
    margin = churn.champion.margin(frame)
    columns = {info.name: frame.columns[info.name] for info in infos}
    return all_reasons(infos, columns, typical, contributions, base=base, margin=margin)


def main_reason(listed: Sequence[Reason]) -> Reason:
    """The largest fact that pulls the way the customer differs: up for a high risk, else down.

    Alone it does not say "(as is typical)": that would read as no reason.
    """
    upwards = sum(reason.points for reason in listed) >= 0
    pulling = (r for r in listed if (r.points > 0) == upwards and r.fact != OTHERS)
    largest = next(pulling, listed[0])
    return replace(largest, sentence=without_typical(largest.sentence))


def as_json(listed: Sequence[Reason]) -> str:
    """The reasons as they are published; that a value is not known is said where it is not."""
    return json.dumps(
        [
            {"fact": r.fact, "sentence": r.sentence, "points": r.points}
            | ({} if r.is_known else {"is_known": False})
            for r in listed
        ],
        ensure_ascii=False,
    )
