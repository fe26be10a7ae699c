"""Our own model beside somebody's score: learnt on the file's other columns, never on its own rows.

Five folds by customer.  In each the candidate is chosen inside the other four (the base rate is
one of them, so that columns which tell nothing are not made to), learns on all four, and speaks of
the fifth.  The same again with the score as one more column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from threadpoolctl import threadpool_limits

from cip.flows.judge_features import FOLDS, Others, frame_of, infos_of
from cip.models.churn.candidates import candidate_named
from cip.models.churn.model import ChurnModel, fit_churn
from cip.models.evaluate import paired_difference
from cip.models.judge.curves import Listed
from cip.models.judge.score import Score, ranks_of
from cip.models.leaks.bounds import auc
from cip.models.leaks.single import groups_of, rates_elsewhere
from cip.models.resample import customer_folds
from cip.types import BoolArray, Estimate, FeatureFrame, FloatArray, IntArray, LabelledFrame

CANDIDATES: Final = ("base_rate", "logistic_regression", "lightgbm")
FEWEST: Final = 34  # of each class: three of five folds still hold the 20 that a model learns from
NOTHING: Final = candidate_named("base_rate").label
_THREADS: Final = 2
_SCORE: Final = "the judged score"


@dataclass(frozen=True)
class Rival:
    """What was learnt without the score, with it, and from the best single column.

    On `rows` rows: `score_auc`, `auc`, `auc_with` and `auc_single` are ROC-AUCs; `over_rival` is
    that of the score minus ours, `adds` that of ours with the score minus without, `over_single`
    that of the score minus the best column's; 95 % intervals.  `log_loss` compares likewise, where
    the score states probabilities.  `gains`: share of leavers found by ours, over
    the shares of `cip.models.judge.curves.SHARE`.  `unread`: columns beyond those that were read.
    """

    rows: int
    columns: tuple[str, ...]
    chosen: str
    single: str
    score_auc: float
    auc: float
    auc_with: float
    auc_single: float
    over_rival: Estimate
    adds: Estimate
    over_single: Estimate
    log_loss: Estimate | None
    gains: FloatArray
    unread: int = 0


def rival_of(
    others: Others,
    score: Score,
    column: NDArray[Any],
    churned: BoolArray,
    customer_id: NDArray[Any],
    *,
    seed: int,
    draws: int,
) -> Rival | str:
    """The comparison, or why there is none; the arrays are (n,), `others` tells which of them.

    `column`: the score as a model reads it, numbers or texts.
    """
    if not others.columns:
        return "The file has no other column that a model may learn from."
    left, who, risk = churned[others.at], customer_id[others.at], score.risk[others.at]
    if min(int(left.sum()), int((~left).sum())) < FEWEST:
        return f"Our own model needs at least {FEWEST} who left and {FEWEST} who stayed."
    study = _Study(others.columns, left, who, seed)
    beside = _Study({**others.columns, _SCORE: column[others.at]}, left, who, seed)
    chosen = study.choices()
    p, p_with = study.out_of_fold(chosen), beside.out_of_fold(beside.choices())
    single, p_single = study.best_column()
    stated = None if score.p is None else score.p[others.at]

    def minus(a: FloatArray, b: FloatArray, metric: str = "roc_auc") -> Estimate:
        return paired_difference(left, a, b, who, metric, seed=seed, draws=draws)

    ranked = ranks_of(risk)
    return Rival(
        rows=len(left),
        columns=tuple(others.columns),
        chosen=candidate_named(Counter(chosen).most_common(1)[0][0]).label,
        single=single,
        score_auc=auc(left, risk),
        auc=auc(left, p),
        auc_with=auc(left, p_with),
        auc_single=auc(left, p_single),
        over_rival=minus(ranked, p),
        adds=minus(p_with, p),
        over_single=minus(ranked, p_single),
        log_loss=None if stated is None else minus(p, stated, "log_loss"),
        gains=_gains(p, left),
        unread=others.unread,
    )


class _Study:
    """The rows in their folds, and what is learnt on them."""

    def __init__(
        self, columns: Mapping[str, NDArray[Any]], left: BoolArray, who: NDArray[Any], seed: int
    ) -> None:
        self._columns, self._left, self._who, self._seed = columns, left, who, seed
        self._folds: IntArray = customer_folds(who, FOLDS, seed=seed, strata=left)

    def choices(self) -> tuple[str, ...]:
        """Of each fold, the candidate with the lowest log loss inside the other four."""
        tasks = [(fold, name) for fold in range(FOLDS) for name in CANDIDATES]

        def loss(task: tuple[int, str]) -> float:
            fold, name = task
            held = self._folds == (fold + 1) % FOLDS
            margin = self._fit(name, ~held & (self._folds != fold)).margin(self._frame(held))
            return float(np.mean(np.logaddexp(0.0, margin) - np.where(self._left[held], margin, 0)))

        losses = np.array(_each(loss, tasks)).reshape(FOLDS, len(CANDIDATES))
        return tuple(CANDIDATES[place] for place in np.argmin(losses, axis=1))

    def out_of_fold(self, chosen: Sequence[str]) -> FloatArray:
        """(n,) p_churn by models that did not see the customer.

        The base rate is one number for all: those of the folds would rank their own leavers lower.
        """
        p = np.full(len(self._left), self._left.mean())

        def learn(fold: int) -> None:
            if chosen[fold] != "base_rate":
                held = self._folds == fold
                p[held] = expit(self._fit(chosen[fold], ~held).margin(self._frame(held)))

        _each(learn, range(FOLDS))
        return p

    def best_column(self) -> tuple[str, FloatArray]:
        """The column that ranks best alone: in each fold the best of the other four speaks."""
        groups = {name: groups_of(values) for name, values in self._columns.items()}
        p, named = np.empty(len(self._left)), []
        for fold in range(FOLDS):
            held, inside = self._folds == fold, self._folds != fold
            ranks = {
                name: auc(
                    self._left[inside],
                    rates_elsewhere(group.take(inside), self._left[inside], self._folds[inside]),
                )
                for name, group in groups.items()
            }
            best = max(ranks, key=ranks.__getitem__)
            named.append(best)
            p[held] = rates_elsewhere(groups[best], self._left, held.astype(np.int64))[held]
        return Counter(named).most_common(1)[0][0], p

    def _frame(self, rows: BoolArray) -> FeatureFrame:
        return self._part(rows).features

    def _part(self, rows: BoolArray) -> LabelledFrame:
        part = {name: values[rows] for name, values in self._columns.items()}
        return frame_of(part, self._left[rows], self._who[rows])

    def _fit(self, name: str, rows: BoolArray) -> ChurnModel:
        infos = infos_of(self._columns)
        with threadpool_limits(1, user_api="openmp"):
            return fit_churn(name, self._part(rows), infos, seed=self._seed, threads=1)


def _each(work: Callable[[Any], Any], tasks: Sequence[Any]) -> list[Any]:
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(work, tasks))


def _gains(p: FloatArray, left: BoolArray) -> FloatArray:
    found = Listed.by(p).reached(np.ones((1, len(p))), left.astype(np.float64))[0]
    gains: FloatArray = found / found[-1]
    return gains
