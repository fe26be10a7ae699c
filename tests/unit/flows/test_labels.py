"""Another answer to "who has left?", judged beside the one that is modelled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.made import QUIET, SPENT, config_of, frame_of

from cip.contract.config import Config, LabelRule
from cip.flows.labels import JudgedLabel, judge_forward
from cip.models.churn.race import ROWS, drawn_for_race
from cip.types import LabelledFrame

RULE = LabelRule(kind="purchase")


def config() -> Config:
    return config_of()


def judged(train: LabelledFrame, test: LabelledFrame) -> JudgedLabel:
    return judge_forward((train, frame_of(40, 600), test), (QUIET, SPENT), RULE, config())


def test_what_the_data_know_of_is_found_on_a_later_date() -> None:
    label = judged(frame_of(0, 1_500), frame_of(80, 1_500))
    assert label.verdict.word == "useful"
    assert label.customers == 1_500
    assert label.roc_auc.low > 0.6


def test_labels_that_mean_nothing_are_no_signal() -> None:
    rng = np.random.default_rng(3)
    shuffled = [
        replace(f, churned=rng.permutation(f.churned))
        for f in (frame_of(0, 900), frame_of(80, 900))
    ]
    assert judged(*shuffled).verdict.word == "no signal"


def test_a_judge_learns_from_no_more_rows_than_candidates_race_on() -> None:
    many, test = frame_of(0, ROWS + 3_000), frame_of(80, 500)
    drawn = drawn_for_race(many, config().run.seed)
    assert len(drawn) == ROWS
    assert judged(many, test).roc_auc == judged(drawn, test).roc_auc
