import numpy as np
import pytest
from scipy.special import expit

from cip.errors import ModelError
from cip.models.churn.candidates import CANDIDATES
from cip.models.churn.model import fit_churn
from cip.models.verdict import choice_verdict, recency_comparison, signal_verdict
from cip.types import FeatureFrame, FeatureInfo, LabelledFrame

INFOS = [FeatureInfo(f"x{i}", "number", "", "x", "{v} ({usual})", f"x{i}") for i in range(4)]


def world(n, seed, margin=lambda x: x[:, 0]):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4))
    features = FeatureFrame(
        np.arange(n).astype(str).astype(object),
        np.full(n, np.datetime64("2026-01-01", "us")),
        {f"x{i}": x[:, i] for i in range(4)},
    )
    return LabelledFrame(features, rng.random(n) < expit(margin(x) - 0.5), np.zeros(n))


def signal(train, test, name="lightgbm", draws=300):
    model = fit_churn(name, train, INFOS, seed=0, threads=1)
    base = np.full(len(test), train.churned.mean())
    return signal_verdict(
        test.churned,
        model.predict(test.features),
        base,
        test.features.customer_id,
        seed=0,
        draws=draws,
    )


def choose(train, test, names):
    predictions = {
        name: fit_churn(name, train, INFOS, seed=0, threads=1).predict(test.features)
        for name in names
    }
    return choice_verdict(test.churned, predictions, test.features.customer_id, seed=0, draws=300)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", ["logistic_regression", "lightgbm"])
def test_shuffled_labels_carry_no_signal(seed, name):
    train, test = world(800, seed), world(800, 100 + seed)
    rng = np.random.default_rng(seed)
    for part in (train, test):
        rng.shuffle(part.churned)
    verdict = signal(train, test, name)
    assert verdict.word == "no signal"
    assert verdict.evidence["log_loss_gain"].low < 0
    assert "not shown to rank" in verdict.sentence


def test_a_planted_signal_is_useful():
    verdict = signal(world(1500, 0), world(1500, 1))
    auc = verdict.evidence["roc_auc"]
    assert verdict.word == "useful"
    assert 0.5 < auc.low < auc.value < auc.high < 1
    assert f"{100 * auc.value:.1f} %" in verdict.sentence


def test_a_ranking_with_wrong_probabilities_is_weak():
    test = world(1500, 1)
    p = 0.9 + 0.1 * expit(test.features.columns["x0"])
    verdict = signal_verdict(
        test.churned, p, np.full(1500, 0.4), test.features.customer_id, seed=0, draws=200
    )
    assert verdict.word == "weak"
    assert "use it to rank, not to count" in verdict.sentence


def test_the_base_rate_itself_has_no_signal():
    test, base = world(500, 1), np.full(500, 0.4)
    verdict = signal_verdict(test.churned, base, base, test.features.customer_id, seed=0, draws=100)
    assert verdict.word == "no signal"
    assert verdict.evidence["roc_auc"].value == 0.5


def test_too_few_leavers_are_no_signal_and_the_sentence_counts_them():
    p = np.linspace(0, 1, 300)
    verdict = signal_verdict(p > 0.95, p, p * 0 + 0.05, np.arange(300), seed=0, draws=50)
    assert verdict.word == "no signal"
    assert "of 300 customers 15 left and 285 stayed" in verdict.sentence


def test_a_linear_world_is_served_by_logistic_regression():
    name, verdict = choose(
        world(1500, 2), world(1500, 3), ["base_rate", "logistic_regression", "lightgbm", "xgboost"]
    )
    assert name == "logistic_regression"
    assert verdict.evidence["base_rate"].low > 0
    assert verdict.sentence.startswith("Chosen: logistic regression")


def test_a_world_of_interactions_is_served_by_trees():
    def crossed(x):
        return 3 * np.sign(x[:, 0] * x[:, 1])

    name, verdict = choose(
        world(1500, 4, crossed), world(1500, 5, crossed), ["logistic_regression", "lightgbm"]
    )
    assert (name, verdict.word) == ("lightgbm", "best")
    assert "Logistic regression is simpler, but its log loss is" in verdict.sentence


def noisy(p, strength, seed):
    """Probabilities whose log-odds were blurred."""
    noise = np.random.default_rng(seed).normal(0, strength, len(p))
    return expit(np.log(p / (1 - p)) + noise)


