import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import BSpline

from cip.errors import ModelError
from cip.models.encode import Encoder, fit_encoder
from cip.types import FeatureFrame, FeatureInfo

NUMBER = FeatureInfo("n", "number", "", "a number", "{v} ({usual})", "n")
CATEGORY = FeatureInfo("c", "category", "", "a category", "{v} ({usual})", "c")

numbers = st.one_of(
    st.just(math.nan),
    st.sampled_from([-0.0, 0.0, 1.0, 2.5]),
    st.floats(-1e9, 1e9, allow_subnormal=False),
)
texts = st.one_of(st.none(), st.sampled_from(["a", "b", "ä = ö", ""]))
styles = st.sampled_from(["tree", "spline"])


def frame(**columns):
    n = len(next(iter(columns.values())))
    arrays = {
        k: np.array(v, dtype=object if k.startswith("c") else np.float64)
        for k, v in columns.items()
    }
    ids = np.array([str(i) for i in range(n)], dtype=object)
    return FeatureFrame(ids, np.full(n, np.datetime64("2026-01-01", "us")), arrays)


@settings(max_examples=150, deadline=None)
@given(
    train=st.lists(st.tuples(numbers, texts), min_size=1, max_size=40),
    later=st.lists(st.tuples(numbers, texts), min_size=1, max_size=10),
    repeat=st.sampled_from([1, 25]),
    style=styles,
)
def test_the_encoder_survives_json_and_one_row_equals_the_batch(train, later, repeat, style):
    n, c = zip(*train * repeat, strict=True)
    encoder = fit_encoder(frame(n=n, c=c), [NUMBER, CATEGORY], style)
    again = Encoder.from_json(encoder.to_json())
    assert again == encoder
    n, c = zip(*train, *later, strict=True)
    batch = encoder.transform(frame(n=n, c=c).columns)
    assert again.transform(frame(n=n, c=c).columns).tobytes() == batch.tobytes()
    rows = [again.transform_one({"n": a, "c": b}) for a, b in zip(n, c, strict=True)]
    assert np.array(rows).tobytes() == batch.tobytes()
    assert batch.shape[1] == len(encoder.outputs) == len(encoder.source)
    assert style == "tree" or np.isfinite(batch).all()


def test_a_curve_is_the_uniform_cubic_b_spline_of_the_rank():
    x = np.random.default_rng(0).gamma(1.0, 5.0, 5000)
    encoder = fit_encoder(frame(n=x), [NUMBER], "spline")
    ours = encoder.transform(frame(n=x).columns)[:, :7]
    rank = np.interp(x, np.quantile(x, np.linspace(0, 1, 200)), np.linspace(0, 1, 200))
    knots = np.arange(-3, 9) / 5
    reference = BSpline.design_matrix(rank, knots, 3).toarray()[:, :7]
    assert np.abs(ours - reference).max() < 1e-12


def test_splines_flatten_and_the_line_stops_beyond_what_training_saw():
    x = np.arange(1000.0)
    encoder = fit_encoder(frame(n=x), [NUMBER], "spline")
    far, farther, inside = encoder.transform(frame(n=[2e3, 1e90, 999.0]).columns)
    assert far.tolist() == farther.tolist() == inside.tolist()
    assert abs(far[7]) < 2


def test_one_huge_training_value_does_not_squash_the_straight_line():
    x = np.append(np.arange(999.0), 1e12)
    encoder = fit_encoder(frame(n=x), [NUMBER], "spline")
    line = encoder.transform(frame(n=x).columns)[:, 7]
    assert abs(line[900] - line[100]) > 2
    assert np.abs(line).max() < 3


def test_trees_get_numbers_as_they_are_and_keep_nan():
    out = fit_encoder(frame(n=[1.0, math.nan]), [NUMBER], "tree").transform(
        frame(n=[math.nan, -7.25]).columns
    )
    assert math.isnan(out[0, 0])
    assert out[1, 0] == -7.25


def test_rare_unknown_and_missing_levels_have_their_place():
    train = frame(c=["a"] * 30 + ["b"] * 20 + ["rare"] * 19 + [None] * 3)
    encoder = fit_encoder(train, [CATEGORY], "tree")
    assert encoder.outputs == ("c = a", "c = b", "c: other", "c: missing")
    out = encoder.transform(frame(c=["b", "rare", "never seen", None]).columns)
    assert out.argmax(axis=1).tolist() == [1, 2, 2, 3]
    assert (out.sum(axis=1) == 1).all()


def test_a_missing_level_that_training_never_saw_is_other():
    encoder = fit_encoder(frame(c=["a"] * 30), [CATEGORY], "spline")
    assert encoder.transform_one({"c": None}).tolist() == [0.0, 1.0]


