"""The whole way of a run on labels that were dealt out anew: is anything found to be useful?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from scipy.special import expit
from tests.made import START, calendar_of, config_of, looked_of

from cip.flows.churn import model_churn
from cip.flows.look import Looked
from cip.types import FeatureFrame, FeatureInfo, LabelledFrame

RUNS = 200
DAYS = [START + timedelta(days=k) for k in (0, 40, 80, 120)]
NAMES = ("quiet", "spent", "visits", "tickets", "tenure", "plan")
INFOS = tuple(
    FeatureInfo(n, "category" if n == "plan" else "number", "", "", "{v}", n) for n in NAMES
)
CONFIG = config_of(
    churn={"candidates": ["logistic_regression", "lightgbm", "xgboost"]}, run={"draws": 1_000}
)


def frame(rng: np.random.Generator, at: datetime, rows: int) -> LabelledFrame:
    """Customers whose features do know who leaves."""
    quiet, spent = rng.gamma(2.0, 10.0, rows), rng.lognormal(3, 1, rows)
    columns = {
        "quiet": quiet,
        "spent": spent,
        "visits": rng.poisson(60 / (quiet + 5)).astype(float),
        "tickets": rng.poisson(0.4, rows).astype(float),
        "tenure": rng.uniform(0, 900, rows),
        "plan": rng.choice(np.array(["a", "b", "c"], dtype=object), rows),
    }
    who = np.array([f"k{i}" for i in range(rows)], dtype=object)
    cutoff = np.full(rows, np.datetime64(at.replace(tzinfo=None), "us"))
    churned = rng.random(rows) < expit(-1.5 + 0.05 * quiet)
    return LabelledFrame(FeatureFrame(who, cutoff, columns), churned, np.zeros(rows))


def looked(seed: int, *, permuted: bool) -> Looked:
    rng = np.random.default_rng(seed)
    train, validation, test = (
        frame(rng, at, rows) for at, rows in zip(DAYS, (1200, 600, 600), strict=False)
    )

    def dealt(rows: LabelledFrame) -> LabelledFrame:
        return replace(rows, churned=rng.permutation(rows.churned)) if permuted else rows

    return looked_of(
        calendar_of(0, 40, 80, 120),
        (dealt(train), dealt(validation), dealt(test)),
        test.features,
        INFOS,
    )


@pytest.mark.proof
def test_permuted_labels_are_called_useful_in_at_most_two_of_a_hundred_runs(
    record_property: Callable[[str, object], None],
) -> None:
    words = Counter(
        model_churn(looked(seed, permuted=True), CONFIG).signal.word for seed in range(RUNS)
    )
    record_property("proof", f"{RUNS} whole runs: {dict(words)}; at most 2 % may be useful")
    assert words["useful"] <= 0.02 * RUNS


@pytest.mark.proof
def test_the_same_customers_with_their_own_labels_are_useful() -> None:
    words = Counter(
        model_churn(looked(seed, permuted=False), CONFIG).signal.word for seed in range(10)
    )
    assert words["useful"] == 10
