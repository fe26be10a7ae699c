"""How good the churn models are on public tables, beside splines alone, FLAML and AutoGluon.

The protocol is in `churn_folds.py`.  The goals are set on telco: all 7,043 rows,
`StratifiedKFold(5, shuffle, seed 42)`.  Intervals of differences are 95 % and paired by fold
(`paired.py`); with five folds they are wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from sklearn.model_selection import RepeatedStratifiedKFold

from bench.churn_folds import (
    FOLDS,
    SEED,
    Fold,
    Split,
    Table,
    mean_auc,
    mean_cpu_s,
    mean_loss,
    ours,
    pooled_loss,
    public_table,
    referee,
    splines,
)
from bench.figures import Figure
from bench.paired import corrected_interval
from bench.referees import interpreter

TELCO = "telco, 7,043 customers, StratifiedKFold(5, shuffle, seed 42), nested choice"
TEN = "telco, 10 x 10 folds, nested choice"
FURTHER = {
    "oulad": "oulad, 32,593 enrolments, withdrawn, 5 folds by student, nested choice",
    "hillstrom": "hillstrom, 64,000 customers, visit, 5 folds, nested choice",
}
SPLINES = "logistic regression with splines alone"
AUTOGLUON_CPU_S = 600.0


@dataclass(frozen=True)
class Match:
    """Two ways of choosing on the same folds of `data`: `mine` against the peer's."""

    mine: Sequence[Fold]
    theirs: Sequence[Fold]
    data: str
    peer: str
    folds: int = FOLDS
    tier: Literal["quick", "full"] = "full"

    def auc(self, figure: str, goal: float | None = None) -> Figure:
        """Our AUC less theirs."""
        gains = [a.auc - b.auc for a, b in zip(self.mine, self.theirs, strict=True)]
        return self._figure(figure, gains, "higher", goal)

    def log_loss(self, figure: str) -> Figure:
        """Our log loss less theirs: below 0 is better."""
        gains = [a.log_loss - b.log_loss for a, b in zip(self.mine, self.theirs, strict=True)]
        return self._figure(figure, gains, "lower", None)

    def _figure(
        self,
        figure: str,
        gains: Sequence[float],
        direction: Literal["higher", "lower"],
        goal: float | None,
    ) -> Figure:
        interval = corrected_interval(gains, self.folds)
        mean = sum(gains) / len(gains)
        made = Figure(figure, mean, "", direction, self.data, goal, self.peer, interval=interval)
        return replace(made, tier=self.tier)


def telco_figures() -> list[Figure]:
    """The two that have goals, and FLAML with as much CPU as we took."""
    table, splits, folds = _telco()
    return [
        Figure("telco_auc", mean_auc(folds), "", "higher", TELCO, 0.8495),
        Figure("telco_logloss", pooled_loss(folds, table.y), "", "lower", TELCO, 0.4108),
        *_against_flaml(table, splits, folds),
    ]


def spline_figures() -> list[Figure]:
    """What choosing gains over splines alone, 10 x 10 folds."""
    table = public_table("telco")
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=SEED)
    splits = list(folds.split(table.X, table.y))
    mine, theirs = list(ours(table, splits)), list(splines(table, splits))
    match = Match(mine, theirs, TEN, SPLINES, folds=10)
    return [
        match.auc("telco_auc_minus_lr_spline", -0.001),
        match.log_loss("telco_logloss_minus_lr_spline"),
    ]


def autogluon_figures() -> list[Figure]:
    """AutoGluon with 600 CPU-s a fold on the same five folds; nothing where it cannot be had."""
    python = interpreter("autogluon")
    if python is None:
        return []
    table, splits, mine = _telco()
    return autogluon_gap(mine, list(referee("autogluon", python, table, splits, AUTOGLUON_CPU_S)))


def autogluon_gap(mine: Sequence[Fold], theirs: Sequence[Fold]) -> list[Figure]:
    """How much better the peer is, at most .002, and our CPU as a share of its, at most a tenth."""
    match = Match(mine, theirs, TELCO, _named(theirs))
    gap = Match(theirs, mine, TELCO, match.peer).auc("autogluon_auc_gap")
    share = mean_cpu_s(mine) / mean_cpu_s(theirs)
    return [
        replace(gap, direction="lower", goal=0.002),
        match.log_loss("telco_logloss_minus_autogluon"),
        Figure("autogluon_cpu_ratio", share, "", "lower", TELCO, 0.1, match.peer, tier="full"),
    ]


def further_figures(name: str) -> list[Figure]:
    """A further table by the same protocol, whatever it says."""
    table, data = public_table(name), FURTHER[name]
    splits = table.splits()
    mine = list(ours(table, splits))
    match = Match(mine, list(splines(table, splits)), data, SPLINES)
    return [
        Figure(f"{name}_auc", mean_auc(mine), "", "higher", data, tier="full"),
        Figure(f"{name}_logloss", pooled_loss(mine, table.y), "", "lower", data, tier="full"),
        match.auc(f"{name}_auc_minus_lr_spline"),
        match.log_loss(f"{name}_logloss_minus_lr_spline"),
    ]


@cache
def _telco() -> tuple[Table, list[Split], list[Fold]]:
    table = public_table("telco")
    splits = table.splits()
    return table, splits, list(ours(table, splits))


def _against_flaml(table: Table, splits: list[Split], folds: list[Fold]) -> list[Figure]:
    """FLAML with the CPU seconds that we took; nothing where it cannot be had."""
    python = interpreter("flaml")
    if python is None:
        return []
    theirs = list(referee("flaml", python, table, splits, mean_cpu_s(folds)))
    match = Match(folds, theirs, TELCO, _named(theirs), tier="quick")
    return [match.auc("telco_auc_minus_flaml"), match.log_loss("telco_logloss_minus_flaml")]


def _named(folds: Sequence[Fold]) -> str:
    """The peer with its version, its CPU and what it reached."""
    reached = f"AUC {mean_auc(folds):.4f}, log loss {mean_loss(folds):.4f}"
    return f"{folds[0].said}, {mean_cpu_s(folds):,.0f} CPU-s a fold, {reached}"