def test_few_values_are_one_hot_and_a_new_value_goes_to_the_nearest():
    encoder = fit_encoder(frame(n=[0.0, 1.0, 1.0, 5.0, math.nan]), [NUMBER], "spline")
    assert encoder.outputs == ("n = 0", "n = 1", "n = 5", "n: missing")
    out = encoder.transform(frame(n=[0.4, 3.0, 100.0, math.nan]).columns)
    assert out.argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_a_missing_number_that_training_never_saw_counts_as_usual():
    few = fit_encoder(frame(n=[0.0, 1.0, 1.0]), [NUMBER], "spline")
    assert few.transform_one({"n": None}).tolist() == few.transform_one({"n": 1.0}).tolist()
    many = fit_encoder(frame(n=np.arange(101.0)), [NUMBER], "spline")
    assert many.transform_one({"n": None}).tolist() == many.transform_one({"n": 50.0}).tolist()


def test_a_number_that_never_varies_gives_a_regression_no_columns():
    encoder = fit_encoder(frame(n=[3.0, 3.0], c=["a", "b"]), [NUMBER, CATEGORY], "spline")
    assert encoder.source.tolist() == [1]
    assert encoder.per_feature(np.array([[2.0]])).tolist() == [[0.0, 2.0]]


def test_contributions_add_up_per_raw_feature():
    train = frame(n=np.arange(30.0), c=["a"] * 30)
    encoder = fit_encoder(train, [NUMBER, CATEGORY], "spline")
    k = len(encoder.outputs)
    sums = encoder.per_feature(np.arange(k, dtype=float)[None, :])
    assert sums.tolist() == [[sum(range(8)), 8 + 9]]


@pytest.mark.parametrize("style", ["tree", "spline"])
def test_a_missing_column_is_named(style):
    encoder = fit_encoder(frame(n=[1.0, 2.0], c=["a", "b"]), [NUMBER, CATEGORY], style)
    with pytest.raises(ModelError, match="M-101: 1 of 2 features are not there: c"):
        encoder.transform(frame(n=[1.0]).columns)
    with pytest.raises(ModelError, match="features are not there: n"):
        encoder.transform_one({"c": "a"})
    with pytest.raises(ModelError, match="lacks 1 of 2 features: c"):
        fit_encoder(frame(n=[1.0]), [NUMBER, CATEGORY], style)


@pytest.mark.parametrize(("given", "code"), [("5", "M-102"), (math.inf, "M-103")])
def test_a_number_of_the_wrong_kind_is_refused(given, code):
    encoder = fit_encoder(frame(n=np.arange(9.0)), [NUMBER], "spline")
    with pytest.raises(ModelError, match=code):
        encoder.transform_one({"n": given})
    with pytest.raises(ModelError, match=code):
        encoder.transform({"n": np.array([given])})


def test_a_category_of_the_wrong_kind_is_refused():
    encoder = fit_encoder(frame(c=["a"] * 30), [CATEGORY], "tree")
    with pytest.raises(ModelError, match=r"M-102: Feature c must hold text; it holds 5.0"):
        encoder.transform_one({"c": 5.0})
    with pytest.raises(ModelError, match="M-102"):
        encoder.transform({"c": np.array(["a", 5.0], dtype=object)})


def test_nan_in_a_category_is_missing():
    encoder = fit_encoder(frame(c=["a"] * 30 + [None] * 30), [CATEGORY], "tree")
    said = encoder.transform({"c": np.array(["a", math.nan, None], dtype=object)})
    assert said.tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]
    assert encoder.transform_one({"c": math.nan}).tolist() == said[1].tolist()


def test_a_whole_number_beyond_all_floats_is_refused_in_words():
    encoder = fit_encoder(frame(n=np.arange(9.0)), [NUMBER], "tree")
    with pytest.raises(ModelError, match="M-103"):
        encoder.transform_one({"n": 10**400})


@pytest.mark.parametrize("text", ["", "{}", '{"style": "tree", "parts": [{"part": "gremlin"}]}'])
def test_a_damaged_encoder_is_refused(text):
    with pytest.raises(ModelError, match="M-104"):
        Encoder.from_json(text)


def test_contributions_of_a_row_add_up_to_the_same_bits_alone_and_among_others() -> None:
    rng = np.random.default_rng(4)
    x, few = rng.normal(size=300), rng.integers(0, 3, 300).astype(float)
    frame = FeatureFrame(
        np.arange(300).astype(object),
        np.zeros(300, "datetime64[us]"),
        {"x": x, "still": np.zeros(300), "few": few, "y": -x},
    )
    infos = [FeatureInfo(name, "number", "", "", "{v}", name) for name in frame.columns]
    encoder = fit_encoder(frame, infos, "spline")
    shap = rng.normal(size=(300, len(encoder.outputs)))
    among = encoder.per_feature(shap)
    assert not among[:, 1].any()
    assert np.allclose(among[:, 0], shap[:, : np.count_nonzero(encoder.source == 0)].sum(axis=1))
    assert all(
        encoder.per_feature(row[None, :]).tobytes() == own.tobytes()
        for row, own in zip(shap, among, strict=True)
    )
