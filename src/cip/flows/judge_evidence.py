"""What a verdict on a score rests on: every figure, ready for words, JSON and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from cip.flows.judge_rival import Rival
from cip.flows.judge_wanted import Wanted
from cip.models.judge.curves import SHARE, Band, Gains, Profit
from cip.models.judge.periods import Period, Trend
from cip.models.judge.score import KINDS, Score
from cip.models.judge.signs import Sign
from cip.models.judge.steps import Step
from cip.types import Estimate


@dataclass(frozen=True)
class Calibrated:
    """How far probabilities can be believed.

    `noise`: the calibration error of a perfect model with the same probabilities; the gains are
    those over giving everybody the base rate: above 0 is better.
    """

    ece: Estimate
    noise: Estimate
    log_loss_gain: Estimate
    brier_gain: Estimate


@dataclass(frozen=True)
class Counts:
    """Rows of the file, those judged and how many of them left, and those that cannot be judged."""

    rows: int
    judged: int
    left: int
    without_score: int
    without_outcome: int

    @property
    def rate(self) -> float:
        """Share of the judged who left."""
        return self.left / self.judged


@dataclass(frozen=True)
class Evidence:
    """Everything that was found.

    `how_read`: sentences on the outcome and on the score; `figures`: by the name of the metric;
    `stated`: of the score's own probabilities, None where it states none; `learnt`: of what its
    values have meant, learnt and tested on different customers; `paid`: customers whose worth is
    known; `left_out`: columns that our own model did not read, and why; `notes`: what was odd
    about the file.
    """

    wanted: Wanted
    score: Score
    how_read: tuple[str, ...]
    counts: Counts
    figures: Mapping[str, Estimate]
    stated: Calibrated | None
    learnt: Calibrated
    steps: tuple[Step, ...]
    categories: tuple[str, ...]
    gains: Gains
    profit: Profit
    paid: int
    trend: Trend | None
    signs: tuple[Sign, ...]
    rival: Rival | str
    left_out: Mapping[str, str]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: NaN becomes None."""
        wanted = self.wanted
        return {
            "file": wanted.file,
            "columns": {
                name: getattr(wanted, name)
                for name in ("score", "outcome", "as_of", "customer", "value")
                if getattr(wanted, name)
            },
            "score": {
                "kind": self.score.kind,
                "said": KINDS[self.score.kind],
                "higher_is": self.score.direction.side,
                "decided_by": self.score.direction.by,
                "is_sure": self.score.direction.is_sure,
                "is_odd": self.score.direction.is_odd,
            },
            "counts": asdict(self.counts) | {"rate": self.counts.rate},
            "figures": _estimates(self.figures),
            "stated": None if self.stated is None else _estimates(vars(self.stated)),
            "learnt": _estimates(vars(self.learnt)),
            "steps": [self._step(step) for step in self.steps],
            "gains": _band(self.gains.band)
            | {"top": {f"{top:g}": one.as_dict() for top, one in self.gains.top.items()}},
            "profit": self._profit(),
            "periods": None if self.trend is None else _trend(self.trend),
            "signs": [asdict(sign) for sign in self.signs],
            "rival": _rival(self.rival),
            "left_out": dict(self.left_out),
        }

    def step_name(self, step: Step) -> str:
        """The values of a step as in the file: categories, percent or numbers."""
        if self.categories:
            low, high = round(step.low), round(step.high)
            return " to ".join(dict.fromkeys([self.categories[low], self.categories[high]]))
        if self.score.kind == "probability":
            low_, high_ = f"{step.low:.3f}", f"{step.high:.3f}"
        else:
            low_, high_ = f"{step.low:.4g}", f"{step.high:.4g}"
        return " to ".join(dict.fromkeys([low_, high_]))

    def _step(self, step: Step) -> dict[str, Any]:
        return {
            "values": self.step_name(step),
            "low": step.low,
            "high": step.high,
            "rows": step.rows,
            "said": step.said,
            "left": step.left.as_dict(),
        }

    def _profit(self) -> dict[str, Any]:
        parts = ("best", "kept", "over_all", "over_random")
        return (
            _band(self.profit.band)
            | {name: getattr(self.profit, name).as_dict() for name in parts}
            | {"costs": asdict(self.wanted.costs), "customers": self.paid}
        )


def _estimates(figures: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: figure.as_dict() for name, figure in figures.items()}


def _band(band: Band) -> dict[str, Any]:
    lines = {"share": SHARE, "value": band.value, "low": band.low, "high": band.high}
    return {name: _numbers(line) for name, line in lines.items()}


def _numbers(line: Sequence[float] | Any) -> list[float]:
    return [round(float(x), 6) for x in np.asarray(line)]


def _trend(trend: Trend) -> dict[str, Any]:
    return {
        "sentence": trend.sentence,
        "change": trend.change.as_dict(),
        "periods": [_period(period) for period in trend.periods],
    }


def _period(period: Period) -> dict[str, Any]:
    return {
        "name": period.name,
        "rows": period.rows,
        "left": period.left.as_dict(),
        "auc": period.auc.as_dict(),
        "said": period.said,
        "differs": period.differs,
    }


def _rival(rival: Rival | str) -> dict[str, Any]:
    if isinstance(rival, str):
        return {"reason": rival}
    figures = {name: getattr(rival, name) for name in ("over_rival", "adds", "over_single")}
    loss = None if rival.log_loss is None else rival.log_loss.as_dict()
    return {
        "reason": "",
        "rows": rival.rows,
        "columns": list(rival.columns),
        "columns_unread": rival.unread,
        "chosen": rival.chosen,
        "best_single_column": rival.single,
        "roc_auc": {
            "score": rival.score_auc,
            "ours": rival.auc,
            "ours_with_score": rival.auc_with,
            "best_single_column": rival.auc_single,
        },
        "log_loss_minus_score": loss,
        "gains": _numbers(rival.gains),
    } | _estimates(figures)
