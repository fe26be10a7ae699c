"""Other answers to "who has left?", judged beside the one that is modelled.

A label with a time is judged as the main one is: learnt on earlier cutoffs, measured on the last.
A given column has no time, so its customers are judged under cross-validation, and the run says
what that cannot know: whether the features saw what came after the customer left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from threadpoolctl import threadpool_limits

from cip.contract.config import Config, LabelRule
from cip.flows.churn import Churn
from cip.flows.look import Looked, OtherLook
from cip.models.churn.model import ChurnModel, fit_churn
from cip.models.churn.race import drawn_for_race
from cip.models.evaluate import evaluate
from cip.models.resample import customer_folds
from cip.models.shares import share_of
from cip.models.verdict import choice_verdict, signal_verdict
from cip.types import Estimate, FeatureInfo, FloatArray, LabelledFrame, Verdict

JUDGES: Final = ("logistic_regression", "lightgbm")
FOLDS: Final = 3
_BASE: Final = "base_rate"


@dataclass(frozen=True)
class JudgedLabel:
    """One definition of leaving, how often it happens, and whether the data know of it."""

    name: str
    definition: str
    kind: str
    is_primary: bool
    how: str
    customers: int
    base_rate: Estimate
    roc_auc: Estimate
    verdict: Verdict
    note: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        flat = {k: v for k, v in asdict(self).items() if k not in _NESTED}
        return flat | {name: getattr(self, name).as_dict() for name in _NESTED}


_NESTED: Final = ("base_rate", "roc_auc", "verdict")


def definition(rule: LabelRule, config: Config) -> str:
    """What leaving means under this rule."""
    days = config.snapshot.horizon_days
    return {
        "purchase": f"no purchase in the next {days} days",
        "inactivity": f"no {' or '.join(rule.active_kinds)} in the next {days} days",
        "cancellation": f"the subscription ends in the next {days} days",
        "given": f"the column {rule.column} is {' or '.join(rule.left)}",
    }[rule.kind]


def population(rule: LabelRule, config: Config, customers: int) -> str:
    """Who was looked at, in a sentence that stands beside every figure."""
    days = config.snapshot.active_days
    who = {
        "purchase": f"who bought in the {days} days before the date",
        "inactivity": f"with a {' or '.join(rule.active_kinds)} in the {days} days before the date",
        "cancellation": "with a running subscription at the date",
        "given": "with any history before the date",
    }[rule.kind]
    return f"{customers:,} customers {who}."


def primary_label(looked: Looked, churn: Churn, config: Config) -> JudgedLabel:
    """The label that is modelled, as the run measured it."""
    test, rule = looked.test, config.churn.label
    measured = next(m for m in churn.models if m.candidate.name == churn.chosen)
    return JudgedLabel(
        name=rule.kind,
        definition=definition(rule, config),
        kind=rule.kind,
        is_primary=True,
        how="forward in time",
        customers=len(test),
        base_rate=share_of(test.churned),
        roc_auc=measured.test["roc_auc"],
        verdict=churn.signal,
        note="",
    )


def judge_others(looked: Looked, config: Config) -> tuple[JudgedLabel, ...]:
    """Every label of `churn.also`."""
    with threadpool_limits(1):  # threads that wait for each other cost more than these fits
        return tuple(_judge(other, config) for other in looked.others)


def _judge(other: OtherLook, config: Config) -> JudgedLabel:
    if len(other.parts) == 1:
        return judge_given(other.parts[0], other.infos, other.rule, config)
    train, validation, test = other.parts
    return judge_forward((train, validation, test), other.infos, other.rule, config)


def judge_forward(
    parts: tuple[LabelledFrame, LabelledFrame, LabelledFrame],
    infos: Sequence[FeatureInfo],
    rule: LabelRule,
    config: Config,
) -> JudgedLabel:
    """Learn on the first part, choose on the second, measure on the third."""
    train, validation, test = parts
    models = {name: _fit(name, train, infos, config) for name in (_BASE, *JUDGES)}
    p = {name: models[name].predict(validation.features) for name in JUDGES}
    chosen, _ = choice_verdict(
        validation.churned,
        p,
        validation.features.customer_id,
        seed=config.run.seed,
        draws=config.run.draws,
    )
    p_test = models[chosen].predict(test.features)
    p_base = models[_BASE].predict(test.features)
    return _judged(rule, config, test, _Judgement(p_test, p_base, "forward in time"))


def judge_given(
    frame: LabelledFrame, infos: Sequence[FeatureInfo], rule: LabelRule, config: Config
) -> JudgedLabel:
    """Out-of-fold probabilities, by customer, of the simplest judge not shown worse on one fold."""
    folds = customer_folds(frame.features.customer_id, FOLDS, seed=config.run.seed)

    def told(name: str, fold: int) -> FloatArray:
        """What a model that did not see the fold says of it."""
        model = _fit(name, frame.take(folds != fold), infos, config)
        return model.predict(frame.features.take(folds == fold))

    first = frame.take(folds == 0)
    tried = {name: told(name, 0) for name in JUDGES}
    chosen, _ = choice_verdict(
        first.churned,
        tried,
        first.features.customer_id,
        seed=config.run.seed,
        draws=config.run.draws,
    )
    p = np.empty(len(frame))
    p[folds == 0] = tried[chosen]
    for fold in range(1, FOLDS):
        p[folds == fold] = told(chosen, fold)
    note = (
        "The column has no date: the features may hold what came after the customer left, and "
        "nothing can be said about when."
    )
    # one number for all: the rates of the folds would rank their own leavers lower than a coin
    p_base = np.full(len(frame), frame.churned.mean())
    return _judged(rule, config, frame, _Judgement(p, p_base, "cross-validation", note))


def _fit(
    name: str, train: LabelledFrame, infos: Sequence[FeatureInfo], config: Config
) -> ChurnModel:
    """A judge learns from as many rows as candidates race on: its task is to tell, not to serve."""
    seed = config.run.seed
    rows = train if name == _BASE else drawn_for_race(train, seed)
    return fit_churn(name, rows, infos, seed=seed, threads=1)


@dataclass(frozen=True)
class _Judgement:
    p: FloatArray
    p_base: FloatArray
    how: str
    note: str = ""


def _judged(
    rule: LabelRule, config: Config, frame: LabelledFrame, judgement: _Judgement
) -> JudgedLabel:
    who, run, p = frame.features.customer_id, config.run, judgement.p
    drawn = {"seed": run.seed, "draws": run.draws}
    metrics = evaluate(frame.churned, p, who, threshold=config.churn.threshold, **drawn)
    return JudgedLabel(
        name=rule.column or rule.kind,
        definition=definition(rule, config),
        kind=rule.kind,
        is_primary=False,
        how=judgement.how,
        customers=len(frame),
        base_rate=share_of(frame.churned),
        roc_auc=metrics["roc_auc"],
        verdict=signal_verdict(frame.churned, p, judgement.p_base, who, **drawn),
        note=judgement.note,
    )
