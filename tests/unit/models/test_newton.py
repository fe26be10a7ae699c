import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from cip.models.churn.linear import KEPT_ROWS, fit_logistic
from cip.models.churn.newton import newton
from cip.models.encode import BLOCK_ROWS, fit_encoder
from cip.types import FeatureFrame, FeatureInfo

PENALTY = 10.0


def sample(rows, width, seed, scale=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, width)) * scale
    return X, rng.random(rows) < expit(X @ rng.normal(size=width) - 1)


def theirs(X, churned, penalty=PENALTY):
    model = LogisticRegression(C=1 / penalty, solver="newton-cholesky", tol=1e-12, max_iter=500)
    model.fit(X, churned)
    return np.append(model.coef_[0], model.intercept_)


def start(X):
    return np.zeros(X.shape[1] + 1)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(30, 300),
    st.integers(1, 12),
    st.sampled_from([0.01, 1.0, 30.0]),
    st.sampled_from([0.5, 10.0]),
)
def test_the_solution_is_that_of_scikit_learn(seed, rows, width, scale, penalty):
    X, churned = sample(rows, width, seed, scale)
    churned[:2] = [True, False]
    ours = newton(lambda: [X], churned, penalty, start(X))
    assert ours == pytest.approx(theirs(X, churned, penalty), abs=1e-7)


def test_blocks_and_start_do_not_move_the_solution():
    X, churned = sample(1000, 6, seed=1)
    whole = newton(lambda: [X], churned, PENALTY, start(X))
    parts = newton(lambda: [X[:7], X[7:600], X[600:]], churned, PENALTY, start(X) + 2.0)
    assert np.abs(whole - parts).max() < 1e-8


def test_a_start_from_which_a_full_step_leads_astray_still_arrives():
    X, churned = sample(400, 3, seed=2)
    far = newton(lambda: [X], churned, PENALTY, start(X) + 8.0)
    assert np.abs(far - theirs(X, churned)).max() < 1e-8


def test_classes_that_a_line_separates_still_have_a_solution():
    X = np.linspace(-1, 1, 60)[:, None]
    churned = X[:, 0] > 0
    assert (
        np.abs(newton(lambda: [X], churned, 1.0, start(X)) - theirs(X, churned, 1.0)).max() < 1e-8
    )


@pytest.mark.parametrize("leavers", ["many", "none among the rows of the start"])
def test_rows_encoded_in_blocks_give_what_the_whole_matrix_gives(leavers):
    rows = KEPT_ROWS + BLOCK_ROWS // 2
    rng = np.random.default_rng(3)
    quiet, plan = rng.gamma(2.0, 10.0, rows), rng.choice(np.array(["a", "b"], dtype=object), rows)
    churned = rng.random(rows) < expit(-2 + 0.05 * quiet)
    if leavers != "many":
        churned[:: rows // BLOCK_ROWS] = False
    infos = [
        FeatureInfo("quiet", "number", "", "", "", ""),
        FeatureInfo("plan", "category", "", "", "", ""),
    ]
    frame = FeatureFrame(
        np.arange(rows).astype(object),
        np.full(rows, np.datetime64("2026-01-01", "us")),
        {"quiet": quiet, "plan": plan, "not_read": quiet},
    )
    encoder = fit_encoder(frame, infos, "spline")
    core, X = fit_logistic(encoder, frame.columns, churned), encoder.transform(frame.columns)
    assert np.abs(np.append(core.weights, core.intercept) - theirs(X, churned)).max() < 1e-8
    assert core.means == pytest.approx(X.mean(axis=0), abs=1e-12)
