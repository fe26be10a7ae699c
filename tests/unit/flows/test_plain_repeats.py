"""A table without time, again with other folds, and with settings searched inside the folds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.plain import plain_looked, plain_toml

from cip.contract.config import Config, parse_config
from cip.flows import plain_churn, plain_study
from cip.flows import search as searching
from cip.flows.plain_churn import PlainChurn, model_plain
from cip.flows.plain_look import PlainLooked
from cip.flows.plain_study import FOLDS, Study, folds_of
from cip.models.churn import search as inner
from cip.models.churn.search import Found
from cip.models.churn.settings import Settings
from cip.models.evaluate import evaluate
from cip.types import Estimate
from cip.worlds.plain import PlainConfig, simulate_plain

WORLD = simulate_plain(PlainConfig(customers=500))


def config(more: str = "") -> Config:
    return parse_config(plain_toml(["logistic_regression"], churn=more))


def looked() -> PlainLooked:
    return plain_looked(WORLD, config())


def chosen(made: PlainChurn) -> Mapping[str, Estimate]:
    """The figures of the way of choosing."""
    return next(m.test for m in made.made.models if m.candidate.name == made.made.chosen)


@pytest.fixture(scope="module")
def once() -> PlainChurn:
    return model_plain(looked(), config())


@pytest.fixture(scope="module")
def thrice() -> PlainChurn:
    return model_plain(looked(), config("repeats = 3"))


def test_one_repeat_unless_somebody_says_otherwise(once: PlainChurn) -> None:
    assert Config.model_fields["churn"].default.repeats == 1
    assert once.as_dict()["repeats"] == 1
    assert "repeats" not in once.as_dict()["sentence"]
    rows = looked().labelled
    assert chosen(once) == evaluate(
        rows.churned, once.made.p_test, rows.features.customer_id,
        threshold=0.5, seed=config().run.seed, draws=100,
    )  # fmt: skip


def test_every_repeat_has_other_folds_with_equal_shares_of_leavers() -> None:
    rows = looked().labelled
    folds = [folds_of(rows, config(), repeat) for repeat in range(3)]
    assert not (folds[0] == folds[1]).all()
    for fold in folds:
        left = np.bincount(fold, weights=rows.churned)
        assert left.max() - left.min() <= 1


def test_the_choice_is_made_anew_in_every_fold_of_every_repeat(thrice: PlainChurn) -> None:
    said = thrice.as_dict()
    assert len(thrice.chosen_in) == 3 * FOLDS
    assert said["repeats"] == 3
    assert "5 folds, 3 times with other folds" in said["sentence"]
    assert "of 15)" in said["sentence"]
    assert f"{min(thrice.auc_in):.4f} and {max(thrice.auc_in):.4f}" in said["sentence"]


def test_figures_are_means_over_the_repeats_and_scores_those_of_the_first(
    once: PlainChurn, thrice: PlainChurn
) -> None:
    auc = chosen(thrice)["roc_auc"]
    assert len(set(thrice.auc_in)) == 3
    assert auc.value == pytest.approx(np.mean(thrice.auc_in))
    assert thrice.auc_in[0] == pytest.approx(chosen(once)["roc_auc"].value)
    np.testing.assert_array_equal(thrice.made.p_test, once.made.p_test)
    np.testing.assert_array_equal(thrice.scored.p, once.scored.p)
    total = chosen(thrice)["realised_total"]
    assert total.value == looked().labelled.churned.sum()


def test_repeats_are_no_further_customers(once: PlainChurn, thrice: PlainChurn) -> None:
    """Three times as many customers would narrow an interval by a factor of 1.7."""
    for name in ("roc_auc", "log_loss"):
        one, many = (chosen(made)[name] for made in (once, thrice))
        assert many.high - many.low > 0.8 * (one.high - one.low)
    one, many = (made.made.signal.evidence["log_loss_gain"] for made in (once, thrice))
    assert many.high - many.low > 0.8 * (one.high - one.low)


@pytest.fixture
def in_few_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches look at the clock a few times only, and in every test alike."""

    def search(*args: Any, **options: Any) -> tuple[Found, ...]:
        now = iter(range(1000))
        return inner.search(*args, **{**options, "seconds": 12}, clock=lambda: next(now))

    monkeypatch.setattr(searching, "search", search)


def figures(made: PlainChurn) -> list[tuple[Found, ...]]:
    return [part.found for part in made.searched_in]


def test_what_a_fold_finds_does_not_depend_on_the_rows_that_it_is_measured_on(
    in_few_turns: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, settings = looked(), config("search_seconds = 60")
    folds = folds_of(seen.labelled, settings, 0)
    for module in (plain_churn, plain_study):  # else other labels would make other folds
        monkeypatch.setattr(module, "folds_of", lambda *_: folds)
    before = figures(model_plain(seen, settings))
    held, rows = folds == 2, seen.labelled
    tenure = np.where(held, -1.0, rows.features.columns["Tenure"])
    columns = {**rows.features.columns, "Tenure": tenure}
    others = replace(
        rows,
        churned=rows.churned ^ held,
        features=replace(rows.features, columns=columns),
    )
    after = figures(model_plain(replace(seen, labelled=others), settings))
    assert all(found[0].tried > 1 for found in before)
    assert before[2] == after[2]
    assert all(before[fold] != after[fold] for fold in range(FOLDS) if fold != 2)


def test_settings_of_one_fold_are_not_used_for_the_choice_of_another() -> None:
    """They have seen the rows that the other is measured on."""
    own: Settings = {"logistic_regression": {"C": 30.0}}
    default: Settings = {}
    seen, calibrated = looked(), config('calibration = "sigmoid"')
    ways = Study(seen, calibrated, 0, [default] * FOLDS).choices()
    mixed = Study(seen, calibrated, 0, [own, *[default] * (FOLDS - 1)]).choices()
    assert mixed[1:] == ways[1:]
    assert mixed[0] != ways[0]


def test_found_settings_serve_and_each_fold_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    best = iter([{"C": 30.0}, *[{}] * FOLDS])

    def search(*_: Any, **__: Any) -> tuple[Found, ...]:
        factors = next(best)
        gain = Estimate(0.01, 0.005, 0.015)
        return (Found("logistic_regression", 2, 0.5, factors, gain, departs=bool(factors)),)

    monkeypatch.setattr(searching, "search", search)
    made = model_plain(looked(), config("search_seconds = 60"))
    given = model_plain(looked(), config("settings.logistic_regression = { C = 30.0 }"))
    assert made.made.champion.core.files() == given.made.champion.core.files()
    assert [part.settings for part in made.searched_in] == [{}] * FOLDS
    assert not np.array_equal(made.made.p_test, given.made.p_test)
