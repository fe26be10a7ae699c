import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from cip.errors import ModelError
from cip.models.segments.choose import SegmentCount, chosen, why
from cip.models.segments.fit import Segmentation, fit_segments
from cip.models.segments.names import TYPICAL, Word, distinct_names, word_for, words_for
from cip.models.segments.personas import personas
from cip.models.segments.profile import AXES, profile, segment_values
from cip.types import FeatureFrame, FeatureInfo


def info(name, fact, phrase="Has {v} of it (typical {usual})"):
    return FeatureInfo(name, "number", "", f"Amount of {fact}.", phrase, fact)


def frame_of(columns):
    n = len(next(iter(columns.values())))
    ids = np.array([f"c{i:05d}" for i in range(n)], dtype=object)
    return FeatureFrame(ids, np.full(n, np.datetime64("2026-01-01", "us")), columns)


def table_of(x, fact="fact {}"):
    names = [f"raw_{j}" for j in range(x.shape[1])]
    columns = {name: np.asarray(x[:, j], dtype=float) for j, name in enumerate(names)}
    return frame_of(columns), [info(name, fact.format(j)) for j, name in enumerate(names)]


def planted(n=300, k=4, d=6, apart=5.0, seed=0):
    """k round clusters of unequal size, `apart` standard deviations from the middle."""
    rng = np.random.default_rng(seed)
    shares = np.arange(2, k + 2)
    truth = rng.choice(k, n, p=shares / shares.sum())
    frame, infos = table_of(apart * np.eye(k, d)[truth] + rng.normal(size=(n, d)))
    return frame, infos, truth


SHOP = [
    info("spend_all", "spend", "Spent {v} GBP so far (typical {usual})"),
    info("purchase_days_365d", "purchase days", "Bought on {v} days (typical {usual})"),
    info("recency_days", "last purchase", "Last bought {v} days ago (typical {usual})"),
    info("tenure_days", "first purchase", "First bought {v} days ago (typical {usual})"),
    info("refunds_all", "refunds", "Took money back {v} times (typical {usual})"),
]


