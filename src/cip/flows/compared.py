"""A customer's reasons against the customers they resemble, beside those against everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cip.access.roles import require
from cip.flows.live import Live, values_of
from cip.flows.results import Customer, Results
from cip.models.encode_parts import Value
from cip.models.explain import OTHERS, sentence, while_new
from cip.types import FeatureInfo, Principal, Reason


@dataclass(frozen=True)
class Compared:
    """Reasons from the mean risk of the segment, `start`, to the customer's.

    The segment's mean points of a fact are taken from the customer's; `rest` is what all facts
    without a sentence bring, so that points and rest add up to the customer's risk less `start`.
    Each sentence says what is typical of all and of the segment.
    """

    segment_name: str
    start: float
    reasons: tuple[Reason, ...]
    rest: float


def against_segment(
    results: Results, customer: Customer, live: Live | None, *, actor: Principal
) -> Compared | None:
    """The customer against their segment; None where the run kept nothing to compare with.

    `live` says which feature a fact's sentence speaks of; without it sentences stay as they are.
    """
    require(actor, "read")
    theirs = _segment(results.summary, customer.segment)
    if theirs is None or customer.segment_name is None or not customer.reasons:
        return None
    usual = {fact["fact"]: float(fact["points"]) for fact in theirs["facts"]}
    said = _sentences(results, customer, live, actor=actor)
    named = [
        Reason(r.fact, said.get(r.fact, r.sentence), r.points - usual.get(r.fact, 0.0), r.features)
        for r in customer.reasons
        if r.fact != OTHERS
    ]
    named.sort(key=lambda reason: -abs(reason.points))
    start = float(theirs["p_churn"])
    rest = customer.p_churn - start - sum(reason.points for reason in named)
    return Compared(customer.segment_name, start, tuple(named), rest)


def _segment(summary: Mapping[str, Any], number: int | None) -> Mapping[str, Any] | None:
    listed: Sequence[Mapping[str, Any]] = (summary.get("insights") or {}).get("segments", ())
    return next((one for one in listed if one["segment"] == number), None)


def _sentences(
    results: Results, customer: Customer, live: Live | None, *, actor: Principal
) -> dict[str, str]:
    """By fact, with both typical values in it."""
    values = None if live is None else values_of(live, customer.customer_id, actor=actor)
    typical = results.tables.columns("segment_typical")
    if live is None or values is None or not typical:
        return {}
    at = int(np.flatnonzero(np.asarray(typical["segment"]) == customer.segment)[0])
    usual = results.tables.typical("features")
    theirs = {name: _plain(column[at]) for name, column in typical.items()}
    leads = _leads(live, values)
    return {
        fact: sentence(
            while_new(info, values),
            values[info.name],
            usual.get(info.name),
            theirs.get(info.name),
        )
        for fact, info in leads.items()
    }


def _leads(live: Live, values: Mapping[str, Value]) -> dict[str, FeatureInfo]:
    """The feature of each fact that moves this customer's risk most."""
    _, shap = live.model.contributions_one(values)
    leads: dict[str, FeatureInfo] = {}
    for at in np.argsort(-np.abs(shap), kind="stable"):
        leads.setdefault(live.infos[at].fact, live.infos[at])
    return leads


def _plain(value: Any) -> Value:
    if value is None or np.ma.is_masked(value):
        return None
    return value if isinstance(value, str) else float(value)
