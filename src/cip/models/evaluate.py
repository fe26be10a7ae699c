"""How good churn probabilities are: figures with intervals, paired comparisons, and curves.

Intervals are percentile intervals of a bootstrap over customers, not rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.errors import ModelError
from cip.models.draws import Draws, Scored
from cip.models.metrics import METRIC, METRICS, NO_ROWS, Metric
from cip.models.resample import bootstrap_weights
from cip.types import BoolArray, Estimate, FloatArray, IntArray

POINTS: Final = 200
_CELLS: Final = 250_000
_Z95: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a line from left to right, at most `POINTS`; empty where it is undefined."""

    x: FloatArray
    y: FloatArray


@dataclass(frozen=True, slots=True)
class CalibrationBins:
    """Said against seen in equally large groups, from low risk to high; each array (bins,).

    `predicted`: mean probability; `realised`: share who left, with its 95 % Wilson interval
    `low` to `high`; `count`: rows.
    """

    predicted: FloatArray
    realised: FloatArray
    low: FloatArray
    high: FloatArray
    count: IntArray


@dataclass(frozen=True, slots=True)
class Curves:
    """ROC (false against true alarms), precision against recall, and calibration."""

    roc: Curve
    pr: Curve
    calibration: CalibrationBins


def evaluate(
    churned: BoolArray,
    p: FloatArray,
    customer_id: NDArray[Any],
    *,
    threshold: float,
    seed: int,
    draws: int,
    level: float = 0.95,
) -> dict[str, Estimate]:
    """Every metric of `METRICS`, by name and in that order, with intervals of nominal `level`.

    The arrays are (n,); flagged are rows with `p >= threshold`.  A figure that cannot be computed
    carries its reason.  Raises ModelError where `p` is not a probability.
    """
    return evaluate_all(
        churned, {"": p}, customer_id, threshold=threshold, seed=seed, draws=draws, level=level
    )[""]


def evaluate_all(
    churned: BoolArray,
    predictions: Mapping[str, FloatArray],
    customer_id: NDArray[Any],
    *,
    threshold: float,
    seed: int,
    draws: int,
    level: float = 0.95,
) -> dict[str, dict[str, Estimate]]:
    """What `evaluate` says of each of `predictions`, by name; they share the resamples."""
    scored = {name: _scored(churned, p, threshold) for name, p in predictions.items()}
    if len(churned) == 0:
        return {name: {m.name: _undefined(m, level, NO_ROWS) for m in METRICS} for name in scored}
    value = {
        name: every_metric(Draws(s, np.ones((1, len(churned)))))[0] for name, s in scored.items()
    }
    drawn: dict[str, list[FloatArray]] = {name: [] for name in scored}
    for weights in bootstrap_weights(customer_id, seed=seed, draws=draws):
        for name, s in scored.items():
            drawn[name].append(every_metric(Draws(s, weights)))
    return {
        name: estimates(value[name], np.concatenate(blocks), level)
        for name, blocks in drawn.items()
    }


@dataclass(frozen=True)
class Paired:
    """One metric of several predictions, by name, all on the same resampled customers.

    `value`: as seen; `drawn`: (draws,) on the resamples.
    """

    metric: Metric
    value: Mapping[str, float]
    drawn: Mapping[str, FloatArray]

    def difference(self, a: str, b: str, level: float = 0.95) -> Estimate:
        """That of `a` minus that of `b`."""
        value = self.value[a] - self.value[b]
        return _interval(self.metric, value, self.drawn[a] - self.drawn[b], level)


def paired(
    churned: BoolArray,
    predictions: Mapping[str, FloatArray],
    customer_id: NDArray[Any],
    metric: str,
    *,
    seed: int,
    draws: int,
    threshold: float = 0.5,
) -> Paired:
    """`metric` of each of `predictions`, ready to be compared; there is at least one row."""
    m = METRIC[metric]
    scored = {name: _scored(churned, p, threshold) for name, p in predictions.items()}

    def computed(weights: FloatArray) -> dict[str, FloatArray]:
        with np.errstate(divide="ignore", invalid="ignore"):
            return {name: m.compute(Draws(s, weights)) for name, s in scored.items()}

    value = computed(np.ones((1, len(churned))))
    blocks = [computed(w) for w in bootstrap_weights(customer_id, seed=seed, draws=draws)]
    return Paired(
        m,
        {name: float(value[name][0]) for name in scored},
        {name: np.concatenate([block[name] for block in blocks]) for name in scored},
    )


def paired_difference(
    churned: BoolArray,
    p_a: FloatArray,
    p_b: FloatArray,
    customer_id: NDArray[Any],
    metric: str,
    *,
    seed: int,
    draws: int,
    level: float = 0.95,
    threshold: float = 0.5,
) -> Estimate:
    """`metric` of `p_a` minus that of `p_b`, both on the same resampled customers."""
    if len(churned) == 0:
        return _undefined(METRIC[metric], level, NO_ROWS)
    both = paired(
        churned,
        {"a": p_a, "b": p_b},
        customer_id,
        metric,
        seed=seed,
        draws=draws,
        threshold=threshold,
    )
    return both.difference("a", "b", level)


