"""The chosen kind of model at earlier dates: what it may learn from, and on whom it is measured."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from scipy.special import expit

from cip.contract.config import Config
from cip.flows.backtest import rolling_origins
from cip.flows.look import Looked
from cip.types import Calendar, FeatureFrame, FeatureInfo, LabelledFrame, joined

START = datetime(2026, 1, 1, tzinfo=UTC)
INFOS = (FeatureInfo("quiet", "number", "", "", "{v}", "quiet"),)
HORIZON, GAP = 30, 7


def frame(day: int, rows: int = 400) -> LabelledFrame:
    rng = np.random.default_rng(day)
    quiet = rng.gamma(2.0, 10.0, rows)
    features = FeatureFrame(
        np.array([f"k{i}" for i in range(rows)], dtype=object),
        np.full(rows, np.datetime64(START.replace(tzinfo=None) + timedelta(days=day), "us")),
        {"quiet": quiet},
    )
    return LabelledFrame(features, rng.random(rows) < expit(-2 + 0.08 * quiet), np.zeros(rows))


def looked() -> Looked:
    train = frame(0)
    for day in (15, 30, 45, 60, 75):
        train = joined(train, frame(day))
    days = [START + timedelta(days=k) for k in (0, 112, 149, 179)]
    return Looked(
        first=START,
        calendar=Calendar((days[0],), *days[1:], HORIZON, GAP, 90),
        rows={},
        train=train,
        validation=frame(112),
        test=frame(149),
        score=frame(179).features,
        infos=INFOS,
        recency="quiet",
        names=np.full(400, None, dtype=object),
        attributes={},
        purchases=None,
        subscribers=None,
        others=(),
        sensitivity=(),
    )


def config(origins: int) -> Config:
    columns = ("customer_id", "occurred_at", "amount", "transaction_id")
    table = {"source": "t", "columns": {name: name for name in columns}}
    return Config.model_validate(
        {
            "format": 1,
            "workspace": {"name": "test", "currency": "EUR"},
            "sources": {"t": {"path": "t.csv"}},
            "tables": {"transactions": table},
            "snapshot": {"horizon_days": HORIZON, "gap_days": GAP},
            "churn": {"origins": origins},
            "run": {"draws": 60},
        }
    )


def test_without_the_option_nothing_is_fitted():
    assert rolling_origins(looked(), "logistic_regression", None, config(0)) == ()


def test_each_origin_learns_from_outcomes_known_by_then_and_outcomes_do_not_overlap():
    made = rolling_origins(looked(), "logistic_regression", None, config(6))
    days = [np.datetime64(origin.cutoff) for origin in made]
    assert days == sorted(days)
    assert (np.diff(days) >= np.timedelta64(HORIZON, "D")).all()
    for origin, day in zip(made, days, strict=True):
        known = np.datetime64(origin.learned_to) + np.timedelta64(HORIZON + GAP, "D")
        assert known <= day
        assert origin.customers == 400
    assert [origin.learned_rows for origin in made] == [400, 1200, 2400]


def test_the_latest_are_taken_and_they_find_what_there_is_to_find():
    (last,) = rolling_origins(looked(), "logistic_regression", None, config(1))
    assert last.cutoff == "2026-04-23"
    assert last.figures["roc_auc"].low > 0.5
    assert last.as_dict()["figures"]["roc_auc"]["value"] == last.figures["roc_auc"].value


def test_what_happened_after_an_origin_changes_no_earlier_figure():
    seen = looked()
    later = replace(seen, validation=replace(seen.validation, churned=~seen.validation.churned))
    before, after = (
        rolling_origins(rows, "logistic_regression", None, config(2))[0] for rows in (seen, later)
    )
    assert before == after
