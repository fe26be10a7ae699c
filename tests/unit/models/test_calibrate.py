import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from cip.errors import ModelError
from cip.models.calibrate import NO_CALIBRATION, Calibration, choose_calibration, fit_sigmoid


def world(n, seed, a=1.0, b=0.0):
    """Margins, and outcomes drawn with log-odds a * margin + b."""
    rng = np.random.default_rng(seed)
    margin = rng.normal(-0.5, 1.5, n)
    return margin, rng.random(n) < expit(a * margin + b), np.arange(n)


def test_the_sigmoid_is_recovered():
    margin, churned, _ = world(50_000, 0, 0.4, -0.7)
    assert fit_sigmoid(margin, churned) == pytest.approx((0.4, -0.7), abs=0.03)


def test_the_sigmoid_is_the_plain_logistic_fit_on_many_rows():
    margin, churned, _ = world(20_000, 1, 0.6, 0.2)
    reference = LogisticRegression(C=np.inf, tol=1e-8).fit(margin[:, None], churned)
    expected = (reference.coef_[0, 0], reference.intercept_[0])
    assert fit_sigmoid(margin, churned) == pytest.approx(expected, abs=2e-3)


def test_perfect_separation_still_has_a_finite_answer():
    a, b = fit_sigmoid(np.linspace(-1, 1, 40), np.arange(40) >= 20)
    assert np.isfinite([a, b]).all()
    assert a > 1


def test_an_overconfident_margin_is_calibrated():
    chosen = choose_calibration(*world(2000, 2, 0.4, -0.7), seed=0)
    assert chosen.kind == "sigmoid"
    assert chosen.log_loss_after < chosen.log_loss_before
    assert (chosen.a, chosen.b) == pytest.approx((0.4, -0.7), abs=0.12)


def test_a_calibrated_margin_is_mostly_left_alone():
    kinds = [choose_calibration(*world(1500, seed), seed=0).kind for seed in range(30)]
    assert kinds.count("none") >= 20


def test_a_ranking_is_never_turned_round():
    margin, churned, ids = world(2000, 3, -1.0, 0.0)
    assert choose_calibration(margin, churned, ids, seed=0).kind == "none"


def test_too_few_leavers_leave_the_margin_as_it_is():
    margin, _, ids = world(500, 4)
    assert choose_calibration(margin, ids < 19, ids, seed=0) == NO_CALIBRATION


def test_a_customer_is_never_scored_by_a_sigmoid_of_the_same_customer():
    margin, churned, ids = world(200, 5)
    many = choose_calibration(*(np.repeat(v, 20) for v in (margin, churned, ids)), seed=0)
    once = choose_calibration(margin, churned, ids, seed=0)
    assert many.log_loss_after == pytest.approx(once.log_loss_after, abs=0.003)


def test_no_calibration_leaves_every_bit():
    margin = np.random.default_rng(0).normal(size=50)
    assert NO_CALIBRATION.apply(margin).tobytes() == margin.tobytes()


@given(st.floats(1e-6, 1e6), st.floats(-1e6, 1e6))
def test_a_calibration_survives_json(a, b):
    calibration = Calibration("sigmoid", a, b, 0.5, None)
    assert Calibration.from_json(calibration.to_json()) == calibration


@pytest.mark.parametrize("text", ["", "[]x", "[1]", '{"slope": 1}'])
def test_a_damaged_calibration_is_refused(text):
    with pytest.raises(ModelError, match="M-104"):
        Calibration.from_json(text)