def test_the_simplest_not_shown_worse_wins_over_the_best():
    rng = np.random.default_rng(0)
    p = expit(rng.normal(size=2000))
    churned, ids = rng.random(2000) < p, np.arange(2000)
    predictions = {
        "xgboost": p,
        "lightgbm": noisy(p, 0.1, 1),
        "logistic_regression": noisy(p, 1.5, 2),
    }
    name, verdict = choice_verdict(churned, predictions, ids, seed=0, draws=300)
    assert name == "lightgbm"
    assert verdict.word == "simplest"
    assert verdict.evidence["xgboost"].value < 0


def test_a_comparison_model_is_never_chosen_but_said_to_be_better():
    rng = np.random.default_rng(1)
    p = expit(2 * rng.normal(size=2000))
    churned, ids = rng.random(2000) < p, np.arange(2000)
    predictions = {"random_forest": p, "logistic_regression": noisy(p, 2.0, 3)}
    name, verdict = choice_verdict(churned, predictions, ids, seed=0, draws=200)
    assert (name, verdict.word) == ("logistic_regression", "only")
    assert "Random forest is better but only compared with, never served" in verdict.sentence


def test_nobody_can_be_chosen_without_a_servable_candidate_or_rows():
    churned, p, ids = np.array([True, False]), np.array([0.5, 0.5]), np.arange(2)
    with pytest.raises(ModelError, match="M-131"):
        choice_verdict(churned, {"hgb": p}, ids, seed=0, draws=9)
    with pytest.raises(ModelError, match="M-132"):
        choice_verdict(churned[:0], {"lightgbm": p[:0]}, ids[:0], seed=0, draws=9)


def test_the_model_is_set_against_recency_alone():
    rng = np.random.default_rng(2)
    p = expit(1.5 * rng.normal(size=1500))
    churned, ids, blurred = rng.random(1500) < p, np.arange(1500), noisy(p, 2.0, 4)
    better, gain = recency_comparison(churned, p, blurred, ids, seed=0, draws=200)
    worse, _ = recency_comparison(churned, blurred, p, ids, seed=0, draws=200)
    same, _ = recency_comparison(churned, p, p, ids, seed=0, draws=200)
    assert better.startswith("It ranks leavers better than recency alone: ROC-AUC +0.")
    assert gain.low > 0
    assert worse.startswith("It ranks leavers worse")
    assert same.startswith("It is not shown to rank")
    unknown, _ = recency_comparison(churned & False, p, p, ids, seed=0, draws=9)
    assert "cannot be said" in unknown


def test_sentences_name_no_model_by_its_code_name():
    names = [c.name for c in CANDIDATES if c.servable and not c.is_mix]
    _, verdict = choose(world(600, 6), world(600, 7), names)
    assert "_" not in verdict.sentence


def test_a_mix_must_save_enough_to_take_the_place_of_one_model():
    rng = np.random.default_rng(8)
    margin = rng.normal(-1, 1.5, 60_000)
    churned = rng.random(60_000) < expit(margin)
    who = np.arange(60_000).astype(str).astype(object)

    def chosen(scale):
        single = {n: expit(margin * scale) for n in ("logistic_regression", "lightgbm")}
        p = {**single, "blend": expit(margin)}
        return choice_verdict(churned, p, who, seed=0, draws=100)

    name, verdict = chosen(1.12)
    assert name == "logistic_regression"
    assert verdict.evidence["blend"].high < 0
    assert "too little for several models in the place of one" in verdict.sentence
    assert chosen(2.0)[0] == "blend"


def test_who_is_passed_over_is_set_against_the_best_and_not_against_the_chosen():
    """What is worse than the best may yet not be shown worse than the one that was chosen."""
    rng = np.random.default_rng(9)
    margin = rng.normal(-1, 1.5, 6000)
    churned = rng.random(6000) < expit(margin)
    who = np.arange(6000).astype(str).astype(object)
    noise = {"logistic_regression": 0.32, "lightgbm": 0.2, "xgboost": 0.0}
    p = {name: expit(margin + rng.normal(0, sd, 6000)) for name, sd in noise.items()}
    chosen, verdict = choice_verdict(churned, p, who, seed=0, draws=200)
    simpler = {"logistic_regression": "Logistic regression", "lightgbm": "LightGBM"}
    passed = [label for name, label in simpler.items() if f"{label} is simpler" in verdict.sentence]
    assert len(passed) == ["logistic_regression", "lightgbm", "xgboost"].index(chosen)
    for said in verdict.sentence.split(" is simpler, but ")[1:]:
        low = float(said.split("interval ")[1].split(" to ")[0])
        assert low > 0
