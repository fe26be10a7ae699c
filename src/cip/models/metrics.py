"""The catalogue of churn metrics: their words, and their values for many weightings at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from cip.models.draws import TINY, Draws
from cip.models.recalibration import recalibration_intercept, recalibration_slope
from cip.types import FloatArray


def _roc_auc(d: Draws) -> FloatArray:
    # stayers (the group without its leavers) times the leavers above them, half of those beside
    above = _row_sums(d.group, d.found) - _row_sums(d.left, d.found)
    beside = _row_sums(d.group, d.left) - _row_sums(d.left, d.left)
    return (above - beside / 2) / (d.leavers * (d.rows - d.leavers))


def _pr_auc(d: Draws) -> FloatArray:
    precision = np.maximum(d.seen, TINY)
    np.divide(d.found, precision, out=precision)
    return _row_sums(d.left, precision) / d.leavers


def _log_loss(d: Draws) -> FloatArray:
    return d.total(d.scored.loss) / d.rows


def _brier(d: Draws) -> FloatArray:
    return d.total((d.scored.p - d.scored.churned) ** 2) / d.rows


def _ece(d: Draws) -> FloatArray:
    gaps: FloatArray = np.abs(d.weights @ d.scored.gap_by_bin).sum(axis=1)
    return gaps / d.rows


def _recall(d: Draws) -> FloatArray:
    flagged = d.scored.p >= d.scored.threshold
    return d.total(flagged & d.scored.churned) / d.leavers


def _precision(d: Draws) -> FloatArray:
    flagged = d.scored.p >= d.scored.threshold
    return d.total(flagged & d.scored.churned) / d.total(flagged)


def _top_decile_lift(d: Draws) -> FloatArray:
    tenth = d.rows / 10
    ends = [np.searchsorted(row, weight) for row, weight in zip(d.seen, tenth, strict=True)]
    top = slice(int(max(ends)) + 1)  # the groups behind take no part
    group = d.group[:, top]
    taken = np.clip(tenth[:, None] - (d.seen[:, top] - group), 0.0, group)
    share = np.divide(d.left[:, top], group, out=np.zeros_like(group), where=group > 0)
    return _row_sums(taken, share) / tenth / (d.leavers / d.rows)


def _predicted_total(d: Draws) -> FloatArray:
    return d.total(d.scored.p)


def _realised_total(d: Draws) -> FloatArray:
    return d.leavers


def _predicted_over_realised(d: Draws) -> FloatArray:
    return d.total(d.scored.p) / d.leavers


def _accuracy(d: Draws) -> FloatArray:
    return d.total((d.scored.p >= d.scored.threshold) == d.scored.churned) / d.rows


def _calibration_slope(d: Draws) -> FloatArray:
    return recalibration_slope(*d.cells)


def _calibration_intercept(d: Draws) -> FloatArray:
    return recalibration_intercept(*d.cells)


def _row_sums(a: FloatArray, b: FloatArray) -> FloatArray:
    """(d,) sums of the products, without an array of them."""
    sums: FloatArray = np.einsum("ij,ij->i", a, b)
    return sums


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of merit: its words, and how it is computed for every draw at once.

    `higher_is_better` is None where neither is.  `undefined` says why it may not exist.
    """

    name: str
    label: str
    unit: str
    description: str
    higher_is_better: bool | None
    undefined: str
    compute: Callable[[Draws], FloatArray]


_BOTH: Final = "needs at least one customer who left and one who stayed"
_NOBODY_LEFT: Final = "nobody left"
NO_ROWS: Final = "there are no rows"

METRICS: Final = (
    Metric(
        name="roc_auc",
        label="ROC-AUC",
        unit="",
        description="How often the model ranks a leaver above a stayer: "
        "0.5 is a coin, 1 is perfect.",
        higher_is_better=True,
        undefined=_BOTH,
        compute=_roc_auc,
    ),
    Metric(
        name="pr_auc",
        label="PR-AUC",
        unit="",
        description="Average share of real leavers among those ranked highest, "
        "over all list lengths: the churn rate is a coin, 1 is perfect.",
        higher_is_better=True,
        undefined=_BOTH,
        compute=_pr_auc,
    ),
    Metric(
        name="log_loss",
        label="Log loss",
        unit="nats",
        description="How surprised the model is by what happened, on average: 0 is never, "
        "lower is better; being sure and wrong costs most.",
        higher_is_better=False,
        undefined=NO_ROWS,
        compute=_log_loss,
    ),
    Metric(
        name="brier",
        label="Brier score",
        unit="",
        description="Average squared distance between the probability and what happened (0 or 1): "
        "0 is perfect, lower is better.",
        higher_is_better=False,
        undefined=NO_ROWS,
        compute=_brier,
    ),
    Metric(
        name="ece",
        label="Calibration error",
        unit="share",
        description="How far said and seen churn rates lie apart, on average over ten equally "
        "large groups: 0 is perfect, but even a perfect model shows some by chance.",
        higher_is_better=False,
        undefined=NO_ROWS,
        compute=_ece,
    ),
    Metric(
        name="calibration_slope",
        label="Calibration slope",
        unit="",
        description="How far real log-odds move when the said ones move by 1: 1 is right, "
        "below 1 the probabilities are too extreme, above 1 too timid.",
        higher_is_better=None,
        undefined="needs leavers and stayers, and probabilities that differ and do not part them "
        "without a mistake",
        compute=_calibration_slope,
    ),
    Metric(
        name="calibration_intercept",
        label="Calibration intercept",
        unit="",
        description="What would have to be added to the said log-odds so that as many leave as "
        "said: 0 is right, below 0 the model is too pessimistic.",
        higher_is_better=None,
        undefined=_BOTH,
        compute=_calibration_intercept,
    ),
    Metric(
        name="recall",
        label="Recall",
        unit="share",
        description="Share of those who left that the model had flagged.",
        higher_is_better=True,
        undefined=_NOBODY_LEFT,
        compute=_recall,
    ),
    Metric(
        name="precision",
        label="Precision",
        unit="share",
        description="Share of those the model flagged who really left.",
        higher_is_better=True,
        undefined="nobody was flagged at this threshold",
        compute=_precision,
    ),
    Metric(
        name="top_decile_lift",
        label="Lift in the top tenth",
        unit="times",
        description="How many times more leavers than average are among the tenth ranked highest: "
        "1 is no better than a random tenth.",
        higher_is_better=True,
        undefined=_NOBODY_LEFT,
        compute=_top_decile_lift,
    ),
    Metric(
        name="predicted_total",
        label="Leavers predicted",
        unit="customers",
        description="Sum of all probabilities: how many leavers the model expected.",
        higher_is_better=None,
        undefined=NO_ROWS,
        compute=_predicted_total,
    ),
    Metric(
        name="realised_total",
        label="Leavers seen",
        unit="customers",
        description="How many customers really left.",
        higher_is_better=None,
        undefined=NO_ROWS,
        compute=_realised_total,
    ),
    Metric(
        name="predicted_over_realised",
        label="Predicted over seen",
        unit="times",
        description="Leavers predicted for each leaver seen: 1 is right, "
        "above 1 is too pessimistic.",
        higher_is_better=None,
        undefined=_NOBODY_LEFT,
        compute=_predicted_over_realised,
    ),
    Metric(
        name="accuracy",
        label="Accuracy",
        unit="share",
        description="Share of customers put on the right side of the threshold; says little "
        "where few leave, since calling everybody a stayer already scores high.",
        higher_is_better=True,
        undefined=NO_ROWS,
        compute=_accuracy,
    ),
)
METRIC: Final = {metric.name: metric for metric in METRICS}
