import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn import metrics as sk
from sklearn.linear_model import LogisticRegression

from cip.errors import ModelError
from cip.models.draws import Draws, Scored
from cip.models.evaluate import (
    POINTS,
    calibration_noise,
    curves,
    evaluate,
    evaluate_all,
    paired_difference,
)
from cip.models.metrics import METRIC, METRICS
from cip.models.resample import bootstrap_weights, customer_folds


def sample(n=800, seed=0):
    rng = np.random.default_rng(seed)
    margin = rng.normal(-1, 1.5, n)
    return rng.random(n) < expit(margin), expit(margin), np.arange(n)


def figures(churned, p, ids, draws=200, threshold=0.5):
    return evaluate(churned, p, ids, threshold=threshold, seed=0, draws=draws)


def width(estimate):
    return estimate.high - estimate.low


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 8).map(lambda k: k / 8), st.integers(1, 4)),
        min_size=2,
        max_size=40,
    ).filter(lambda rows: len({y for y, _, _ in rows}) == 2)
)
def test_weighted_metrics_equal_scikit_learn(rows):
    y, p, w = (np.array(column) for column in zip(*rows, strict=True))
    p = p.astype(float)
    draws = Draws(Scored(y, p), w[None, :].astype(float))

    def ours(name):
        return METRIC[name].compute(draws)[0]

    assert ours("roc_auc") == pytest.approx(sk.roc_auc_score(y, p, sample_weight=w))
    assert ours("pr_auc") == pytest.approx(sk.average_precision_score(y, p, sample_weight=w))
    assert ours("log_loss") == pytest.approx(sk.log_loss(y, p, sample_weight=w))
    assert ours("brier") == pytest.approx(sk.brier_score_loss(y, p, sample_weight=w))
    assert ours("recall") == pytest.approx(sk.recall_score(y, p >= 0.5, sample_weight=w))
    assert ours("accuracy") == pytest.approx(sk.accuracy_score(y, p >= 0.5, sample_weight=w))


def slow_auc(y, p, w):
    """Every leaver against every stayer; a tie is half right."""
    pairs = [(i, j) for i in np.flatnonzero(y) for j in np.flatnonzero(~y)]
    right = sum(w[i] * w[j] * ((p[i] > p[j]) + (p[i] == p[j]) / 2) for i, j in pairs)
    return right / sum(w[i] * w[j] for i, j in pairs)


def slow_lift(y, p, w):
    """Down the list until a tenth is taken; of the last group of equals a share."""
    tenth = w.sum() / 10
    room, found = tenth, 0.0
    for value in sorted(set(p), reverse=True):
        group = w[p == value].sum()
        taken = min(room, group)
        found += taken * w[(p == value) & y].sum() / group if group else 0
        room -= taken
    return found / tenth / (w[y].sum() / w.sum())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 12).map(lambda k: k / 12), st.integers(0, 3)),
        min_size=2,
        max_size=30,
    ).filter(lambda rows: len({y for y, _, w in rows if w}) == 2)
)
def test_what_is_summed_in_order_equals_the_slow_form(rows):
    y, p, w = (np.array(column) for column in zip(*rows, strict=True))
    draws = Draws(Scored(y, p.astype(float)), np.stack([w, np.ones_like(w)]).astype(float))
    slow = {"roc_auc": slow_auc, "pr_auc": slow_average_precision, "top_decile_lift": slow_lift}
    for name, form in slow.items():
        assert METRIC[name].compute(draws)[0] == pytest.approx(form(y, p, w), abs=1e-12)


def slow_average_precision(y, p, w):
    return sk.average_precision_score(y, p, sample_weight=w)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 60), st.booleans())
def test_together_or_alone_a_candidate_gets_the_same_figures(seed, rows, has_ties):
    rng = np.random.default_rng(seed)
    churned, ids = rng.random(rows) < 0.4, rng.integers(0, rows, rows)
    predictions = {name: rng.random(rows) for name in "abc"}
    if has_ties:
        predictions["b"] = np.round(predictions["b"], 1)
    settings_ = {"threshold": 0.5, "seed": 3, "draws": 40}
    together = evaluate_all(churned, predictions, ids, **settings_)
    assert list(together) == ["a", "b", "c"]
    for name, p in predictions.items():
        assert repr(together[name]) == repr(evaluate(churned, p, ids, **settings_))


def test_lift_counts_the_leavers_in_the_tenth_ranked_highest():
    p = np.linspace(1, 0, 100)
    churned = np.zeros(100, dtype=bool)
    churned[[0, 1, 2, 3, 4, 50, 60, 70, 80, 90]] = True
    assert figures(churned, p, np.arange(100))["top_decile_lift"].value == pytest.approx(5.0)


def test_lift_of_equal_probabilities_is_one():
    churned = np.arange(95) % 3 == 0
    found = figures(churned, np.full(95, 0.3), np.arange(95))["top_decile_lift"]
    assert (found.value, found.low, found.high) == pytest.approx((1, 1, 1))


