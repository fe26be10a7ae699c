"""Do the intervals of churn figures hold the truth as often as they say?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import beta, binom, norm

from cip.models.evaluate import evaluate
from cip.models.profit import Costs, expected_maximum_profit, profit_figures

WORLDS = 1_000
CUSTOMERS = 700
DRAWS = 500
SLOPE, SHIFT = 0.8, 0.15  # log-odds of leaving are SLOPE * margin + SHIFT: said a little too boldly
MIDDLE, SPREAD = -1.0, 1.3
COSTS = Costs(200.0, 10.0, 1.0)
HELD = ("roc_auc", "log_loss", "calibration_slope", "profit")


def truth() -> dict[str, float]:
    """By quadrature over the margins of the process."""
    margin = np.linspace(MIDDLE - 9 * SPREAD, MIDDLE + 9 * SPREAD, 40_001)
    weight = norm.pdf(margin, MIDDLE, SPREAD)
    weight /= weight.sum()
    q, p = expit(SLOPE * margin + SHIFT), expit(margin)
    left, stayed = weight * q, weight * (1 - q)
    below = np.cumsum(stayed) - stayed / 2
    gain = q * (COSTS.accept * (COSTS.clv - COSTS.offer) - COSTS.contact)
    gain -= (1 - q) * (COSTS.offer + COSTS.contact)
    accept = beta(COSTS.accept_alpha, COSTS.accept_beta).ppf((np.arange(400) + 0.5) / 400)
    found = np.cumsum(left[::-1])
    spent = np.cumsum((weight * COSTS.contact + stayed * COSTS.offer)[::-1])
    best = [max(0.0, float(np.max(a * 190.0 * found - spent))) for a in accept]
    return {
        "roc_auc": float(left @ below / (left.sum() * stayed.sum())),
        "log_loss": float(-(left @ np.log(p) + stayed @ np.log(1 - p))),
        "calibration_slope": SLOPE,
        "profit": float(weight[p >= COSTS.break_even] @ gain[p >= COSTS.break_even]),
        "maximum": float(np.mean(best)),
    }


def world(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Customers of one to three rows; a customer's rows say, and do, the same."""
    rng = np.random.default_rng(seed)
    margin = rng.normal(MIDDLE, SPREAD, CUSTOMERS)
    churned = rng.random(CUSTOMERS) < expit(SLOPE * margin + SHIFT)
    who = np.repeat(np.arange(CUSTOMERS), rng.integers(1, 4, CUSTOMERS))
    return churned[who], expit(margin)[who], who


@pytest.mark.proof
def test_intervals_of_ranking_loss_slope_and_profit_cover(
    record_property: Callable[[str, object], None],
) -> None:
    true, held = truth(), dict.fromkeys((*HELD, "maximum"), 0)
    for seed in range(WORLDS):
        churned, p, who = world(seed)
        found = evaluate(churned, p, who, threshold=0.5, seed=seed, draws=DRAWS)
        money = profit_figures(churned, {"": p}, who, COSTS, seed=seed, draws=DRAWS)[""]
        all_ = found | {"profit": money.at_break_even, "maximum": money.maximum}
        for name in held:
            held[name] += all_[name].low <= true[name] <= all_[name].high
    least, most = (int(binom.ppf(q, WORLDS, 0.95)) for q in (0.001, 0.999))
    record_property(
        "proof", f"held in {WORLDS} worlds ({least} to {most} by chance at 95 %): {held}"
    )
    assert all(least <= held[name] <= most for name in held), held


@pytest.mark.proof
def test_the_truth_is_that_of_a_large_world() -> None:
    """The quadrature that the coverage is held against."""
    rng = np.random.default_rng(7)
    margin = rng.normal(MIDDLE, SPREAD, 1_000_000)
    churned = rng.random(1_000_000) < expit(SLOPE * margin + SHIFT)
    p, true = expit(margin), truth()
    found = evaluate(churned, p, np.arange(len(p)), threshold=0.5, seed=0, draws=1)
    for name in HELD[:3]:
        assert found[name].value == pytest.approx(true[name], rel=6e-3)
    money = profit_figures(churned, {"": p}, np.arange(len(p)), COSTS, seed=0, draws=1)[""]
    assert money.at_break_even.value == pytest.approx(true["profit"], rel=0.02)
    whole = expected_maximum_profit(churned, p, COSTS)
    assert whole.profit == pytest.approx(true["maximum"], rel=0.02)
