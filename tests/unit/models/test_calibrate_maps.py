import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from cip.models.calibrate import Calibration, choose_calibration
from cip.models.calibrate_maps import fit_isotonic, fit_venn_abers

TABLES = ("isotonic", "venn_abers")
METHODS = ("none", "sigmoid", *TABLES)


def world(n, seed, bend=lambda m: m):
    rng = np.random.default_rng(seed)
    margin = rng.normal(-0.5, 1.5, n)
    return margin, rng.random(n) < expit(bend(margin)), np.arange(n)


def made(method, n=600, seed=1):
    return choose_calibration(*world(n, seed, lambda m: 0.5 * m - 0.6), seed=0, method=method)


def slow_venn_abers(margin, churned, new):
    """The customer is put among the others with either outcome, and the fit is read off."""
    found = []
    for outcome in (0.0, 1.0):
        fit = IsotonicRegression(out_of_bounds="clip").fit(
            np.append(margin, new), np.append(churned, outcome)
        )
        found.append(float(fit.predict([new])[0]))
    return tuple(found)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=1, max_size=25),
    st.lists(st.integers(-10, 10), min_size=1, max_size=4),
)
def test_venn_abers_is_two_isotonic_fits_for_each_customer(rows, asked):
    margin, churned = (np.array(column, float) for column in zip(*rows, strict=True))
    new = np.array(asked) / 2
    p0, p1 = fit_venn_abers(margin, churned.astype(bool)).interval(new)
    slow = np.array([slow_venn_abers(margin, churned, each) for each in new])
    assert np.column_stack([p0, p1]) == pytest.approx(slow, abs=1e-12)


def test_the_merged_probability_lies_between_and_is_that_of_the_paper():
    margin, churned, _ = world(400, 3)
    table = fit_venn_abers(margin, churned)
    p0, p1 = table.interval(margin)
    p = expit(table.apply(margin))
    assert p == pytest.approx(p1 / (1 - p0 + p1))
    assert ((p0 < p) & (p < p1)).all()


def test_isotonic_is_that_of_scikit_learn_at_the_rows_it_was_fitted_on():
    margin, churned, _ = world(500, 4)
    reference = IsotonicRegression(out_of_bounds="clip").fit_transform(margin, churned)
    nearest = 1 / 502
    expected = np.clip(reference, nearest, 1 - nearest)
    assert expit(fit_isotonic(margin, churned).apply(margin)) == pytest.approx(expected)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-9, 9), st.booleans()), min_size=2, max_size=60),
    st.sampled_from((fit_isotonic, fit_venn_abers)),
)
def test_a_table_never_turns_the_ranking_round_and_never_says_never(rows, fit):
    margin, churned = (np.array(column) for column in zip(*rows, strict=True))
    moved = fit(margin.astype(float), churned.astype(bool)).apply(np.linspace(-12, 12, 500))
    assert np.isfinite(moved).all()
    assert (np.diff(moved) >= 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_calibration_comes_back_from_text_to_the_last_bit(method):
    calibration = made(method)
    assert calibration.kind == method
    again = Calibration.from_json(calibration.to_json())
    assert again == calibration
    margin = np.linspace(-8, 8, 4001)
    assert again.apply(margin).tobytes() == calibration.apply(margin).tobytes()
    assert again.to_json() == calibration.to_json()


def test_an_older_file_without_tables_is_still_read():
    text = json.dumps({"kind": "sigmoid", "a": 0.5, "b": 0.1, "log_loss_before": None})
    assert Calibration.from_json(text) == Calibration("sigmoid", 0.5, 0.1)


@pytest.mark.parametrize("method", METHODS)
def test_reasons_add_up_to_the_calibrated_margin_and_keep_their_signs(method):
    calibration, rng = made(method), np.random.default_rng(7)
    shap, base = rng.normal(0, 0.6, (800, 5)), -0.7
    margin = base + shap.sum(axis=1)
    moved_base, moved = calibration.explain(base, shap, margin)
    assert moved_base + moved.sum(axis=1) == pytest.approx(calibration.apply(margin), abs=1e-12)
    assert moved_base == calibration.apply(np.array([base]))[0]
    assert (moved * shap >= 0).all()
    grown = np.abs(moved).sum(axis=1) / np.abs(shap).sum(axis=1)
    assert grown.max() < 4  # a step between two customers does not blow their reasons up


def test_a_customer_like_the_base_has_no_reasons_to_add_up():
    calibration = made("venn_abers")
    _, moved = calibration.explain(0.2, np.zeros((2, 3)), np.array([0.2, 0.2]))
    assert not moved.any()


@pytest.mark.parametrize("method", TABLES)
def test_a_table_mends_what_no_sigmoid_can(method):
    margin, churned, ids = world(6000, 5, lambda m: np.where(m > 0, 2.0, -2.0))
    calibrated = choose_calibration(margin, churned, ids, seed=0, method=method)
    sigmoid = choose_calibration(margin, churned, ids, seed=0, method="sigmoid")
    assert calibrated.log_loss_after < sigmoid.log_loss_after < sigmoid.log_loss_before


def test_a_table_is_made_as_asked_even_where_it_does_not_help_and_the_loss_says_so():
    asked = choose_calibration(*world(300, 6), seed=0, method="isotonic")
    assert asked.kind == "isotonic"
    assert asked.log_loss_after > asked.log_loss_before


@pytest.mark.parametrize("method", METHODS)
def test_a_ranking_is_never_turned_round_by_any_method(method):
    upside_down = world(1000, 8, lambda m: -m)
    assert choose_calibration(*upside_down, seed=0, method=method).kind == "none"


def test_only_venn_abers_has_an_interval():
    margin = np.zeros(3)
    assert all(made(m).interval(margin) is None for m in ("none", "sigmoid", "isotonic"))
    low, high = made("venn_abers").interval(margin)
    assert (low < high).all()


def test_a_margin_that_differs_in_the_last_bits_is_on_the_same_step():
    margin, churned, _ = world(2000, 10)
    table = fit_venn_abers(margin, churned)
    for nearly in (np.nextafter(margin, 9), np.nextafter(margin, -9)):
        assert np.array_equal(table.apply(nearly), table.apply(margin))


def test_the_mean_of_leavers_lies_between_the_mean_ends():
    """What Venn-Abers promises: one of the two ends is calibrated, so the mean is between them."""
    margin, churned, _ = world(3000, 9, lambda m: np.sin(3 * m) + m)
    table = fit_venn_abers(margin[:1000], churned[:1000])
    p0, p1 = table.interval(margin[1000:])
    noise = 2 * np.sqrt(0.25 / 2000)
    assert p0.mean() - noise < churned[1000:].mean() < p1.mean() + noise
