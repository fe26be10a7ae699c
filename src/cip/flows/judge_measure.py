"""From the rows of a file to every figure of a verdict but the comparison with our own model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.errors import ContractError
from cip.flows.judge_columns import cells_of, times_of
from cip.flows.judge_evidence import Calibrated, Counts, Evidence
from cip.flows.judge_outcome import FEWEST
from cip.flows.judge_periods import periods_of
from cip.flows.judge_read import ReadFile, leaving_dates, repeating_customers
from cip.flows.judge_wanted import Wanted
from cip.models.evaluate import calibration_noise, evaluate, paired_difference
from cip.models.judge.curves import Profit, earned, gains_of, profit_of
from cip.models.judge.periods import Trend, trend_of
from cip.models.judge.score import KINDS, Score, direction_of, ranks_of, score_of
from cip.models.judge.signs import (
    Sign,
    sign_of_late,
    sign_of_missing,
    sign_of_repeats,
    signs_of_score,
)
from cip.models.judge.steps import learnt_probability, steps_of
from cip.models.leaks.single import groups_of, rates_elsewhere
from cip.models.resample import customer_folds
from cip.types import BoolArray, Estimate, FloatArray, IntArray
from cip.wording import count

_FEW_DRAWS: Final = 200
_MANY_DRAWS: Final = 500
_MANY_ROWS: Final = 20_000
_FOLDS: Final = 10
_SURE: Final = 0.98  # one in a hundred perfect scores is called wrong
_RANKING: Final = ("roc_auc", "pr_auc", "top_decile_lift")
_PROBABILITY: Final = (
    "log_loss",
    "brier",
    "ece",
    "calibration_slope",
    "calibration_intercept",
    "predicted_over_realised",
)
_NOT_YET: Final = "It was not compared."


@dataclass(frozen=True)
class Judgeable:
    """The rows with a score and an outcome; each array (n,), `at`: their places in the file.

    `shown`: the score in steps for people, its values `categories` if it has any; `column`: the
    score as the file has it, numbers or texts; `period`: -1 without a date.
    """

    at: IntArray
    churned: BoolArray
    who: NDArray[Any]
    score: Score
    shown: Score
    categories: tuple[str, ...]
    column: NDArray[Any]
    period: IntArray | None
    periods: tuple[str, ...]
    seed: int
    draws: int


def judgeable(read: ReadFile, wanted: Wanted) -> Judgeable:
    """The rows.  Raises: ContractError J-107 where too few left or stayed, J-110 for one score."""
    at = np.flatnonzero(np.isfinite(read.given.value) & read.outcome.known)
    churned, who, value = read.outcome.churned[at], read.customer_id[at], read.given.value[at]
    _check(churned, value, wanted)
    draws = _MANY_DRAWS if len(at) <= _MANY_ROWS else _FEW_DRAWS
    score, column = _score(read, at, wanted, draws)
    shown, categories = score, read.given.categories
    if read.given.is_learnt:
        shown, categories = _in_learnt_order(score, column, churned)
    period, names = (None, ()) if read.as_of is None else periods_of(read.as_of[at])
    return Judgeable(
        at, churned, who, score, shown, categories, column, period, names, wanted.seed, draws
    )


def measured(read: ReadFile, rows: Judgeable, wanted: Wanted) -> Evidence:
    """All but the comparison."""
    learnt = learnt_probability(rows.score, rows.churned, rows.who, seed=rows.seed)
    p, figures = rows.score.p, _figures(rows)
    profit, paid = _profit(read, rows, wanted)
    return Evidence(
        wanted=wanted,
        score=rows.score,
        how_read=_how_read(read, rows, wanted),
        counts=_counts(read, rows),
        figures=figures,
        stated=None if p is None else _calibrated(rows, p, figures["ece"]),
        learnt=_calibrated(rows, learnt, _ece(rows, learnt)),
        steps=steps_of(rows.shown, rows.churned),
        categories=rows.categories,
        gains=gains_of(rows.score.risk, rows.churned, rows.who, seed=rows.seed, draws=rows.draws),
        profit=profit,
        paid=paid,
        trend=_trend(rows),
        signs=tuple(_signs(read, rows, wanted)),
        rival=_NOT_YET,
        left_out={},
        notes=read.notes,
    )


def _check(churned: BoolArray, value: FloatArray, wanted: Wanted) -> None:
    left, stayed = int(churned.sum()), int((~churned).sum())
    if min(left, stayed) < FEWEST:
        raise ContractError(
            "J-107",
            f"of the rows that have a score, {count(left)} left and {count(stayed)} stayed: a "
            f"verdict needs at least {FEWEST} of each.",
            "bring more customers with both a score and an outcome",
        )
    if np.ptp(value) == 0:
        raise ContractError(
            "J-110",
            f"the score {wanted.score} is {value[0]:g} for everybody: it tells nobody apart.",
            "name another column",
        )


def _score(read: ReadFile, at: IntArray, wanted: Wanted, draws: int) -> tuple[Score, NDArray[Any]]:
    """The score, and its column as the file has it."""
    given, churned, who = read.given, read.outcome.churned[at], read.customer_id[at]
    value = given.value[at]
    column: NDArray[Any] = value
    said = wanted.higher_is
    if given.categories:
        column = cells_of(read.table[wanted.score]).as_text()[at]
    if given.is_learnt:
        folds = customer_folds(who, _FOLDS, seed=wanted.seed, strata=churned)
        value, said = rates_elsewhere(groups_of(column), churned, folds), "riskier"
    direction = direction_of(
        value, churned, who, said=said, hinted=given.hinted, seed=wanted.seed, draws=draws
    )
    if given.is_learnt:
        sentence = "The order of the categories is learnt: each from what other customers did."
        direction = replace(direction, by="data", is_odd=False, sentence=sentence)
    return score_of(value, given.kind, direction), column


def _in_learnt_order(
    score: Score, column: NDArray[Any], churned: BoolArray
) -> tuple[Score, tuple[str, ...]]:
    """The categories from the one that left least on, for people to read; no figure uses it."""
    names, code = np.unique(column.astype(np.str_), return_inverse=True)
    rates = np.bincount(code, weights=churned) / np.bincount(code)
    order = np.argsort(rates, kind="stable")
    place = np.empty(len(names))
    place[order] = np.arange(len(names))
    value = place[code]
    shown = replace(score, value=value, risk=ranks_of(value))
    return shown, tuple(str(names[k]) for k in order)


def _how_read(read: ReadFile, rows: Judgeable, wanted: Wanted) -> tuple[str, ...]:
    why = f" ({read.given.why})" if read.given.why else ""
    kind = f"{wanted.score} is read as {KINDS[rows.score.kind]}{why}."
    score = f"{kind} {rows.score.direction.sentence}"
    turned = rows.score.p is not None and rows.score.direction.side == "safer"
    end = " It is read as the probability of staying." if turned else ""
    return read.outcome.sentence, score + end


def _counts(read: ReadFile, rows: Judgeable) -> Counts:
    return Counts(
        rows=read.table.num_rows,
        judged=len(rows.at),
        left=int(rows.churned.sum()),
        without_score=int((~np.isfinite(read.given.value)).sum()),
        without_outcome=int((~read.outcome.known).sum()),
    )


def _figures(rows: Judgeable) -> dict[str, Estimate]:
    """Of the ranking always; of the probabilities where the score states them."""
    p = rows.score.p
    names = _RANKING if p is None else (*_RANKING, *_PROBABILITY)
    found = evaluate(
        rows.churned,
        rows.score.risk if p is None else p,
        rows.who,
        threshold=0.5,
        seed=rows.seed,
        draws=rows.draws,
    )
    return {name: found[name] for name in names}


def _ece(rows: Judgeable, p: FloatArray) -> Estimate:
    found = evaluate(rows.churned, p, rows.who, threshold=0.5, seed=rows.seed, draws=_FEW_DRAWS)
    return found["ece"]


def _calibrated(rows: Judgeable, p: FloatArray, ece: Estimate) -> Calibrated:
    base = np.full(len(p), rows.churned.mean())

    def gain(metric: str) -> Estimate:
        return paired_difference(
            rows.churned, base, p, rows.who, metric, seed=rows.seed, draws=rows.draws
        )

    noise = calibration_noise(p, seed=rows.seed, draws=_MANY_DRAWS, level=_SURE)
    return Calibrated(ece, noise, gain("log_loss"), gain("brier"))


def _profit(read: ReadFile, rows: Judgeable, wanted: Wanted) -> tuple[Profit, int]:
    """What contacting earns, and of how many customers the worth is known."""
    worth = None if read.value is None else read.value[rows.at]
    known = np.ones(len(rows.at), dtype=np.bool_) if worth is None else np.isfinite(worth)
    if not known.any():
        raise ContractError(
            "J-109", f"the value {wanted.value} is empty where there is a score.", "name another"
        )
    gain = earned(rows.churned[known], wanted.costs, None if worth is None else worth[known])
    made = profit_of(
        rows.score.risk[known], gain, rows.who[known], seed=rows.seed, draws=rows.draws
    )
    return made, int(known.sum())


def _trend(rows: Judgeable) -> Trend | None:
    if rows.period is None or len(rows.periods) < 2:
        return None
    return trend_of(
        rows.score,
        rows.churned,
        rows.who,
        rows.period,
        rows.periods,
        seed=rows.seed,
        draws=rows.draws,
    )


def _signs(read: ReadFile, rows: Judgeable, wanted: Wanted) -> list[Sign]:
    known = read.outcome.known
    dated = rows.period is not None and bool((rows.period >= 0).all())
    found = signs_of_score(
        rows.column,
        rows.score,
        rows.churned,
        rows.who,
        period=rows.period if dated else None,
        period_names=rows.periods,
        seed=rows.seed,
        draws=rows.draws,
    )
    found += _late(read, rows, wanted)
    found += sign_of_missing(
        ~np.isfinite(read.given.value[known]),
        read.outcome.churned[known],
        seed=rows.seed,
        draws=_FEW_DRAWS,
    )
    found += sign_of_repeats(rows.churned, rows.who, by_time=read.as_of is not None)
    return found + _unnamed(read, wanted)


def _unnamed(read: ReadFile, wanted: Wanted) -> list[Sign]:
    """Customers in several rows, where nobody said which column is the customer."""
    used = {wanted.outcome, wanted.as_of, wanted.score, wanted.value}
    name = "" if wanted.customer else repeating_customers(read.table, used)
    if not name:
        return []
    said = f"{name} looks like the customer, and repeats: intervals take each row for a customer."
    what = f"Judge again with --customer {name}: intervals then are as wide as they must be."
    return [Sign("repeats", said, what)]


def _late(read: ReadFile, rows: Judgeable, wanted: Wanted) -> list[Sign]:
    """Scores made after the customer had left, by the outcome's date or any other of leaving."""
    if read.as_of is None:
        return []
    dates = {} if read.outcome.left_at is None else {wanted.outcome: read.outcome.left_at}
    used = {wanted.outcome, wanted.as_of, wanted.score}
    dates |= {name: times_of(read.table[name])[0] for name in leaving_dates(read.table, used)}
    return [
        sign
        for name, at in dates.items()
        for sign in sign_of_late(read.as_of[rows.at], at[rows.at], rows.churned, name)
    ]
