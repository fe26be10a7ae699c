from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bench import churn_folds
from bench.churn_folds import (
    TOML,
    Fold,
    Table,
    as_frame,
    mean_auc,
    ours,
    pooled_loss,
    public_table,
    referee,
    splines,
    without_answers,
)
from sklearn.metrics import log_loss, roc_auc_score

LINEAR = TOML.replace("[run]", 'candidates = ["logistic_regression"]\n[run]')
PEER = """
import json, sys
from pathlib import Path
from pyarrow.parquet import read_table
rows = read_table(sys.argv[1]).to_pylist()
p = [row["x"] for row in rows if row["y"] is None]
Path(sys.argv[3]).write_text(json.dumps({"version": "1.0", "p": p}))
Path(__file__).with_name("seconds").write_text(sys.argv[2])
"""


def _table(rows: int = 300, seed: int = 0) -> Table:
    rng = np.random.default_rng(seed)
    x = rng.random(rows)
    plan = np.where(rng.random(rows) < 0.5, "basic", "more")
    return Table(pd.DataFrame({"x": x, "plan": plan}), (rng.random(rows) < x).astype(np.int64))


def _fold(test: list[int], p: list[float], auc: float) -> Fold:
    return Fold(np.array(test), np.array(p), auc, 0.0, 1.0, "")


def test_every_row_is_tested_once_and_never_learnt_from_there() -> None:
    splits = _table().splits()

    assert sorted(np.concatenate([test for _, test in splits])) == list(range(300))
    assert not any(set(train) & set(test) for train, test in splits)


def test_each_fold_has_its_share_of_leavers() -> None:
    table = _table()
    leavers = [table.y[test].sum() for _, test in table.splits()]

    assert max(leavers) - min(leavers) <= 1


def test_a_person_with_several_rows_is_on_one_side() -> None:
    people = np.repeat(np.arange(100), 3).astype(object)

    for train, test in replace(_table(), groups=people).splits():
        assert not set(people[train]) & set(people[test])


def test_what_the_test_rows_answer_changes_nothing_of_what_is_said_about_them() -> None:
    table = _table()
    split = table.splits()[0]
    other = replace(table, y=table.y.copy())
    other.y[split[1]] = 1 - other.y[split[1]]

    for side in (lambda t: ours(t, [split], LINEAR), lambda t: splines(t, [split])):
        (said,), (said_of_other,) = side(table), side(other)
        np.testing.assert_array_equal(said.p, said_of_other.p)
        assert said_of_other.auc == pytest.approx(1 - said.auc)


def test_a_peer_sees_no_answer_of_the_test_rows_and_all_others() -> None:
    table = _table()
    train, test = table.splits()[0]
    rows = without_answers(table, test)

    assert rows["y"].isna().to_numpy().nonzero()[0].tolist() == test.tolist()
    assert rows["y"].to_numpy()[train].tolist() == table.y[train].tolist()


def test_what_a_peer_says_is_measured_on_the_rows_that_it_was_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "some_fold.py").write_text(PEER)
    monkeypatch.setattr(churn_folds, "PEERS", tmp_path)
    table = _table()
    split = table.splits()[1]

    (fold,) = referee("some", sys.executable, table, [split], 2.0)

    x, y = table.X["x"].to_numpy()[split[1]], table.y[split[1]]
    np.testing.assert_array_equal(fold.p, x)
    assert fold.auc == pytest.approx(roc_auc_score(y, x))
    assert fold.log_loss == pytest.approx(log_loss(y, x))
    assert fold.cpu_s > 0
    assert (tmp_path / "seconds").read_text() == "2"


def test_auc_is_the_mean_of_the_folds_and_log_loss_that_of_all_rows() -> None:
    # the first fold has three rows, the second one: the mean of the folds would be another number
    folds = [_fold([0, 1, 3], [0.5, 0.5, 0.5], 0.6), _fold([2], [0.9], 0.8)]
    y = np.array([0, 1, 1, 1])

    assert mean_auc(folds) == pytest.approx(0.7)
    assert pooled_loss(folds, y) == pytest.approx((-3 * np.log(0.5) - np.log(0.9)) / 4)


def test_numbers_stay_numbers_and_words_become_categories() -> None:
    X = pd.DataFrame({"n": [1, None, 3], "word": ["a", None, "b"], "flag": [True, False, True]})
    frame, infos = as_frame(Table(X, np.array([0, 1, 0])))

    assert [info.kind for info in infos] == ["number", "category", "category"]
    np.testing.assert_array_equal(frame.features.columns["n"], [1, np.nan, 3])
    assert frame.features.columns["word"].tolist() == ["a", None, "b"]
    assert frame.churned.tolist() == [False, True, False]


@pytest.mark.shared_data
def test_the_public_tables_are_whole_and_have_no_answer_among_their_columns() -> None:
    telco, oulad = public_table("telco"), public_table("oulad")

    assert (len(telco.y), int(telco.y.sum()), len(oulad.y)) == (7_043, 1_869, 32_593)
    assert not {"Churn", "customerID"} & set(telco.X.columns)
    assert not {"final_result", "date_unregistration", "id_student"} & set(oulad.X.columns)
    assert oulad.groups is not None