def shop(n=500, seed=0):
    """Three kinds of customers: big and frequent, new, and lapsed."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, n, p=[0.2, 0.3, 0.5])
    columns = {
        "spend_all": rng.lognormal(np.array([8.0, 4.0, 5.0])[kind], 0.5),
        "purchase_days_365d": 1.0 + rng.poisson(np.array([20, 1, 3])[kind]),
        "recency_days": rng.gamma(8, np.array([1.0, 2.0, 20.0])[kind]),
        "tenure_days": rng.gamma(20, np.array([30.0, 2.0, 30.0])[kind]),
        "refunds_all": rng.poisson(np.array([0.5, 0.05, 0.05])[kind]).astype(float),
    }
    return frame_of(columns), kind


@pytest.fixture(scope="module")
def four():
    frame, infos, truth = planted()
    return frame, infos, truth, fit_segments(frame, infos, k=None, seed=1)


@pytest.fixture(scope="module")
def shoppers():
    frame, kind = shop()
    segmentation = fit_segments(frame, SHOP, k=3, seed=1)
    return frame, kind, segmentation, segmentation.assign(frame)


# --- the clusters


@pytest.mark.parametrize("k", [3, 5])
def test_planted_clusters_are_found_and_counted(k):
    frame, infos, truth = planted(k=k, seed=k)
    found = fit_segments(frame, infos, k=None, seed=1)
    assert found.k == k
    assert adjusted_rand_score(truth, found.assign(frame)) > 0.98
    assert [row.k for row in found.table] == [3, 4, 5, 6, 7, 8]


def test_a_fixed_number_is_kept(four):
    frame, infos, _, _ = four
    found = fit_segments(frame, infos, k=2, seed=1)
    assert found.k == 2
    assert [row.k for row in found.table] == [2]
    assert found.why_k.startswith("2 segments, no other number was asked for")


def test_planted_clusters_are_useful_and_the_sentence_says_why(four):
    signal = four[3].signal
    assert signal.word == "useful"
    shares = {name: estimate.high for name, estimate in signal.evidence.items()}
    assert shares["explained_share"] > max(shares["shuffled_share"], shares["one_cloud_share"])
    for share in shares.values():
        assert f"{100 * share:.1f} %" in signal.sentence


MARGINS = {
    "normal": lambda rng, n: rng.normal(size=(n, 6)),
    "heavy": lambda rng, n: rng.lognormal(0, 2, size=(n, 6)),
    "counts": lambda rng, n: rng.poisson([0.2, 0.5, 1, 2, 4, 8], size=(n, 6)),
    "yes or no": lambda rng, n: rng.random((n, 6)) < 0.4,
}


@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("seed", range(2))
def test_independent_columns_carry_no_signal(margin, seed):
    frame, infos = table_of(MARGINS[margin](np.random.default_rng(seed), 250))
    assert fit_segments(frame, infos, k=None, seed=seed).signal.word == "no signal"


@pytest.mark.parametrize("seed", range(2))
def test_one_long_cloud_without_gaps_is_weak_however_well_it_is_cut(seed):
    rng = np.random.default_rng(seed)
    frame, infos = table_of(2 * rng.normal(size=(500, 1)) + rng.normal(size=(500, 6)))
    signal = fit_segments(frame, infos, k=3, seed=seed).signal
    assert signal.word == "weak"
    assert "by degrees, not in kind" in signal.sentence


def test_few_customers_show_nothing():
    frame, infos = table_of(np.random.default_rng(0).normal(size=(40, 3)))
    signal = fit_segments(frame, infos, k=None, seed=0).signal
    assert (signal.word, signal.evidence) == ("no signal", {})
    assert "only 14 different customers" in signal.sentence


@pytest.mark.parametrize("huge", [1e6, -1e12])
def test_heavy_tails_make_no_segment_of_one_customer(huge):
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.lognormal(3, 2, 400), rng.standard_cauchy(400), rng.normal(size=400)])
    x[0, 0] = huge
    frame, infos = table_of(x)
    sizes = np.bincount(fit_segments(frame, infos, k=5, seed=0).assign(frame))
    assert sizes.min() >= 0.02 * 400


def test_the_unit_of_money_changes_no_segment(shoppers):
    frame, _, _, segment = shoppers
    pence = dict(frame.columns) | {"spend_all": 100 * frame.columns["spend_all"]}
    again = fit_segments(replace(frame, columns=pence), SHOP, k=3, seed=1)
    np.testing.assert_array_equal(again.assign(replace(frame, columns=pence)), segment)


def test_one_fact_told_five_times_counts_once(four):
    frame, infos, _, _ = four
    rng = np.random.default_rng(0)
    copies = {f"copy_{i}": -frame.columns["raw_0"] * (i + 1) + 7 for i in range(4)}
    copies["copy_3"] = copies["copy_3"] + rng.normal(size=300)
    many = replace(frame, columns={**frame.columns, **copies})
    found = fit_segments(many, [*infos, *(info(n, "copied") for n in copies)], k=4, seed=1)
    assert set(found.left_out) == set(copies)
    assert found.left_out["copy_0"] == (
        "tells the same as “Amount of fact 0” (correlation -1.00)"
    )  # fmt: skip
    assert found.centres == fit_segments(frame, infos, k=4, seed=1).centres


def test_what_cannot_be_used_is_left_out_with_its_reason(four):
    frame, infos, _, _ = four
    n = len(frame)
    columns = {
        **frame.columns,
        "flat": np.full(n, 0.1),
        "unknown": np.full(n, np.nan),
        "rare": np.where(np.arange(n) < 0.4 * n, np.arange(n), np.nan),
        "flat_where_known": np.where(np.arange(n) % 2, 3.0, np.nan),
        "plan": np.full(n, "a", dtype=object),
    }
    more = [info(name, name) for name in ("flat", "unknown", "rare", "flat_where_known")]
    more.append(replace(info("plan", "plan"), kind="category"))
    found = fit_segments(replace(frame, columns=columns), [*infos, *more], k=4, seed=1)
    assert found.left_out == {
        "flat": "the same for everybody",
        "unknown": "known for 0 of 300 customers only",
        "rare": "known for 120 of 300 customers only",
        "flat_where_known": "the same for everybody",
        "plan": "not a number",
    }
    assert found.centres == fit_segments(frame, infos, k=4, seed=1).centres


def test_a_missing_value_is_taken_as_the_median():
    frame, infos, _ = planted(n=301)
    found = fit_segments(frame, infos, k=4, seed=1)
    row = {name: values[:1].copy() for name, values in frame.columns.items()}
    row["raw_1"][:] = np.nan
    usual = row | {"raw_1": np.array([np.median(frame.columns["raw_1"])])}
    assert found.assign(frame_of(row)) == found.assign(frame_of(usual))
    assert found.scale.numbers[1].usual == usual["raw_1"][0]


def test_only_the_features_named_are_used(four):
    frame, infos, _, _ = four
    found = fit_segments(frame, infos, k=3, seed=1, features=["raw_2", "raw_0"])
    assert found.scale.features == ("raw_2", "raw_0")


# --- numbers that stay


def test_equal_data_in_any_order_give_equal_segments(four):
    frame, infos, _, segmentation = four
    order = np.random.default_rng(3).permutation(len(frame))
    shuffled = fit_segments(frame.take(order), infos, k=None, seed=1)
    assert shuffled == segmentation
    np.testing.assert_array_equal(
        shuffled.assign(frame.take(order)), segmentation.assign(frame)[order]
    )


def test_the_largest_segment_comes_first(four):
    frame, _, _, segmentation = four
    sizes = np.bincount(segmentation.assign(frame))
    assert sizes.tolist() == sorted(sizes, reverse=True)


def test_json_keeps_every_bit(four):
    segmentation = four[3]
    again = Segmentation.from_json(segmentation.to_json())
    assert again == segmentation
    fresh = planted(n=500, seed=99)[0]
    np.testing.assert_array_equal(again.assign(fresh), segmentation.assign(fresh))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"signal": {"evidence": 3}}',
        '{"scale": 3, "signal": {}}',
        "\x80\x04K",
    ],
)
def test_other_texts_are_no_segments(text):
    with pytest.raises(ModelError, match="M-155"):
        Segmentation.from_json(text)


def test_nobody_is_assigned_to_nothing(four):
    frame, _, _, segmentation = four
    assert segmentation.assign(frame.take(np.zeros(0, dtype=np.int64))).tolist() == []


def test_a_customer_is_assigned_alike_alone_and_among_others(four):
    frame, _, _, segmentation = four
    alone = [segmentation.assign(frame.take(np.array([i])))[0] for i in range(20)]
    assert alone == segmentation.assign(frame)[:20].tolist()


# --- what cannot be


@pytest.mark.parametrize("n", [0, 1, 2, 29])
def test_too_few_customers_are_refused(n):
    frame, infos = table_of(np.random.default_rng(0).normal(size=(n, 3)))
    with pytest.raises(ModelError, match=f"M-153: There are {n} customers for 3 segments"):
        fit_segments(frame, infos, k=None, seed=0)


@pytest.mark.parametrize("k", [-1, 0, 1])
def test_fewer_than_two_segments_are_none(k):
    frame, infos = table_of(np.random.default_rng(0).normal(size=(50, 3)))
    with pytest.raises(ModelError, match="M-157"):
        fit_segments(frame, infos, k=k, seed=0)


@pytest.mark.parametrize("value", [5.0, 1e-300, math.nan])
def test_columns_that_tell_nobody_apart_are_refused(value):
    frame, infos = table_of(np.full((60, 3), value))
    with pytest.raises(ModelError, match="M-151: None of the 3 features can tell 60 customers"):
        fit_segments(frame, infos, k=None, seed=0)


def test_more_segments_than_different_customers_are_refused():
    frame, infos = table_of(np.arange(60)[:, None] % 2)
    with pytest.raises(ModelError, match="M-154: Of 40 customers only 2 differ"):
        fit_segments(frame, infos, k=None, seed=0)
    assert fit_segments(frame, infos, k=2, seed=0).k == 2


def test_a_kind_of_customer_that_a_resample_may_miss_is_no_trouble():
    x = np.where(np.arange(60) < 4, 2, np.arange(60) % 2)[:, None]
    frame, infos = table_of(x)
    found = fit_segments(frame, infos, k=3, seed=0)
    assert sorted(np.bincount(found.assign(frame))) == [4, 28, 28]
    assert found.signal.word == "no signal"


@pytest.mark.parametrize("name", ["raw_9", "plan"])
def test_a_feature_named_must_be_there_and_a_number(name):
    frame, infos = table_of(np.random.default_rng(0).normal(size=(50, 3)))
    infos.append(replace(info("plan", "plan"), kind="category"))
    with pytest.raises(ModelError, match=f"M-152: 1 of 2 .*: {name}"):
        fit_segments(frame, infos, k=2, seed=0, features=["raw_0", name])


def test_infinite_values_and_lacking_columns_are_refused(four):
    frame, infos, _, segmentation = four
    endless = frame.columns["raw_0"].copy()
    endless[3] = np.inf
    with pytest.raises(ModelError, match="raw_0"):
        fit_segments(replace(frame, columns={"raw_0": endless}), infos[:1], k=2, seed=0)
    with pytest.raises(ModelError, match="M-101: 5 of 6 features are not there"):
        segmentation.assign(replace(frame, columns={"raw_0": endless}))


# --- how many


def count(k, silhouette, stability, *, noise=0.02, smallest=0.1):
    return SegmentCount(k, silhouette, stability, noise, 1.0, smallest)


@pytest.mark.parametrize(
    ("table", "k"),
    [
        ([count(3, 0.3, 0.99), count(4, 0.28, 0.93), count(5, 0.27, 0.7)], 4),
        ([count(3, 0.3, 0.99), count(4, 0.2, 0.99)], 3),
        ([count(3, 0.3, 0.6), count(4, 0.3, 0.62), count(5, 0.3, 0.55)], 3),
        ([count(3, 0.3, 0.5), count(4, 0.3, 0.62), count(5, 0.3, 0.62)], 4),
        ([count(3, 0.3, 0.95), count(4, 0.6, 0.99, smallest=0.01)], 3),
        ([count(3, 0.3, 0.95, smallest=0.01), count(4, 0.3, 0.99, smallest=0.01)], 4),
        ([count(3, -0.1, 0.95), count(4, -0.2, 0.99)], 3),
    ],
)
def test_as_many_segments_as_are_found_again_and_stand_apart(table, k):
    assert chosen(table).k == k
    assert why(table, k).startswith(f"{k} segments")


# --- words


def test_personas_say_what_the_segments_are(shoppers):
    frame, kind, segmentation, segment = shoppers
    assert adjusted_rand_score(kind, segment) > 0.9
    told = personas(segmentation, frame, segment, SHOP)
    assert {p.name for p in told} == {
        "Frequent big spenders", "New and recent", "Quiet and long-standing",
    }  # fmt: skip
    lapsed = next(p for p in told if p.name.startswith("Quiet"))
    spent = frame.columns["recency_days"]
    assert f"last bought {np.median(spent[segment == lapsed.segment]):,.0f} days ago" in (
        lapsed.narrative
    )
    assert f"(typical {np.median(spent):,.0f})" in lapsed.narrative


def test_a_narrative_is_two_sentences_with_size_and_without_raw_names(shoppers):
    frame, _, segmentation, segment = shoppers
    for persona in personas(segmentation, frame, segment, SHOP):
        assert len(re.findall(r"\.(?: |$)", persona.narrative)) == 2
        assert f"these {persona.customers:,} customers ({persona.percent} % of all)" in (
            persona.narrative
        )
        assert not any(i.name in persona.name + persona.narrative for i in SHOP)


def test_a_difference_that_medians_hide_is_told_by_means(shoppers):
    frame, _, segmentation, segment = shoppers
    told = personas(segmentation, frame, segment, SHOP)
    refunds = [t for p in told for t in p.traits if t.fact == "refunds" and t.measure == "mean"]
    assert refunds
    for trait in refunds:
        assert trait.sentence.endswith(", on average")
        assert (trait.here > trait.typical) == (trait.distance > 0)
        assert f"{trait.here:.1f} times (typical {trait.typical:.1f})" in trait.sentence


def test_sizes_shares_and_percents_add_up(shoppers):
    frame, _, segmentation, _ = shoppers
    for rest in range(4):
        segment = np.arange(len(frame)) % 3
        segment[:rest] = 0
        told = personas(segmentation, frame, segment, SHOP)
        assert sum(p.customers for p in told) == len(frame)
        assert sum(p.share for p in told) == pytest.approx(1)
        assert sum(p.percent for p in told) == 100


def test_a_segment_without_customers_says_so(shoppers):
    frame, _, segmentation, _ = shoppers
    everybody_in_one = np.zeros(len(frame), dtype=np.int64)
    told = personas(segmentation, frame, everybody_in_one, SHOP)
    assert [p.customers for p in told] == [len(frame), 0, 0]
    assert told[1].narrative == "Nobody is in this segment."
    assert told[0].narrative.startswith("Nothing sets these 500 customers (100 % of all) apart.")


WORDS = st.builds(
    Word,
    st.sampled_from(["frequent", "quiet", "big spenders", "broad taste"]),
    st.sampled_from(["adjective", "people", "with"]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(WORDS, max_size=4), min_size=1, max_size=9))
def test_no_two_segments_have_one_name(words):
    names = distinct_names(words)
    assert len(set(names)) == len(words)
    assert all(name[0].isupper() for name in names)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ([Word("frequent"), Word("big spenders", "people")], "Frequent big spenders"),
        ([Word("new"), Word("quiet")], "New and quiet"),
        ([Word("broad taste", "with"), Word("new")], "New customers with broad taste"),
        ([Word("samplers", "people"), Word("low age", "with")], "Samplers with low age"),
        ([Word("high a", "with"), Word("low b", "with")], "Customers with high a and low b"),
        ([Word("samplers", "people"), Word("big spenders", "people")], "Samplers, big spenders"),
        ([Word("new"), Word("new")], "New customers"),
        ([], TYPICAL),
    ],
)  # fmt: skip
def test_names_read_as_a_person_would_say_them(words, name):
    assert distinct_names([words]) == [name]


def test_equal_segments_are_numbered_when_words_run_out():
    words = [[Word("new")]] * 3
    assert distinct_names(words) == [
        "New customers",
        "New customers, group 2",
        "New customers, group 3",
    ]


@pytest.mark.parametrize(
    ("name", "fact", "above", "below"),
    [
        ("recency_days", "last purchase", "quiet", "recent"),
        ("recency_over_gap", "last purchase", "overdue", "punctual"),
        ("tenure_days", "first purchase", "long-standing", "new"),
        ("spend_trend_90d", "spend", "growing", "slowing"),
        ("spend_share_90d", "spend", "mostly recent spend", "mostly past spend"),
        ("spend_all", "spend", "big spenders", "small spenders"),
        ("gap_mean_days", "rhythm", "occasional", "frequent"),
        ("TotalCharges", "total_charges", "high total charges", "low total charges"),
        ("last_play_days", "last play", "quiet", "recent"),
        ("ratings_365d", "ratings", "many ratings", "few ratings"),
        ("mean_stars_all", "stars", "generous ratings", "strict ratings"),
        ("devices_90d", "variety of devices", "several devices", "one device"),
        ("TotalDayMinutes", "total day minutes", "high total day minutes", "low total day minutes"),
    ],
)
def test_each_feature_has_a_word_for_more_and_for_less(name, fact, above, below):
    assert word_for(info(name, fact), above=True).text == above
    assert word_for(info(name, fact), above=False).text == below


def test_to_do_it_at_all_lately_is_recent_and_not_a_lot():
    watched = FeatureInfo("minutes_28d", "number", "", "", "", "minutes", 28)
    variety = FeatureInfo("items_28d", "number", "", "", "", "variety of items", 28)
    failed = FeatureInfo("failed_28d", "number", "", "", "", "failed payments", 28)
    rare = words_for([(watched, True, True), (variety, True, True), (failed, True, True)])
    assert distinct_names([rare]) == ["Recent viewers with many failed payments"]
    assert words_for([(variety, True, True)]) == [Word("recent")]
    often = words_for([(watched, True, False), (variety, True, False)])
    assert distinct_names([often]) == ["Heavy viewers with broad taste"]


# --- shape and value


def test_the_profile_has_the_same_axes_for_all_and_reads_in_percentiles(shoppers):
    frame, kind, segmentation, segment = shoppers
    shape = profile(segmentation, frame, segment, SHOP)
    assert shape.percentiles.shape == (3, 5)
    assert sorted(shape.features) == sorted(frame.columns)
    assert len(set(shape.labels)) == 5
    assert ((shape.percentiles > 0) & (shape.percentiles < 100)).all()
    spend = shape.percentiles[:, shape.labels.index("Big spenders")]
    big = np.bincount(segment[kind == 0]).argmax()
    assert spend.argmax() == big
    assert spend[big] == pytest.approx(100 * (1 - 0.2 / 2), abs=4)


def test_the_profile_shows_each_fact_once_and_no_more_than_eight():
    x = np.random.default_rng(0).normal(size=(60, 12))
    for facts, axes in (("fact {}", AXES), ("one", 1)):
        frame, infos = table_of(x, facts)
        found = fit_segments(frame, infos, k=3, seed=0)
        shape = profile(found, frame, found.assign(frame), infos)
        assert shape.percentiles.shape == (3, axes)
        assert len(set(shape.facts)) == axes


def test_values_at_risk_add_up_to_the_whole():
    rng = np.random.default_rng(0)
    segment = rng.integers(0, 3, 100)
    p, clv = rng.random(100), rng.lognormal(3, 1, 100)
    table = segment_values(segment, 4, p_churn=p, clv=clv, expected_value_loss=p * clv)
    assert sum(row.customers for row in table) == 100
    assert sum(row.share for row in table) == pytest.approx(1)
    assert sum(row.clv for row in table) == pytest.approx(clv.sum())
    assert sum(row.expected_value_loss for row in table) == pytest.approx((p * clv).sum())
    assert table[1].p_churn == pytest.approx(p[segment == 1].mean())
    assert table[1].mean_clv == pytest.approx(clv[segment == 1].mean())
    assert table[3].customers == 0
    assert math.isnan(table[3].p_churn)


@pytest.mark.parametrize("clv", [np.ones(4), np.array([1.0, 2.0, np.nan])])
def test_values_must_be_known_for_every_customer(clv):
    with pytest.raises(ModelError, match="M-156: clv is known for"):
        segment_values(
            np.zeros(3, dtype=np.int64), 1,
            p_churn=np.zeros(3), clv=clv, expected_value_loss=np.zeros(3),
        )  # fmt: skip
