"""Who leaves, learnt from a table without time: nested cross-validation, by customer.

Five folds with equal shares of leavers.  For each fold the candidate and its calibration are
chosen on the other four alone, by models that saw three of them; the chosen candidate is fitted on
the four and scores the fifth.  So each published probability comes from models, and from a choice,
that did not see that customer's label, and what is measured is the way of choosing, not the winner
of a choice made on the same rows (Varma and Simon 2006; docs/decisions/0019).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
from scipy.special import expit
from threadpoolctl import threadpool_limits

from cip.contract.config import Config
from cip.errors import ContractError
from cip.flows.churn import BASE, Churn, MeasuredModel
from cip.flows.plain_look import PlainLooked
from cip.models.calibrate import Calibration, choose_calibration
from cip.models.churn.candidates import CANDIDATES, Candidate, candidate_named
from cip.models.churn.mix import Mix, learn_mixes
from cip.models.churn.model import ChurnModel, fit_churn, mixed
from cip.models.evaluate import curves, evaluate
from cip.models.resample import customer_folds
from cip.models.verdict import choice_verdict, signal_verdict
from cip.types import BoolArray, Estimate, FloatArray, IntArray, LabelledFrame

FOLDS: Final = 5
_GOOD_ENOUGH: Final = {"useful": {"useful"}, "weak": {"useful", "weak"}}
_NO_RECENCY: Final = "There is no recency to compare with: the table has no time."


@dataclass(frozen=True)
class Scored:
    """p_churn of m customers and why: margin = base + the sum of the contributions, row by row.

    `contributions`: (m, k) by feature of the champion; the others (m,).  `low` and `high`: where
    the calibration gives an interval, else NaN.
    """

    p: FloatArray
    margin: FloatArray
    base: FloatArray
    contributions: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class PlainChurn:
    """What a run with events also has, measured out of fold, and the scores of everybody.

    `made.champion` is fitted on all labels and serves new rows; `scored` are the customers of the
    table, those with a label by models that did not see it.  `chosen_in`: the candidate that each
    fold's own choice fell on.
    """

    made: Churn
    scored: Scored
    chosen_in: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        counted = Counter(self.chosen_in)
        named = ", ".join(f"{candidate_named(n).label} {k}" for n, k in counted.most_common())
        return {
            "folds": FOLDS,
            "chosen_in": dict(counted),
            "sentence": (
                f"Nested cross-validation by customer, {FOLDS} folds: in each the candidate was "
                f"chosen anew on the other {FOLDS - 1} ({named} of {FOLDS}), so nobody's figure "
                "rests on their own label."
            ),
        }


def model_plain(looked: PlainLooked, config: Config) -> PlainChurn:
    """Choose and measure inside the folds, then fit what serves on all labels.

    Raises: ContractError C-213 where no attribute is left to learn from.
    """
    if not looked.infos:
        raise ContractError(
            "C-213",
            "the customer table has no attribute that a model may learn from.",
            "name columns in tables.customers.attributes",
        )
    study = _Study(looked, config)
    ways = study.choices()
    out = study.out_of_fold(ways)
    rows, who = looked.labelled, looked.labelled.features.customer_id
    seed, draws = config.run.seed, config.run.draws
    p = {name: expit(margin) for name, margin in out.margin.items()}
    chosen, choice = choice_verdict(rows.churned, p, who, seed=seed, draws=draws)
    mixes = {name: mix for name, (mix, _) in study.mixes(out.margin, study.everybody).items()}
    # one number for all: the rates of the folds would rank their own leavers lower
    p_base = np.full(len(rows), rows.churned.mean())
    signal = signal_verdict(rows.churned, out.nested, p_base, who, seed=seed, draws=draws)
    promoted = signal.word in _GOOD_ENOUGH[config.churn.promote]
    way = _way(chosen, out.margin[chosen], rows, config, mixes)
    champion = study.fit_way(way) if promoted else study.fit(BASE, study.everybody)
    metrics = {name: study.measured(values) for name, values in (p | {BASE: p_base}).items()}
    return PlainChurn(
        made=Churn(
            chosen=chosen,
            label=candidate_named(chosen).label,
            champion=champion,
            promoted=promoted,
            models=_models(chosen, study.measured(out.nested), metrics),
            signal=signal,
            choice=choice,
            against_recency=_NO_RECENCY,
            p_test=out.nested,
            curves=curves(rows.churned, out.nested),
            raced_rows=len(rows),
        ),
        scored=_scores(looked, champion, study, out.models if promoted else ()),
        chosen_in=tuple(way.name for way in ways),
    )


@dataclass(frozen=True)
class _Way:
    """A candidate with its calibration, and how every mix of candidates is made."""

    name: str
    calibration: Calibration
    mixes: Mapping[str, Mix]


@dataclass(frozen=True)
class _OutOfFold:
    """`margin`: (n,) by candidate; `nested`: (n,) p_churn of each fold's own choice, `models`."""

    margin: Mapping[str, FloatArray]
    nested: FloatArray
    models: tuple[ChurnModel, ...]