def test_calibration_error_is_the_mean_gap_of_ten_equal_groups():
    churned, p, ids = sample()
    order = np.argsort(p, kind="stable")
    gaps = [len(b) * abs(churned[b].mean() - p[b].mean()) for b in np.array_split(order, 10)]
    found = figures(churned, p, ids)["ece"]
    assert found.value == pytest.approx(sum(gaps) / len(p))
    assert found.low <= found.value <= found.high


def test_rows_of_equal_probability_may_stand_in_any_order():
    """A file sorted by outcome, with few levels of score, is as well calibrated as a mixed one."""
    rng = np.random.default_rng(4)
    p = rng.integers(1, 10, 3000) / 10
    churned, ids = rng.random(3000) < p, np.arange(3000)
    by_outcome = np.argsort(churned, kind="stable")
    mixed, sorted_ = (figures(churned[rows], p[rows], ids) for rows in (slice(None), by_outcome))
    noise = calibration_noise(p, seed=0, draws=400)
    assert sorted_["ece"].value == pytest.approx(mixed["ece"].value, abs=1e-12)
    assert sorted_["ece"].value <= noise.high
    first = curves(churned, p).calibration
    second = curves(churned[by_outcome], p[by_outcome]).calibration
    np.testing.assert_allclose(first.realised, second.realised, atol=1e-12)
    np.testing.assert_allclose(first.predicted, np.sort(p).reshape(10, 300).mean(axis=1))


def test_calibration_error_of_true_probabilities_is_within_its_noise():
    churned, p, ids = sample(3000)
    noise = calibration_noise(p, seed=0, draws=200)
    assert 0 < noise.low <= figures(churned, p, ids)["ece"].value <= noise.high
    assert figures(churned, p**2, ids)["ece"].value > noise.high


def test_totals_add_up():
    churned, p, ids = sample()
    found = figures(churned, p, ids)
    assert found["predicted_total"].value == pytest.approx(p.sum())
    assert found["realised_total"].value == churned.sum()
    assert found["predicted_over_realised"].value == pytest.approx(p.sum() / churned.sum())


def test_the_interval_of_a_mean_is_the_analytic_one():
    churned, p, ids = sample(2000)
    square = (churned - p) ** 2
    found = figures(churned, p, ids, draws=2000)["brier"]
    half = 1.96 * square.std() / math.sqrt(len(p))
    assert found.low == pytest.approx(square.mean() - half, abs=0.12 * half)
    assert found.high == pytest.approx(square.mean() + half, abs=0.12 * half)


def test_rows_of_one_customer_are_drawn_together():
    churned, p, ids = sample(600)
    once = figures(churned, p, ids, draws=600)
    twice = figures(np.tile(churned, 2), np.tile(p, 2), np.tile(ids, 2), draws=600)
    others = figures(
        np.tile(churned, 2), np.tile(p, 2), np.concatenate([ids, ids + 600]), draws=600
    )
    for name in ("roc_auc", "log_loss", "pr_auc", "recall"):
        assert width(twice[name]) == pytest.approx(width(once[name]), rel=1e-9)
        assert width(others[name]) == pytest.approx(width(once[name]) / math.sqrt(2), rel=0.2)


def test_weights_draw_as_many_customers_as_there_are():
    ids = np.array(["b", "a", "b", "c"], dtype=object)
    weights = np.concatenate(list(bootstrap_weights(ids, seed=0, draws=50)))
    assert weights.shape == (50, 4)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, :2].sum(axis=1) + weights[:, 3] == 3).all()


def test_a_customer_is_in_one_fold_only():
    ids = np.random.default_rng(0).integers(0, 50, 400)
    fold = customer_folds(ids, 5, seed=1)
    assert all(len(set(fold[ids == c])) == 1 for c in set(ids))
    assert set(fold) == set(range(5))


def test_the_same_seed_gives_the_same_intervals():
    assert figures(*sample()) == figures(*sample())


@pytest.mark.parametrize("everybody_left", [True, False])
def test_one_class_only_gives_reasons_instead_of_figures(everybody_left):
    p, ids = np.linspace(0.1, 0.9, 30), np.arange(30)
    found = figures(np.full(30, everybody_left), p, ids)
    assert math.isnan(found["roc_auc"].value)
    assert "at least one customer who left and one who stayed" in found["roc_auc"].reason
    assert found["recall"].reason == ("" if everybody_left else "nobody left")
    assert found["brier"].reason == ""


def test_nobody_flagged_gives_a_reason_for_precision():
    churned, p, ids = sample()
    found = figures(churned, p, ids, threshold=1.0)
    assert found["precision"].reason == "nobody was flagged at this threshold"
    assert found["recall"].value == 0


