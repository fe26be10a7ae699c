"""What a search for settings may see, what it changes, and how it is said."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from tests.made import GAP, HORIZON, QUIET, SPENT, calendar_of, config_of, frame_of, looked_of

from cip.contract.config import Config, parse_config
from cip.errors import SettingsError
from cip.flows import search as searching
from cip.flows.churn import model_churn
from cip.flows.look import Looked
from cip.flows.search import Searched, search_each, search_in_time, splits_in_time
from cip.flows.search_words import as_toml, search_figures, sentence, settings_figures
from cip.models.churn import search as inner
from cip.models.churn.search import Found
from cip.types import Estimate, LabelledFrame, joined

INFOS = (QUIET, SPENT)
DAYS = (0, 20, 40, 60, 80)


def frame(day: int, rows: int = 150) -> LabelledFrame:
    return frame_of(day, rows)


def train(days: tuple[int, ...] = DAYS) -> LabelledFrame:
    rows = frame(days[0])
    for day in days[1:]:
        rows = joined(rows, frame(day))
    return rows


def looked() -> Looked:
    rows = train(), frame(117, 500), frame(154, 500)
    return looked_of(calendar_of(0, 117, 154, 184), rows, frame(184, 500).features)


def config(**churn: object) -> Config:
    churn = {"candidates": ["logistic_regression", "lightgbm"], "search_seconds": 60} | churn
    return config_of(churn=churn, snapshot={"horizon_days": HORIZON, "gap_days": GAP})


def clock_of(step: float) -> Callable[[], float]:
    now = iter(np.arange(0, 1e6, step).tolist())
    return lambda: next(now)


@pytest.fixture
def in_few_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search of 60 s looks at the clock twelve times, so that it is over soon and repeatable."""

    def search(*args: object, **options: object) -> tuple[Found, ...]:
        return inner.search(*args, **options, clock=clock_of(5.0))

    monkeypatch.setattr(searching, "search", search)


def test_off_by_default_and_then_nothing_is_tried() -> None:
    found = search_in_time(train(), INFOS, config(search_seconds=0))
    assert Config.model_fields["churn"].default.search_seconds == 0
    assert found == Searched()
    assert search_figures(found, 0) is None


def test_inner_outcomes_are_over_before_the_cutoff_that_judges() -> None:
    splits = splits_in_time(train(), config())
    assert len(splits) == 2
    judged = []
    for split in splits:
        (cutoff,) = np.unique(split.judge.features.cutoff)
        over = split.learn.features.cutoff + np.timedelta64(HORIZON + GAP, "D")
        assert (over <= cutoff).all()
        judged.append(cutoff)
    assert judged[0] - judged[1] >= np.timedelta64(HORIZON, "D")


@pytest.mark.parametrize("days", [(0,), (0, 20)])
def test_where_no_training_cutoff_is_late_enough_customers_are_divided(
    days: tuple[int, ...], in_few_turns: None
) -> None:
    assert splits_in_time(train(days), config()) == ()
    found = search_in_time(train(days), INFOS, config())
    assert "training customers" in found.how
    assert sum(one.tried for one in found.found) > 0


def test_too_few_leavers_is_said_and_the_defaults_stay() -> None:
    rows = frame(0, 30)
    found = search_in_time(rows, INFOS, config())
    assert found.settings == {}
    assert sentence(found).startswith("No settings were searched: too few")


def test_validation_and_test_rows_change_nothing_of_what_is_found(in_few_turns: None) -> None:
    seen = looked()
    before = model_churn(seen, config()).searched
    turned = {
        part: replace(
            getattr(seen, part),
            churned=~getattr(seen, part).churned,
            features=replace(
                getattr(seen, part).features,
                columns={name: np.full(500, 7.0) + np.arange(500) for name in ("quiet", "spent")},
            ),
        )
        for part in ("validation", "test")
    }
    after = model_churn(replace(seen, **turned), config()).searched
    assert replace(before, spent=0) == replace(after, spent=0)
    assert sum(one.tried for one in before.found) > 2
    some = seen.train.churned ^ (np.arange(len(seen.train)) % 3 == 0)
    rows = replace(seen, train=replace(seen.train, churned=some))
    assert model_churn(rows, config()).searched.found != before.found


def test_settings_pasted_into_cip_toml_give_byte_equal_models() -> None:
    """Of a search that found something: the settings are what the models depend on, not the way."""
    factors = {"C": 0.03}
    text = as_toml({"logistic_regression": factors, "lightgbm": {"leaves": 2.0, "l2": 0.1}})
    given = tomllib.loads(text)["churn"]["settings"]
    assert given == {"logistic_regression": factors, "lightgbm": {"leaves": 2.0, "l2": 0.1}}
    pasted = config(search_seconds=0, settings=given)
    made, plain = (model_churn(looked(), c) for c in (pasted, config(search_seconds=0)))
    again = model_churn(looked(), pasted)
    assert made.champion.artefacts() == again.champion.artefacts()
    assert made.champion.artefacts() != plain.champion.artefacts()
    assert settings_figures(made.searched.settings) == given