class _Study:
    """The labelled rows in their folds, and what is fitted on them."""

    def __init__(self, looked: PlainLooked, config: Config) -> None:
        self._rows, self._infos, self._config = looked.labelled, looked.infos, config
        self.folds: IntArray = customer_folds(
            self._rows.features.customer_id,
            FOLDS,
            seed=config.run.seed,
            strata=self._rows.churned,
        )
        self.everybody: BoolArray = np.ones(len(self._rows), dtype=np.bool_)
        entered = [c for c in CANDIDATES if c.name in config.churn.candidates]
        self._single = [c.name for c in entered if not c.is_mix]
        self._servable = [c.name for c in entered if c.servable and not c.is_mix]

    def fit(self, name: str, inside: BoolArray) -> ChurnModel:
        """The candidate fitted on these rows, on one thread."""
        train = self._rows.take(inside)
        with threadpool_limits(1, user_api="openmp"):
            return fit_churn(name, train, self._infos, seed=self._config.run.seed, threads=1)

    def fit_way(self, way: _Way) -> ChurnModel:
        """What was chosen, fitted on all rows and calibrated."""
        mix = way.mixes.get(way.name)
        names = [way.name] if mix is None else list(mix.weights)
        models = {name: self.fit(name, self.everybody) for name in names}
        return _made(way, models).calibrated(way.calibration)

    def mixes(
        self, margin: Mapping[str, FloatArray], inside: BoolArray
    ) -> dict[str, tuple[Mix, FloatArray]]:
        """The mixes that these rows make of (n,) margins of models that did not see them."""
        rows = self._rows.take(inside)
        return learn_mixes(
            self._config.churn.candidates,
            {name: margin[name][inside] for name in self._servable},
            rows.churned,
            rows.features.customer_id,
            self._config.run.seed,
        )

    def choices(self) -> tuple[_Way, ...]:
        """What each fold's training rows choose among the servable candidates.

        A model that saw neither of two folds tells both what it would have said of the other's
        rows: ten models a candidate do the work of twenty.
        """
        names = self._servable
        margin = {name: np.full((FOLDS, len(self._rows)), np.nan) for name in names}

        def learn(task: tuple[str, tuple[int, int]]) -> None:
            name, (one, two) = task
            outside = np.isin(self.folds, (one, two))
            said = self.fit(name, ~outside).margin(self._rows.features.take(outside))
            held = self.folds[outside]
            margin[name][one, self.folds == two] = said[held == two]
            margin[name][two, self.folds == one] = said[held == one]

        pairs = combinations(range(FOLDS), 2)
        self._each(learn, [(name, pair) for pair in pairs for name in names])
        return tuple(
            self._choice({name: margins[fold] for name, margins in margin.items()}, fold)
            for fold in range(FOLDS)
        )

    def out_of_fold(self, ways: Sequence[_Way]) -> _OutOfFold:
        """Every candidate, and every fold's choice, on the rows that they did not see."""
        names = [*self._single, *ways[0].mixes]
        margin = {name: np.empty(len(self._rows)) for name in names}
        fitted: list[dict[str, ChurnModel]] = [{} for _ in range(FOLDS)]

        def learn(task: tuple[str, int]) -> None:
            name, fold = task
            inside = self.folds == fold
            fitted[fold][name] = self.fit(name, ~inside)
            margin[name][inside] = fitted[fold][name].margin(self._rows.features.take(inside))

        self._each(learn, [(name, fold) for fold in range(FOLDS) for name in self._single])
        models = []
        for fold, way in enumerate(ways):
            inside = self.folds == fold
            for name, mix in way.mixes.items():
                margin[name][inside] = mix.margin({k: margin[k][inside] for k in mix.weights})
            models.append(_made(way, fitted[fold]).calibrated(way.calibration))
        return _OutOfFold(margin, self._nested(models), tuple(models))

    def _nested(self, models: Sequence[ChurnModel]) -> FloatArray:
        """(n,) p_churn by the model of each row's fold."""
        p = np.empty(len(self._rows))
        for fold, model in enumerate(models):
            inside = self.folds == fold
            p[inside] = model.predict(self._rows.features.take(inside))
        return p

    def measured(self, p: FloatArray) -> dict[str, Estimate]:
        """The metrics of (n,) probabilities."""
        return evaluate(
            self._rows.churned,
            p,
            self._rows.features.customer_id,
            threshold=self._config.churn.threshold,
            seed=self._config.run.seed,
            draws=self._config.run.draws,
        )

    def _choice(self, margin: Mapping[str, FloatArray], fold: int) -> _Way:
        inside = self.folds != fold
        rows, mixes = self._rows.take(inside), self.mixes(margin, inside)
        told = {name: values[inside] for name, values in margin.items()}
        told |= {name: values for name, (_, values) in mixes.items()}
        chosen, _ = choice_verdict(
            rows.churned,
            {name: expit(values) for name, values in told.items()},
            rows.features.customer_id,
            seed=self._config.run.seed,
            draws=self._config.run.draws,
        )
        made = {name: mix for name, (mix, _) in mixes.items()}
        return _way(chosen, told[chosen], rows, self._config, made)

    def _each(self, learn: Callable[[Any], None], tasks: Sequence[Any]) -> None:
        threads = self._config.run.threads
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
            list(pool.map(learn, tasks))


