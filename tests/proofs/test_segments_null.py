"""Do segments of structureless customers pass as groups no more often than the verdict says?"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from cip.models.segments.fit import fit_segments
from cip.types import FeatureFrame, FeatureInfo

WORLDS = 300
CUSTOMERS = 240
ERROR = 0.01
MOST = int(binom.ppf(0.999, WORLDS, ERROR))


def word(x: np.ndarray, seed: int) -> str:
    names = [f"x{j}" for j in range(x.shape[1])]
    frame = FeatureFrame(
        np.array([f"c{i:05d}" for i in range(len(x))], dtype=object),
        np.full(len(x), np.datetime64("2026-01-01", "us")),
        {name: x[:, j] for j, name in enumerate(names)},
    )
    infos = [FeatureInfo(n, "number", "", n, "Has {v} (typical {usual})", n) for n in names]
    return fit_segments(frame, infos, k=None, seed=seed).signal.word


def independent(rng: np.random.Generator) -> np.ndarray:
    """Columns of six kinds that have nothing to do with each other."""
    n = CUSTOMERS
    return np.column_stack([
        rng.normal(size=n), rng.lognormal(0, 1.5, n), rng.poisson(1, n).astype(float),
        (rng.random(n) < 0.3).astype(float), rng.uniform(size=n),
        rng.poisson(0.2, n) * rng.exponential(50, n),
    ])  # fmt: skip


def continuum(rng: np.random.Generator) -> np.ndarray:
    """Six correlated columns of one cloud."""
    return rng.normal(size=(CUSTOMERS, 2)) @ rng.normal(size=(2, 6)) + rng.normal(
        size=(CUSTOMERS, 6)
    )


def groups(rng: np.random.Generator) -> np.ndarray:
    """Four groups, each five standard deviations from the middle in a column of its own."""
    kind = rng.integers(0, 4, CUSTOMERS)
    return 5.0 * np.eye(4, 6)[kind] + rng.normal(size=(CUSTOMERS, 6))


@pytest.mark.proof
def test_customers_without_structure_get_no_signal(record_property):
    words = [word(independent(np.random.default_rng(1000 + s)), s) for s in range(WORLDS)]
    wrong = sum(w != "no signal" for w in words)
    record_property(
        "proof",
        f"independent columns, k chosen: {wrong} of {WORLDS} worlds got a signal "
        f"(nominal {ERROR:.0%}, at most {MOST} by chance)",
    )
    assert wrong <= MOST


@pytest.mark.proof
def test_one_cloud_without_gaps_is_not_called_groups(record_property):
    words = [word(continuum(np.random.default_rng(2000 + s)), s) for s in range(WORLDS)]
    wrong = words.count("useful")
    record_property(
        "proof",
        f"one correlated cloud, k chosen: {wrong} of {WORLDS} worlds were called useful "
        f"(nominal {ERROR:.0%}, at most {MOST} by chance), {words.count('weak')} weak",
    )
    assert wrong <= MOST


@pytest.mark.proof
def test_real_groups_are_called_useful(record_property):
    words = [word(groups(np.random.default_rng(3000 + s)), s) for s in range(WORLDS // 3)]
    record_property(
        "proof", f"four planted groups: {words.count('useful')} of {len(words)} worlds useful"
    )
    assert words.count("useful") >= 0.95 * len(words)