def test_no_rows_give_reasons():
    none = np.zeros(0)
    found = figures(none.astype(bool), none, none)
    assert {e.reason for e in found.values()} == {"there are no rows"}
    assert paired_difference(none.astype(bool), none, none, none, "brier", seed=0, draws=9).reason
    assert calibration_noise(none, seed=0, draws=9).reason
    assert len(curves(none.astype(bool), none).calibration.count) == 0


@pytest.mark.parametrize("wrong", [np.nan, -0.1, 1.1])
def test_what_is_no_probability_is_refused(wrong):
    with pytest.raises(ModelError, match="M-112: 1 of 2"):
        figures(np.array([True, False]), np.array([0.5, wrong]), np.arange(2))
    with pytest.raises(ModelError, match="M-111"):
        figures(np.array([True]), np.array([0.5, 0.5]), np.arange(2))


def test_metrics_come_in_their_order_with_accuracy_last():
    names = [m.name for m in METRICS]
    assert list(figures(*sample(), draws=5)) == names
    assert (names[0], names[-1]) == ("roc_auc", "accuracy")
    assert all(m.description.endswith(".") for m in METRICS)


def test_a_model_does_not_differ_from_itself():
    churned, p, ids = sample()
    same = paired_difference(churned, p, p, ids, "log_loss", seed=0, draws=100)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_a_paired_difference_sees_what_single_intervals_hide():
    churned, p, ids = sample(1500)
    worse = expit(np.log(p / (1 - p)) * 0.8)
    a, b = figures(churned, p, ids)["log_loss"], figures(churned, worse, ids)["log_loss"]
    difference = paired_difference(churned, worse, p, ids, "log_loss", seed=0, draws=400)
    assert a.high > b.low
    assert difference.low > 0
    assert difference.value == pytest.approx(b.value - a.value)


def test_curves_are_thin_and_end_where_they_must():
    churned, p, _ = sample(5000)
    drawn = curves(churned, p)
    assert len(drawn.roc.x) <= POINTS
    assert (drawn.roc.x[0], drawn.roc.y[0]) == (0, 0)
    assert (drawn.roc.x[-1], drawn.roc.y[-1]) == (1, 1)
    area = np.trapezoid(drawn.roc.y, drawn.roc.x)
    assert area == pytest.approx(sk.roc_auc_score(churned, p), abs=1e-3)
    assert drawn.pr.x[-1] == 1
    assert drawn.pr.y[-1] == pytest.approx(churned.mean())


def test_calibration_bins_hold_every_row_once():
    churned, p, _ = sample(1003)
    bins = curves(churned, p).calibration
    assert bins.count.sum() == 1003
    assert (np.diff(bins.predicted) > 0).all()
    assert bins.count @ bins.realised == pytest.approx(churned.sum())
    assert ((bins.low < bins.realised) & (bins.realised < bins.high)).all()


def test_curves_of_one_class_are_empty():
    drawn = curves(np.zeros(10, dtype=bool), np.linspace(0, 1, 10))
    assert len(drawn.roc.x) == len(drawn.pr.x) == 0
    assert drawn.calibration.count.sum() == 10


def recalibration(churned, p, weights):
    reference = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
    return reference.fit(logit(p)[:, None], churned, sample_weight=weights).coef_[0, 0]


@pytest.mark.parametrize("n", [60, 900, 6000])
def test_the_slope_is_the_logistic_fit_on_the_logit_whatever_the_weights(n):
    rng = np.random.default_rng(n)
    margin = rng.normal(-0.5, 1.5, n)
    churned, p = rng.random(n) < expit(0.6 * margin + 0.3), expit(margin)
    weights = np.stack([np.ones(n), rng.integers(0, 4, n).astype(float)])
    found = METRIC["calibration_slope"].compute(Draws(Scored(churned, p), weights))
    expected = [recalibration(churned, p, w) for w in weights]
    assert found == pytest.approx(expected, abs=1e-6 if n < 1000 else 5e-4)


def test_with_the_intercept_as_many_leave_as_said():
    churned, p, _ = sample(700, 3)
    found = METRIC["calibration_intercept"].compute(
        Draws(Scored(churned, p**0.5), np.ones((1, 700)))
    )[0]
    assert found < 0
    assert expit(logit(p**0.5) + found).sum() == pytest.approx(churned.sum())


def test_a_model_that_says_the_truth_has_slope_one_and_intercept_nought():
    found = figures(*sample(20_000, 5))
    for name, right in (("calibration_slope", 1), ("calibration_intercept", 0)):
        assert found[name].low < right < found[name].high
        assert found[name].value == pytest.approx(right, abs=0.06)


@pytest.mark.parametrize(
    "p", [np.full(50, 0.3), np.where(np.arange(50) < 10, 0.8, 0.1)], ids=["one value", "no mistake"]
)
def test_where_there_is_no_slope_the_reason_is_said(p):
    found = figures(np.arange(50) < 10, p, np.arange(50))["calibration_slope"]
    assert math.isnan(found.value)
    assert "differ" in found.reason