def _way(
    name: str,
    margin: FloatArray,
    rows: LabelledFrame,
    config: Config,
    mixes: Mapping[str, Mix],
) -> _Way:
    """The candidate, calibrated on margins of rows that it did not see."""
    who, method = rows.features.customer_id, config.churn.calibration
    calibration = choose_calibration(margin, rows.churned, who, config.run.seed, method)
    return _Way(name, calibration, mixes)


def _made(way: _Way, models: Mapping[str, ChurnModel]) -> ChurnModel:
    """What was chosen, of models fitted on the same rows."""
    mix = way.mixes.get(way.name)
    return models[way.name] if mix is None else mixed(way.name, mix, models)


def _models(
    chosen: str, nested: dict[str, Estimate], metrics: Mapping[str, dict[str, Estimate]]
) -> tuple[MeasuredModel, ...]:
    """Test figures are out of fold; the chosen one's are those of the whole way of choosing."""

    def measured(candidate: Candidate) -> MeasuredModel:
        own = metrics[candidate.name]
        if candidate.name == chosen:
            return MeasuredModel(candidate, own, nested, own)
        return MeasuredModel(candidate, {}, own)

    return tuple(measured(c) for c in CANDIDATES if c.name in metrics)


def _scores(
    looked: PlainLooked, champion: ChurnModel, study: _Study, models: Sequence[ChurnModel]
) -> Scored:
    """Everybody by the champion, then those with a label by the model of their fold."""
    made = _scored_by(champion, looked, np.ones(len(looked.score), dtype=np.bool_))
    place = np.flatnonzero(looked.known)
    for fold, model in enumerate(models):
        theirs = np.zeros(len(looked.score), dtype=np.bool_)
        theirs[place[study.folds == fold]] = True
        part = _scored_by(model, looked, theirs)
        for whole, values in zip(_arrays(made), _arrays(part), strict=True):
            whole[theirs] = values
    return made


def _scored_by(model: ChurnModel, looked: PlainLooked, rows: BoolArray) -> Scored:
    frame = looked.score.take(rows)
    base, contributions = model.contributions(frame)
    margin = model.margin(frame)
    none = np.full(len(frame), np.nan)
    low, high = model.interval(frame) or (none, none.copy())
    return Scored(expit(margin), margin, np.full(len(frame), base), contributions, low, high)


def _arrays(scored: Scored) -> tuple[FloatArray, ...]:
    return scored.p, scored.margin, scored.base, scored.contributions, scored.low, scored.high
