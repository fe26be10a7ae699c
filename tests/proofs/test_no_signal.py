"""Labels that mean nothing: how often the way from training to verdict finds what is not there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from cip.models.churn.model import fit_churn
from cip.models.verdict import choice_verdict, signal_verdict
from cip.types import FeatureFrame, FeatureInfo, LabelledFrame

RUNS = 200
CANDIDATES = ("logistic_regression", "lightgbm", "xgboost")
INFOS = [
    FeatureInfo(f"f{i}", "number", "", f"fact {i}", "{v} (typical {usual})", f"fact {i}")
    for i in range(10)
]


def _part(rng: np.random.Generator, customers: int) -> LabelledFrame:
    """Features that know nothing of the label: permuting labels could do no more."""
    features = FeatureFrame(
        np.array([f"C{i}" for i in range(customers)], dtype=object),
        np.full(customers, "2024-01-01", dtype="datetime64[us]"),
        {info.name: rng.gamma(1.0, 10.0, customers) for info in INFOS},
    )
    return LabelledFrame(features, rng.random(customers) < 0.3, np.zeros(customers))


def _verdict(seed: int) -> str:
    """Train, choose on validation, judge on test, as a run does."""
    rng = np.random.default_rng(seed)
    train, validation, test = (_part(rng, n) for n in (1500, 700, 700))
    models = {
        name: fit_churn(name, train, INFOS, seed=seed, threads=1)
        for name in ("base_rate", *CANDIDATES)
    }
    p = {name: models[name].predict(validation.features) for name in CANDIDATES}
    who = validation.features.customer_id
    chosen, _ = choice_verdict(validation.churned, p, who, seed=seed, draws=200)
    return signal_verdict(
        test.churned,
        models[chosen].predict(test.features),
        models["base_rate"].predict(test.features),
        test.features.customer_id,
        seed=seed,
        draws=1000,
    ).word


@pytest.mark.proof
def test_labels_that_mean_nothing_are_called_no_signal(
    record_property: Callable[[str, object], None],
) -> None:
    words = Counter(_verdict(seed) for seed in range(RUNS))
    record_property("proof", f"{RUNS} runs: {dict(words)}; at most 2 % may be useful")
    assert words["useful"] <= 0.02 * RUNS
    assert words["no signal"] >= 0.95 * RUNS
