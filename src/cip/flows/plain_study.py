"""One split of a table without time into folds: what each fold chooses, and what it says.

For each fold the candidate and its calibration are chosen on the other four alone, by models that
saw three of them; the chosen candidate is fitted on the four and scores the fifth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
from scipy.special import expit
from threadpoolctl import threadpool_limits

from cip.contract.config import Config
from cip.flows.plain_look import PlainLooked
from cip.models.calibrate import Calibration, choose_calibration
from cip.models.churn.candidates import CANDIDATES
from cip.models.churn.mix import Mix, learn_mixes
from cip.models.churn.model import ChurnModel, fit_churn, mixed
from cip.models.churn.settings import DEFAULT, Settings
from cip.models.resample import customer_folds
from cip.models.verdict import choice_verdict
from cip.types import BoolArray, FloatArray, IntArray, LabelledFrame

FOLDS: Final = 5


@dataclass(frozen=True)
class Way:
    """A candidate with its calibration, and how every mix of candidates is made."""

    name: str
    calibration: Calibration
    mixes: Mapping[str, Mix]


@dataclass(frozen=True)
class OutOfFold:
    """`margin`: (n,) by candidate; `nested`: (n,) p_churn of each fold's own choice, `models`."""

    margin: Mapping[str, FloatArray]
    nested: FloatArray
    models: tuple[ChurnModel, ...]


def folds_of(rows: LabelledFrame, config: Config, repeat: int) -> IntArray:
    """(n,) the fold of each row, by customer and with equal shares of leavers."""
    seed = config.run.seed + repeat
    return customer_folds(rows.features.customer_id, FOLDS, seed=seed, strata=rows.churned)


class Study:
    """The labelled rows in the folds of one repeat, and what is fitted on them.

    `settings`: of every fold, as its own training rows gave them.
    """

    def __init__(
        self, looked: PlainLooked, config: Config, repeat: int, settings: Sequence[Settings]
    ) -> None:
        self._rows, self._infos, self._config = looked.labelled, looked.infos, config
        self._settings = settings
        self.folds: IntArray = folds_of(self._rows, config, repeat)
        self.everybody: BoolArray = np.ones(len(self._rows), dtype=np.bool_)
        entered = [c for c in CANDIDATES if c.name in config.churn.candidates]
        self._single = [c.name for c in entered if not c.is_mix]
        self._servable = [c.name for c in entered if c.servable and not c.is_mix]

    def fit(self, name: str, inside: BoolArray, settings: Settings) -> ChurnModel:
        """The candidate fitted on these rows, on one thread."""
        train, seed = self._rows.take(inside), self._config.run.seed
        with threadpool_limits(1, user_api="openmp"):
            return fit_churn(name, train, self._infos, seed=seed, threads=1, settings=settings)

    def fit_way(self, way: Way, settings: Settings) -> ChurnModel:
        """What was chosen, fitted on all rows and calibrated."""
        mix = way.mixes.get(way.name)
        names = [way.name] if mix is None else list(mix.weights)
        models = {name: self.fit(name, self.everybody, settings) for name in names}
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

    def choices(self) -> tuple[Way, ...]:
        """What each fold's training rows choose among the servable candidates.

        A model that saw neither of two folds tells both what it would have said of the other's
        rows: ten models a candidate do the work of twenty.  Where the two found other settings,
        each needs its own, for those of the one have seen the rows of the other.
        """
        names = self._servable
        margin = {name: np.full((FOLDS, len(self._rows)), np.nan) for name in names}

        def learn(task: tuple[str, tuple[int, int]]) -> None:
            name, (one, two) = task
            outside = np.isin(self.folds, (one, two))
            rows, held = self._rows.features.take(outside), self.folds[outside]
            mine, other = (self._settings[fold].get(name, DEFAULT) for fold in (one, two))
            said = self.fit(name, ~outside, {name: mine}).margin(rows)
            margin[name][one, self.folds == two] = said[held == two]
            if mine != other:
                said = self.fit(name, ~outside, {name: other}).margin(rows)
            margin[name][two, self.folds == one] = said[held == one]

        pairs = combinations(range(FOLDS), 2)
        self._each(learn, [(name, pair) for pair in pairs for name in names])
        return tuple(
            self._choice({name: margins[fold] for name, margins in margin.items()}, fold)
            for fold in range(FOLDS)
        )

    def out_of_fold(self, ways: Sequence[Way]) -> OutOfFold:
        """Every candidate, and every fold's choice, on the rows that they did not see."""
        names = [*self._single, *ways[0].mixes]
        margin = {name: np.empty(len(self._rows)) for name in names}
        fitted: list[dict[str, ChurnModel]] = [{} for _ in range(FOLDS)]

        def learn(task: tuple[str, int]) -> None:
            name, fold = task
            inside = self.folds == fold
            model = self.fit(name, ~inside, self._settings[fold])
            fitted[fold][name] = model
            margin[name][inside] = model.margin(self._rows.features.take(inside))

        self._each(learn, [(name, fold) for fold in range(FOLDS) for name in self._single])
        models = []
        for fold, way in enumerate(ways):
            inside = self.folds == fold
            for name, mix in way.mixes.items():
                margin[name][inside] = mix.margin({k: margin[k][inside] for k in mix.weights})
            models.append(_made(way, fitted[fold]).calibrated(way.calibration))
        return OutOfFold(margin, self._nested(models), tuple(models))

    def _nested(self, models: Sequence[ChurnModel]) -> FloatArray:
        """(n,) p_churn by the model of each row's fold."""
        p = np.empty(len(self._rows))
        for fold, model in enumerate(models):
            inside = self.folds == fold
            p[inside] = model.predict(self._rows.features.take(inside))
        return p

    def _choice(self, margin: Mapping[str, FloatArray], fold: int) -> Way:
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
        return way_of(chosen, told[chosen], rows, self._config, made)

    def _each(self, learn: Callable[[Any], None], tasks: Sequence[Any]) -> None:
        threads = self._config.run.threads
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
            list(pool.map(learn, tasks))


def way_of(
    name: str,
    margin: FloatArray,
    rows: LabelledFrame,
    config: Config,
    mixes: Mapping[str, Mix],
) -> Way:
    """The candidate, calibrated on margins of rows that it did not see."""
    who, method = rows.features.customer_id, config.churn.calibration
    calibration = choose_calibration(margin, rows.churned, who, config.run.seed, method)
    return Way(name, calibration, mixes)


def _made(way: Way, models: Mapping[str, ChurnModel]) -> ChurnModel:
    """What was chosen, of models fitted on the same rows."""
    mix = way.mixes.get(way.name)
    return models[way.name] if mix is None else mixed(way.name, mix, models)
