"""Who leaves: candidates learn on earlier cutoffs, are chosen on a later one, measured on the last.

They race on a part of the rows.  The chosen model and the baselines are fitted again on all rows of
the training and validation cutoffs, measured once on the test cutoff, and that very model scores
the customers (docs/decisions/0004).  Rivals that were not chosen are not fitted again (docs/
decisions/0023, 0027).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from scipy.special import expit
from threadpoolctl import threadpool_limits

from cip.contract.config import Config
from cip.flows.look import Looked
from cip.flows.rivals import compared_only
from cip.flows.search import Searched, Told, search_in_time, unheard
from cip.models.calibrate import choose_calibration
from cip.models.churn.candidates import CANDIDATES, Candidate, candidate_named
from cip.models.churn.mix import Mix, learn_mixes
from cip.models.churn.model import ChurnModel, fit_churn, mixed
from cip.models.churn.race import drawn_for_race
from cip.models.churn.settings import Settings
from cip.models.evaluate import Curves, curves, evaluate_all
from cip.models.verdict import choice_verdict, recency_comparison, signal_verdict
from cip.types import Estimate, FloatArray, LabelledFrame, Verdict, joined

BASE: Final = "base_rate"
COMPARED_DRAWS: Final = 200  # resamples for figures of all rivals, which only stand side by side
SLOWEST: Final = ("hgb", "random_forest")  # begun first: the others are done beside them
_GOOD_ENOUGH: Final = {"useful": {"useful"}, "weak": {"useful", "weak"}}


@dataclass(frozen=True)
class MeasuredModel:
    """One candidate with what it was worth on validation and on test.

    `test` is of its last fit, which for the chosen model and the baselines is that on all rows of
    the training and the validation cutoffs.  `compared`: on test too, but of the race, so that all
    candidates compare; empty under cross-validation, where all learn from the same rows anyway.
    """

    candidate: Candidate
    validation: Mapping[str, Estimate]
    test: Mapping[str, Estimate]
    compared: Mapping[str, Estimate] = field(default_factory=dict)


@dataclass(frozen=True)
class Churn:
    """The model that serves, how every candidate did, and the answers to the two questions.

    `chosen` names the best candidate; `champion` is that model if it was promoted, else the base
    rate.  `p_test`: (n,) the chosen model's probabilities on the test cutoff, `curves` of them.
    `raced_rows`: how many rows all candidates learned from before one of them was chosen.
    `p_recency`: (n,) those by recency alone; None where there is no time.  `mix`: what the chosen
    one is made of, if it is a mix.  `searched`: the settings of all of them.  `rivals`: those of
    the race that can never serve, where somebody asked what moves the risk by them.
    """

    chosen: str
    label: str
    champion: ChurnModel
    promoted: bool
    models: tuple[MeasuredModel, ...]
    signal: Verdict
    choice: Verdict
    against_recency: str
    p_test: FloatArray
    curves: Curves
    raced_rows: int
    p_recency: FloatArray | None = None
    mix: Mix | None = None
    searched: Searched = field(default_factory=Searched)
    rivals: Mapping[str, ChurnModel] = field(default_factory=dict)


def model_churn(looked: Looked, config: Config, told: Told = unheard) -> Churn:
    """Fit, choose, fit what was chosen again on both, measure once; `told` hears of a search."""
    with threadpool_limits(1, user_api="blas"):
        return _model_churn(looked, config, told)


def _model_churn(looked: Looked, config: Config, told: Told) -> Churn:
    searched = search_in_time(looked.train, looked.infos, config, told)
    settings = searched.settings
    raced = drawn_for_race(looked.train, config.run.seed)
    first = _fit_all(_single(_candidates(config)), raced, looked, config, settings)
    first, mixes, p_validation = _with_mixes(first, looked, config)
    p_compared = _predict(first, looked.test)
    chosen, choice = choice_verdict(
        looked.validation.churned,
        p_validation,
        looked.validation.features.customer_id,
        seed=config.run.seed,
        draws=config.run.draws,
    )
    calibration = choose_calibration(
        first[chosen].margin(looked.validation.features),
        looked.validation.churned,
        looked.validation.features.customer_id,
        seed=config.run.seed,
        method=config.churn.calibration,
    )
    rivals = compared_only(first, config)
    del first
    fitted = _fit_again(chosen, mixes.get(chosen), looked, config, settings)
    fitted[chosen] = fitted[chosen].calibrated(calibration)
    p_test = _predict(fitted, looked.test)
    signal = _signal(p_test, chosen, looked, config)
    promoted = signal.word in _GOOD_ENOUGH[config.churn.promote]
    return Churn(
        chosen=chosen,
        label=candidate_named(chosen).label,
        champion=fitted[chosen if promoted else BASE],
        promoted=promoted,
        models=_measured(p_validation, p_compared, p_test, looked, config),
        signal=signal,
        choice=choice,
        against_recency=recency_comparison(
            looked.test.churned,
            p_test[chosen],
            p_test["recency_only"],
            looked.test.features.customer_id,
            seed=config.run.seed,
            draws=config.run.draws,
        )[0],
        p_test=p_test[chosen],
        curves=curves(looked.test.churned, p_test[chosen]),
        raced_rows=len(raced),
        p_recency=p_test["recency_only"],
        mix=mixes.get(chosen),
        searched=searched,
        rivals=rivals,
    )


def _candidates(config: Config) -> Sequence[Candidate]:
    wanted = config.churn.candidates
    return [c for c in CANDIDATES if c.role == "baseline" or c.name in wanted]


def _single(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    return [c for c in candidates if not c.is_mix]


def _with_mixes(
    models: Mapping[str, ChurnModel], looked: Looked, config: Config
) -> tuple[dict[str, ChurnModel], dict[str, Mix], dict[str, FloatArray]]:
    """The models with those made of them, how these are made, and what all say of validation."""
    later = looked.validation
    margins = {name: model.margin(later.features) for name, model in models.items()}
    found = learn_mixes(
        config.churn.candidates,
        {name: margin for name, margin in margins.items() if candidate_named(name).servable},
        later.churned,
        later.features.customer_id,
        config.run.seed,
    )
    mixes = {name: mix for name, (mix, _) in found.items()}
    margins |= {name: margin for name, (_, margin) in found.items()}
    made = {name: mixed(name, mix, models) for name, mix in mixes.items()}
    return {**models, **made}, mixes, {name: expit(margin) for name, margin in margins.items()}


def _fit_again(
    chosen: str, mix: Mix | None, looked: Looked, config: Config, settings: Settings
) -> dict[str, ChurnModel]:
    """The chosen candidate and the baselines, on the training and the validation cutoffs.

    Of a mix its members learn again, and it stays as it is.
    """
    members = {chosen} if mix is None else set(mix.weights)
    wanted = [c for c in _candidates(config) if c.role == "baseline" or c.name in members]
    both = joined(looked.train, looked.validation)
    fitted = _fit_all(wanted, both, looked, config, settings)
    serves = fitted[chosen] if mix is None else mixed(chosen, mix, fitted)
    base = {name: model for name, model in fitted.items() if name not in members}
    return {**base, chosen: serves}


def _fit_all(
    candidates: Sequence[Candidate],
    train: LabelledFrame,
    looked: Looked,
    config: Config,
    settings: Settings,
) -> dict[str, ChurnModel]:
    """Each candidate, several at once and each on one thread.

    The libraries' own threads wait for each other in a loop: on a busy machine that costs ten
    times the work itself.
    """

    def fit(candidate: Candidate) -> ChurnModel:
        with threadpool_limits(1, user_api="openmp"):
            return fit_churn(
                candidate.name,
                train,
                looked.infos,
                seed=config.run.seed,
                threads=1,
                recency=looked.recency,
                settings=settings,
            )

    with ThreadPoolExecutor(config.run.threads) as pool:
        fitted = pool.map(fit, sorted(candidates, key=lambda c: c.name not in SLOWEST))
        return {model.name: model for model in fitted}


def _predict(models: Mapping[str, ChurnModel], frame: LabelledFrame) -> dict[str, FloatArray]:
    return {name: model.predict(frame.features) for name, model in models.items()}


def _measured(
    p_validation: Mapping[str, FloatArray],
    p_compared: Mapping[str, FloatArray],
    p_test: Mapping[str, FloatArray],
    looked: Looked,
    config: Config,
) -> tuple[MeasuredModel, ...]:
    """`p_test` is of the candidates that were fitted again."""
    few = min(COMPARED_DRAWS, config.run.draws)
    validation = _metrics(p_validation, looked.validation, config, few)
    compared = _metrics(p_compared, looked.test, config, few)
    again = _metrics(p_test, looked.test, config, config.run.draws)
    return tuple(
        MeasuredModel(c, validation[c.name], {**compared, **again}[c.name], compared[c.name])
        for c in _candidates(config)
        if c.name in p_validation
    )


def _metrics(
    predictions: Mapping[str, FloatArray], frame: LabelledFrame, config: Config, draws: int
) -> dict[str, dict[str, Estimate]]:
    return evaluate_all(
        frame.churned,
        predictions,
        frame.features.customer_id,
        threshold=config.churn.threshold,
        seed=config.run.seed,
        draws=draws,
    )


def _signal(
    p_test: Mapping[str, FloatArray], chosen: str, looked: Looked, config: Config
) -> Verdict:
    return signal_verdict(
        looked.test.churned,
        p_test[chosen],
        p_test[BASE],
        looked.test.features.customer_id,
        seed=config.run.seed,
        draws=config.run.draws,
    )