def calibration_noise(p: FloatArray, *, seed: int, draws: int, level: float = 0.95) -> Estimate:
    """The calibration error a perfect model with these probabilities shows by chance.

    Outcomes are drawn from `p` itself, rows independently.
    """
    if len(p) == 0:
        return _undefined(METRIC["ece"], level, NO_ROWS)
    rng = np.random.default_rng(seed)
    in_bin = Scored(np.zeros(len(p), dtype=np.bool_), p).in_bin
    size = max(1, _CELLS // len(p))
    drawn = np.concatenate(
        [
            np.abs(((rng.random((d, len(p))) < p) - p) @ in_bin).sum(axis=1)
            for d in (min(size, draws - done) for done in range(0, draws, size))
        ]
    ) / len(p)
    return _interval(METRIC["ece"], float(drawn.mean()), drawn, level)


def curves(churned: BoolArray, p: FloatArray) -> Curves:
    """ROC, precision-recall and calibration of (n,) probabilities, thinned for drawing."""
    scored = _scored(churned, p, 0.5)
    if len(p) == 0:
        return Curves(_NO_CURVE, _NO_CURVE, _calibration(scored))
    d = Draws(scored, np.ones((1, len(p))))
    found, alarms = d.found[0], d.seen[0] - d.found[0]
    roc, pr = _NO_CURVE, _NO_CURVE
    if found[-1] > 0:
        pr = _thinned(found / found[-1], found / (found + alarms))
    if found[-1] > 0 and alarms[-1] > 0:
        roc = _thinned(np.append(0.0, alarms / alarms[-1]), np.append(0.0, found / found[-1]))
    return Curves(roc, pr, _calibration(scored))


_NO_CURVE: Final = Curve(np.zeros(0), np.zeros(0))


def _thinned(x: FloatArray, y: FloatArray) -> Curve:
    kept = np.unique(np.linspace(0, len(x) - 1, POINTS).round().astype(np.int64))
    return Curve(x[kept], y[kept])


def _calibration(scored: Scored) -> CalibrationBins:
    in_bin = scored.in_bin[:, ::-1]
    mass = in_bin.sum(axis=0)
    in_bin, n = in_bin[:, mass > 0], mass[mass > 0].round().astype(np.int64)
    said: FloatArray = scored.p @ in_bin / n
    seen: FloatArray = scored.churned @ in_bin / n
    z2 = _Z95**2 / n
    middle = (seen + z2 / 2) / (1 + z2)
    half = _Z95 * np.sqrt(seen * (1 - seen) / n + z2 / n / 4) / (1 + z2)
    return CalibrationBins(
        said, seen, np.maximum(middle - half, 0), np.minimum(middle + half, 1), n
    )


def every_metric(draws: Draws) -> FloatArray:
    """(d, len(METRICS)) figures in that order; not finite where a metric is undefined."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([m.compute(draws) for m in METRICS], axis=1)


def estimates(value: FloatArray, drawn: FloatArray, level: float = 0.95) -> dict[str, Estimate]:
    """By metric: `value` (len(METRICS),) with intervals of `drawn` (draws, len(METRICS)).

    Both in the order of `METRICS`.  A figure that is not finite, or of which no draw is, carries
    the metric's reason.
    """
    return {
        m.name: _estimate(m, float(value[i]), drawn[:, i], level) for i, m in enumerate(METRICS)
    }


def _estimate(metric: Metric, value: float, drawn: FloatArray, level: float) -> Estimate:
    if metric.name != "ece":
        return _interval(metric, value, drawn, level)
    # resampling adds noise that an absolute value turns into bias: move the interval back by it
    return _interval(metric, value, np.maximum(drawn - (drawn.mean() - value), 0.0), level)


def _interval(metric: Metric, value: float, drawn: FloatArray, level: float) -> Estimate:
    defined = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or len(defined) == 0:
        return _undefined(metric, level, metric.undefined)
    low, high = percentiles(defined, level)
    return Estimate(value, float(low), float(high), level, metric.unit)


def percentiles(drawn: FloatArray, level: float) -> FloatArray:
    """Both ends of the percentile interval of draws along the first axis.

    The k-th of d draws has k / (d + 1) below it (Davison and Hinkley 1997, section 5.2); the usual
    (k - 1) / (d - 1) makes intervals of few draws too narrow.
    """
    tails = [(1 - level) / 2, (1 + level) / 2]
    ends: FloatArray = np.quantile(drawn, tails, axis=0, method="weibull")
    return ends


def _undefined(metric: Metric, level: float, reason: str) -> Estimate:
    nan = float("nan")
    return Estimate(nan, nan, nan, level, metric.unit, reason)


def _scored(churned: BoolArray, p: FloatArray, threshold: float) -> Scored:
    if len(churned) != len(p):
        raise ModelError(
            "M-111",
            f"There are {len(churned)} outcomes but {len(p)} probabilities.",
            "Score the very rows whose outcomes are given.",
        )
    wrong = int(np.count_nonzero(~((p >= 0) & (p <= 1))))
    if wrong:
        raise ModelError(
            "M-112",
            f"{wrong} of {len(p)} values are not probabilities between 0 and 1.",
            "Give p_churn, not the margin.",
        )
    return Scored(np.asarray(churned, dtype=np.bool_), np.asarray(p, dtype=np.float64), threshold)
