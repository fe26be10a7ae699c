"""Was the forecast of spend right? An earlier forecast against what customers then spent.

Against two rivals that need no model: `repeat_last` (each customer spends again what they spent in
the equally long window before the cutoff) and `all_zero`.  Intervals resample customers, and the
same resamples judge all three, so differences are paired.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from cip.errors import ModelError
from cip.types import Estimate, FloatArray, IntArray, SignalWord, Verdict
from cip.wording import amount, percent

MODEL: Final = "model"
REPEAT_LAST: Final = "repeat_last"
ALL_ZERO: Final = "all_zero"

TOLERATED_BIAS: Final = 0.10
JUDGING_LEVEL: Final = 0.98  # two-sided, so one-sided 99 %
_LEVEL = 0.95
_FEWEST_CUSTOMERS, _FEWEST_SPENDERS = 30, 10


@dataclass(frozen=True, slots=True)
class ForecastErrors:
    """How far one forecast was from what happened.

    `total_bias`: predicted over realised total, less 1; `rmse`, `mae`: in currency a customer;
    `gini`: how well it ranks, 1 as the truth would and 0 as chance; `decile_gap`: mean gap between
    predicted and realised over tenths of the customers by prediction, as a share of the mean.
    """

    total_bias: Estimate
    rmse: Estimate
    mae: Estimate
    gini: Estimate
    decile_gap: Estimate


@dataclass(frozen=True, slots=True)
class Backtest:
    """Errors of `model`, `repeat_last` and `all_zero`, and whether the model knows anything."""

    errors: Mapping[str, ForecastErrors]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _Judged:
    """One figure at the customers as they are, and at each resample of them."""

    value: float
    resampled: FloatArray

    def less(self, other: _Judged) -> _Judged:
        return _Judged(self.value - other.value, self.resampled - other.resampled)

    def estimate(self, level: float, unit: str) -> Estimate:
        low, high = np.quantile(self.resampled, [(1 - level) / 2, (1 + level) / 2])
        return Estimate(self.value, float(low), float(high), level, unit)


_Figures = Mapping[str, _Judged]


@dataclass(frozen=True, slots=True)
class _Order:
    """Customers by one forecast: `rows` ascending; `place`: equal values share a place."""

    rows: IntArray
    place: IntArray

    @classmethod
    def of(cls, values: FloatArray) -> _Order:
        place = np.unique(values, return_inverse=True)[1].astype(np.int64)
        return cls(np.argsort(place, kind="stable"), place)


def backtest(
    predicted: FloatArray,
    realised: FloatArray,
    repeat_last: FloatArray,
    *,
    currency: str,
    resamples: int = 1000,
    seed: int = 0,
) -> Backtest:
    """Errors and a signal verdict; each array (n,), money in the window after an earlier cutoff.

    `predicted` must be what `realised` is: spend without margin or discount, that is `clv` with
    margin 1 and discount rate 0.  `useful` needs, each at a one-sided 99 %, a lower RMSE than both
    rivals and a ranking better than chance; `weak` a better ranking than both rivals, or a total
    within 10 %.  Raises ModelError V-106 when lengths differ or a value is missing.
    """
    forecasts = {MODEL: predicted, REPEAT_LAST: repeat_last, ALL_ZERO: np.zeros(len(realised))}
    for name, forecast in forecasts.items():
        _check(name, forecast, realised)
    reason = _why_not(realised)
    if reason:
        nothing = ForecastErrors(*[Estimate(np.nan, np.nan, np.nan, _LEVEL, "", reason)] * 5)
        verdict = Verdict("signal", "no signal", f"The forecast cannot be judged: {reason}.")
        return Backtest(dict.fromkeys(forecasts, nothing), verdict)
    figures = _judge(forecasts, realised, resamples, seed)
    errors = {name: _errors(figures[name], currency) for name in forecasts}
    totals = (float(predicted.sum()), float(realised.sum()))
    return Backtest(errors, _verdict(figures, currency, totals))


def _check(name: str, forecast: FloatArray, realised: FloatArray) -> None:
    if forecast.shape != realised.shape or not np.isfinite(forecast - realised).all():
        raise ModelError(
            "V-106",
            f"backtest: the forecast {name!r} has shape {forecast.shape}, what was realised "
            f"{realised.shape}, and every value must be finite",
            "pass one number a customer, in the same order, 0 where nothing was spent",
        )


def _why_not(realised: FloatArray) -> str:
    """Why nothing can be said, or an empty string."""
    spenders = int((realised > 0).sum())
    if len(realised) < _FEWEST_CUSTOMERS or spenders < _FEWEST_SPENDERS:
        return (
            f"{spenders} of {len(realised)} customers spent anything in the window, and at least "
            f"{_FEWEST_SPENDERS} of {_FEWEST_CUSTOMERS} are needed"
        )
    if not realised.sum() > 0:
        return "refunds in the window are as large as the spend"
    return "" if np.ptp(realised) > 0 else "all customers spent the same"


def _judge(
    forecasts: Mapping[str, FloatArray], realised: FloatArray, resamples: int, seed: int
) -> dict[str, dict[str, _Judged]]:
    """Forecast to figure to its values."""
    rng = np.random.default_rng(seed)
    n = len(realised)
    truth = _Order.of(realised)
    orders = {name: _Order.of(forecast) for name, forecast in forecasts.items()}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in forecasts}
    for turn in range(resamples + 1):
        drawn = np.arange(n) if turn == 0 else rng.integers(n, size=n)
        weights = np.bincount(drawn, minlength=n).astype(np.float64)
        best = _gini(truth, realised, weights)
        for name, forecast in forecasts.items():
            figures = _figures(forecast, realised, weights)
            figures["gini"] = _gini(orders[name], realised, weights) / best
            figures["decile_gap"] = _decile_gap(orders[name], forecast, realised, weights)
            found[name].append(figures)
    return {
        name: {
            figure: _Judged(rows[0][figure], np.array([row[figure] for row in rows[1:]]))
            for figure in rows[0]
        }
        for name, rows in found.items()
    }


def _figures(forecast: FloatArray, realised: FloatArray, weights: FloatArray) -> dict[str, float]:
    gap = forecast - realised
    total = weights.sum()
    return {
        "total_bias": float(weights @ forecast / (weights @ realised) - 1),
        "rmse": float(np.sqrt(weights @ gap**2 / total)),
        "mae": float(weights @ np.abs(gap) / total),
    }


def _gini(order: _Order, realised: FloatArray, weights: FloatArray) -> float:
    """1 less twice the area under the share of money held by the customers placed lowest."""
    customers, money = (
        np.bincount(order.place, weights),
        np.bincount(order.place, weights * realised),
    )
    upto = np.cumsum(money)
    under = float(customers @ (upto - money / 2))
    return 1 - 2 * under / float(customers.sum() * upto[-1])


def _decile_gap(
    order: _Order, forecast: FloatArray, realised: FloatArray, weights: FloatArray
) -> float:
    w = weights[order.rows]
    tenth = (10 * (np.cumsum(w) - w / 2) / w.sum()).astype(np.int64)
    gaps = np.bincount(tenth, w * (forecast - realised)[order.rows])
    return float(np.abs(gaps).sum() / (weights @ realised))


def _errors(figures: _Figures, currency: str) -> ForecastErrors:
    return ForecastErrors(
        total_bias=figures["total_bias"].estimate(_LEVEL, "share of the realised total"),
        rmse=figures["rmse"].estimate(_LEVEL, currency),
        mae=figures["mae"].estimate(_LEVEL, currency),
        gini=figures["gini"].estimate(_LEVEL, "normalised Gini"),
        decile_gap=figures["decile_gap"].estimate(_LEVEL, "share of the mean"),
    )


def _verdict(
    figures: Mapping[str, _Figures], currency: str, totals: tuple[float, float]
) -> Verdict:
    """The word, by the rule in `backtest`, and the figures it rests on."""
    model, last = figures[MODEL], figures[REPEAT_LAST]
    evidence = {
        f"rmse_below_{rival}": figures[rival]["rmse"].less(model["rmse"])
        for rival in (REPEAT_LAST, ALL_ZERO)
    }
    shown = {name: judged.estimate(JUDGING_LEVEL, currency) for name, judged in evidence.items()}
    closer = all(gain.low > 0 for gain in shown.values())
    shown["gini"] = model["gini"].estimate(JUDGING_LEVEL, "normalised Gini")
    over_last = model["gini"].less(last["gini"])
    shown["gini_above_repeat_last"] = over_last.estimate(JUDGING_LEVEL, "normalised Gini")
    shown["total_bias"] = model["total_bias"].estimate(_LEVEL, "share of the realised total")
    ranks = shown["gini"].low > 0
    ranks_best = ranks and shown["gini_above_repeat_last"].low > 0
    totals_well = abs(model["total_bias"].value) <= TOLERATED_BIAS
    word: SignalWord = "no signal"
    if closer and ranks:
        word = "useful"
    elif ranks_best or totals_well:
        word = "weak"
    why = _why(word, ranks_best=ranks_best, totals_well=totals_well)
    return Verdict("signal", word, f"{why} {_inamount(figures, currency, totals)}", shown)


def _why(word: SignalWord, *, ranks_best: bool, totals_well: bool) -> str:
    if word == "useful":
        return "The forecast comes closer to what customers spend than any simple rule."
    if word == "no signal":
        return "The forecast is not shown to know more than a simple rule."
    good = ["ranks customers better than they do"] * ranks_best
    good += ["has the total right within 10 %"] * totals_well
    return (
        "The forecast is not shown to come closer to each customer's spend than simple rules, but "
        f"it {' and '.join(good)}."
    )


def _inamount(figures: Mapping[str, _Figures], currency: str, totals: tuple[float, float]) -> str:
    model, last, zero = (figures[name]["rmse"].value for name in (MODEL, REPEAT_LAST, ALL_ZERO))
    bias = figures[MODEL]["total_bias"].value
    return (
        f"It misses a customer's spend by {amount(model, currency)} (root mean square); repeating "
        f"the last window misses by {amount(last, currency)}, expecting nothing by "
        f"{amount(zero, currency)}. In total {amount(totals[0], currency)} was expected and "
        f"{amount(totals[1], currency)} was spent: {percent(abs(bias), 0)} too "
        f"{'much' if bias > 0 else 'little'}."
    )
