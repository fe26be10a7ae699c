"""Scores that mean nothing: how often `cip judge` calls one useful, from the file to the word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.special import expit

from cip.flows.actors import local_owner
from cip.flows.judge import judge
from cip.flows.judge_wanted import Wanted
from cip.flows.judge_words import Said
from cip.flows.steps import Silent

RUNS = 100
ROWS = 250


def _said(path: Path, seed: int, *, permuted: bool) -> Said:
    """Of a true probability, or of the same with the outcome drawn by lot among its customers."""
    rng = np.random.default_rng(seed)
    p = expit(1.5 * rng.normal(size=ROWS) - 1)
    churned = rng.random(ROWS) < p
    outcome = rng.permutation(churned) if permuted else churned
    pq.write_table(pa.table({"score": p, "churned": outcome}), path)
    wanted = Wanted(str(path), "score", "churned")
    return judge(wanted, actor=local_owner(), progress=Silent()).said


@pytest.mark.proof
def test_a_permuted_outcome_is_called_useful_in_at_most_two_of_a_hundred_files(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    path = tmp_path / "file.parquet"
    words = Counter(_said(path, seed, permuted=True).word for seed in range(RUNS))
    record_property("proof", f"{RUNS} files: {dict(words)}; at most 2 may be useful")
    assert words["do not use"] >= 0.98 * RUNS


@pytest.mark.proof
def test_a_true_probability_is_seldom_called_wrong_and_of_so_few_rows_never_shown_to_be_true(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    path = tmp_path / "file.parquet"
    said = [_said(path, seed, permuted=False) for seed in range(RUNS)]
    words, off = Counter(one.word for one in said), sum(one.is_off for one in said)
    found = f"{RUNS} files: {dict(words)}, {off} called wrong; at most 5 may be"
    record_property("proof", found)
    assert off <= 0.05 * RUNS
    assert words["rank with it only"] >= 0.9 * RUNS
    assert words["sound"] == 0