def test_found_settings_are_those_that_the_models_are_fitted_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    best = {"C": 0.03}
    gain = Estimate(0.01, 0.005, 0.015, 0.99)
    found = (Found("logistic_regression", 4, 0.4, best, gain, departs=True),)
    monkeypatch.setattr(searching, "search", lambda *_, **__: found)
    one = model_churn(looked(), config(candidates=["logistic_regression"]))
    given = config(
        candidates=["logistic_regression"], search_seconds=0,
        settings={"logistic_regression": best},
    )  # fmt: skip
    assert one.champion.artefacts() == model_churn(looked(), given).champion.artefacts()


def test_a_candidate_with_given_settings_is_not_searched(in_few_turns: None) -> None:
    given = {"lightgbm": {"leaves": 2.0}}
    found = search_in_time(train(), INFOS, config(settings=given))
    assert [one.name for one in found.found] == ["logistic_regression"]
    assert found.settings["lightgbm"] == {"leaves": 2.0}
    both = {**given, "logistic_regression": {}}
    none = search_in_time(train(), INFOS, config(settings=both))
    assert sentence(none).startswith("No settings were searched: none of the candidates")


@pytest.mark.parametrize("wrong", ["leafs = 2", "leaves = 0", "leaves = -1", "leaves = inf"])
def test_a_wrong_setting_is_refused_in_words(wrong: str) -> None:
    with pytest.raises(SettingsError):
        parse_config(f"format = 1\n[churn.settings.lightgbm]\n{wrong}\n")


def test_progress_says_what_how_far_and_how_long(in_few_turns: None) -> None:
    heard: list[str] = []
    search_in_time(train(), INFOS, config(), heard.append)
    assert heard[0].startswith("searching settings: 1 tried")
    assert all(said.endswith("s of 60 s") for said in heard)


def test_searches_share_the_seconds_and_each_sees_its_own_rows(in_few_turns: None) -> None:
    heard: list[str] = []
    one, two = frame(0, 400), frame(1, 400)
    made = search_each([("fold 1", one), ("fold 2", two)], INFOS, config(), heard.append)
    assert made[0].budget == pytest.approx(30, abs=1)
    assert 30 <= made[1].budget <= 60  # with what the first one left
    other = search_each([("fold 1", one), ("fold 2", frame(2, 400))], INFOS, config())
    assert made[0].found == other[0].found
    assert made[1].found[0].log_loss != other[1].found[0].log_loss
    assert {said.split(":")[0] for said in heard} == {"fold 1", "fold 2"}


def searched(*found: Found) -> Searched:
    return Searched({}, 60.0, 59.6, found, "learned here and judged there")


def test_nothing_gained_is_said_with_its_interval() -> None:
    gain = Estimate(0.0004, -0.0011, 0.0019, 0.99)
    said = sentence(searched(Found("lightgbm", 12, 0.4, {"leaves": 2.0}, gain, departs=False)))
    assert "tried 12 settings (LightGBM 12)" in said
    assert "None is shown to be better than the size-aware defaults, which stay." in said
    assert "2 × leaves, saves 0.0004 nats of log loss (−0.0011 to +0.0019), which may be" in said


def test_what_was_found_is_said_and_can_be_pasted() -> None:
    gain = Estimate(0.004, 0.001, 0.007, 0.99)
    made = searched(Found("lightgbm", 12, 0.4, {"leaves": 2.0}, gain, departs=True))
    figures = search_figures(made, 60, (made, searched()))
    assert figures is not None
    assert "departs from its default: 2 × leaves saves 0.0040 nats" in figures["sentence"]
    assert "each of the 2 folds searched anew" in figures["sentence"]
    assert "1 of them left a default" in figures["sentence"]
    assert figures["toml"] == "[churn.settings.lightgbm]\nleaves = 2.0"
    assert json.loads(json.dumps(figures)) == figures


def test_too_short_a_budget_is_said() -> None:
    nothing = Estimate(float("nan"), float("nan"), float("nan"), reason="none")
    said = sentence(searched(Found("lightgbm", 0, float("nan"), {}, nothing, departs=False)))
    assert said == "No settings were searched: 60 s are too few for a single one."


def test_a_budget_for_the_defaults_alone_is_said() -> None:
    nothing = Estimate(float("nan"), float("nan"), float("nan"), reason="none")
    said = sentence(searched(Found("lightgbm", 1, 0.4, {}, nothing, departs=False)))
    assert said.endswith("That is the defaults alone: give it more seconds.")
    assert "None is shown" not in said
