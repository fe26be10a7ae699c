"""The chosen kind of model at earlier dates: what it may learn from, and on whom it is measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.made import GAP, HORIZON, calendar_of, config_of, frame_of, looked_of

from cip.contract.config import Config
from cip.flows.backtest import _sums, rolling_origins
from cip.flows.churn import Churn, model_churn
from cip.flows.look import Looked
from cip.models.churn.candidates import candidate_named
from cip.models.churn.mix import Mix
from cip.types import Estimate, LabelledFrame, joined
from cip.wording import last_day


def frame(day: int, rows: int = 400) -> LabelledFrame:
    return frame_of(day, rows)


def looked() -> Looked:
    train = frame(0)
    for day in (15, 30, 45, 60, 75):
        train = joined(train, frame(day))
    rows = train, frame(112), frame(149)
    return looked_of(calendar_of(0, 112, 149, 179), rows, frame(179).features)


def config(origins: int) -> Config:
    return config_of(
        snapshot={"horizon_days": HORIZON, "gap_days": GAP},
        churn={"origins": origins, "candidates": ["logistic_regression"]},
    )


@pytest.fixture(scope="module")
def churn() -> Churn:
    return model_churn(looked(), config(2))


def test_without_the_option_nothing_is_fitted(churn: Churn) -> None:
    made = rolling_origins(looked(), churn, config(0))
    assert made.rows == ()
    assert made.word == "not looked at"


def test_two_earlier_dates_are_looked_at_unless_somebody_says_otherwise() -> None:
    assert Config.model_fields["churn"].default.origins == 2


def test_where_no_model_serves_nothing_is_fitted_and_it_is_said(churn: Churn) -> None:
    made = rolling_origins(looked(), replace(churn, promoted=False), config(2))
    assert made.rows == ()
    assert "no model serves" in made.sentence


def test_each_origin_learns_from_outcomes_known_by_then_and_outcomes_do_not_overlap(
    churn: Churn,
) -> None:
    made = rolling_origins(looked(), churn, config(6)).rows
    days = [np.datetime64(origin.cutoff) for origin in made]
    assert days == sorted(days)
    assert (np.diff(days) >= np.timedelta64(HORIZON, "D")).all()
    for origin, day in zip(made, days, strict=True):
        known = np.datetime64(origin.learned_to) + np.timedelta64(HORIZON + GAP, "D")
        assert known <= day
        assert origin.customers == 400
    assert [origin.learned_rows for origin in made] == [400, 1200, 2400]


def test_the_latest_are_taken_and_they_find_what_there_is_to_find(churn: Churn) -> None:
    (last,) = rolling_origins(looked(), churn, config(1)).rows
    assert last.cutoff == "2026-04-23"
    assert last.figures["roc_auc"].low > 0.5
    assert last.as_dict()["figures"]["roc_auc"]["value"] == last.figures["roc_auc"].value


@pytest.mark.parametrize("part", ["features", "churned"])
def test_what_was_not_known_at_an_origin_changes_no_figure_of_it(part: str, churn: Churn) -> None:
    """Neither later rows, nor outcomes whose horizon or gap was still running."""
    seen = looked()
    first, second = rolling_origins(seen, churn, config(2)).rows
    rows = joined(seen.train, seen.validation)
    origin = np.datetime64(first.cutoff)
    running = rows.features.cutoff + np.timedelta64(HORIZON + GAP, "D") > origin
    later = running & (rows.features.cutoff != origin)
    assert later.any()
    if part == "churned":
        changed = replace(rows, churned=np.where(later, ~rows.churned, rows.churned))
    else:
        columns = {n: np.where(later, 1.0, c) for n, c in rows.features.columns.items()}
        changed = replace(rows, features=replace(rows.features, columns=columns))
    is_last = rows.features.cutoff == seen.validation.features.cutoff[0]
    other = replace(seen, train=changed.take(~is_last), validation=changed.take(is_last))
    again, after = rolling_origins(other, churn, config(2)).rows
    assert again == first
    assert after != second


def told(churn: Churn, test: Estimate) -> Churn:
    """The same with another figure at the test date."""
    return replace(
        churn,
        models=tuple(
            replace(model, test={**model.test, "roc_auc": test})
            if model.candidate.name == churn.chosen
            else model
            for model in churn.models
        ),
    )


def test_a_figure_within_chance_of_the_test_date_is_held_steady(churn: Churn) -> None:
    made = rolling_origins(looked(), churn, config(2))
    assert made.word == "held steady"
    for row in made.rows:
        assert f"ROC-AUC {row.figures['roc_auc'].value:.3f}" in made.sentence
        assert f"at the end of {last_day(row.cutoff)}" in made.sentence
    assert "at the end of 2026-05-29" in made.sentence  # the test date is the midnight after it
    assert made.as_dict() == {"word": made.word, "sentence": made.sentence}


@pytest.mark.parametrize(
    ("ratios", "said"),
    [
        ([Estimate(0.97, 0.94, 1.01), Estimate(1.2, 0.9, 1.5)], ""),
        ([Estimate(0.68, 0.66, 0.7), Estimate(0.97, 0.94, 1.01)], "at 1 of 2 dates"),
        ([Estimate(0.68, 0.66, 0.7), Estimate(1.36, 1.3, 1.4)], "from 0.68 to 1.36 for each one"),
    ],
)
def test_sums_that_were_off_are_said_beside_an_order_that_held(
    ratios: list[Estimate], said: str
) -> None:
    found = _sums([*ratios, Estimate(np.nan, np.nan, np.nan, reason="nobody left")])
    assert said in found
    assert bool(found) == bool(said)


@pytest.mark.parametrize(("auc", "word"), [(0.52, "worse"), (0.99, "better")])
def test_a_figure_beyond_chance_has_drifted_and_it_is_said_which_way(
    auc: float, word: str, churn: Churn
) -> None:
    made = rolling_origins(looked(), told(churn, Estimate(auc, auc - 0.01, auc + 0.01)), config(2))
    assert made.word == "drifted"
    assert f"it ranks {word} lately" in made.sentence


def test_no_date_with_enough_behind_it_is_said(churn: Churn) -> None:
    seen = looked()
    nobody = replace(seen.train, churned=np.zeros(len(seen.train), dtype=bool))
    made = rolling_origins(replace(seen, train=nobody), churn, config(2))
    assert made.rows == ()
    assert "by none had 20 left" in made.sentence


def test_a_mix_is_fitted_from_its_members_with_the_weights_of_now(churn: Churn) -> None:
    mixed = replace(churn, chosen="blend", mix=Mix({"logistic_regression": 1.0}))
    blend = replace(churn.models[-1], candidate=candidate_named("blend"))
    made = rolling_origins(looked(), replace(mixed, models=(blend,)), config(1))
    alone = rolling_origins(looked(), churn, config(1))
    assert made.rows[0].figures["roc_auc"] == alone.rows[0].figures["roc_auc"]
