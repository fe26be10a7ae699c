"""What is said of our own model beside a score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from cip.flows.judge_beside import beside
from cip.flows.judge_features import other_columns
from cip.flows.judge_rival import NOTHING, Rival
from cip.flows.judge_wanted import Wanted
from cip.models.judge.score import Score, direction_of
from cip.types import Estimate

RIVAL = Rival(
    rows=200,
    columns=tuple(f"x{k}" for k in range(100)),
    chosen="Logistic regression",
    single="x0",
    score_auc=0.7,
    auc=0.6,
    auc_with=0.72,
    auc_single=0.55,
    over_rival=Estimate(0.1, 0.05, 0.15),
    adds=Estimate(0.12, 0.06, 0.18),
    over_single=Estimate(0.15, 0.1, 0.2),
    log_loss=None,
    gains=np.zeros(3),
)


@pytest.mark.parametrize("chosen", ["Logistic regression", NOTHING])
def test_columns_that_were_not_read_are_counted_aloud(chosen: str) -> None:
    said = beside(replace(RIVAL, chosen=chosen, unread=700))
    assert "first 100 of the file's other columns" in said
    assert "700 more columns were not read" in said


@pytest.mark.parametrize("chosen", ["Logistic regression", NOTHING])
def test_where_all_columns_were_read_nothing_is_said_of_others(chosen: str) -> None:
    said = beside(replace(RIVAL, chosen=chosen))
    assert "file's 100 other columns" in said
    assert "not read" not in said


def test_columns_beyond_a_hundred_are_unread() -> None:
    rng = np.random.default_rng(5)
    rows, names = 120, [f"x{k}" for k in range(130)]
    churned = np.arange(rows) % 3 == 0
    table = pa.table({name: rng.normal(size=rows) for name in names} | {"score": rng.random(rows)})
    side = direction_of(
        np.arange(rows), churned, np.arange(rows), said="riskier", hinted=None, seed=1, draws=20
    )
    score = Score("probability", side, np.zeros(rows), np.zeros(rows), None)
    who = np.array([f"C{k}" for k in range(rows)], dtype=object)
    others = other_columns(table, Wanted("f.csv", "score", "churned"), score, churned, who)
    assert others.unread == 30
