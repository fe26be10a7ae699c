"""Would the kind of model that serves have held at earlier dates?  Rolling origins, one row each.

At each origin it learns from the cutoffs whose outcome was known by then, and is measured on what
came after.  It is a check of the recipe through time, cheaply made: at most as many rows as in the
race, no calibration, and settings and the weights of a mix are those of now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot
from typing import Any, Final, Literal

from threadpoolctl import threadpool_limits

from cip.contract.config import Config
from cip.flows.churn import Churn
from cip.flows.cutoffs import apart, at, known_by
from cip.flows.look import Looked
from cip.models.churn.model import FEWEST, ChurnModel, fit_churn, mixed
from cip.models.churn.race import drawn_for_race
from cip.models.churn.trees import rarer
from cip.models.evaluate import evaluate
from cip.types import Estimate, LabelledFrame, joined
from cip.wording import last_day

DRAWS: Final = 200
FIGURES: Final = ("roc_auc", "log_loss", "calibration_slope", "predicted_over_realised")
_OFF: Final = "Earlier dates were not looked at: [churn] origins is 0."
_NOT_SERVED: Final = (
    "Earlier dates were not looked at: no model serves, so there is none that could have held."
)
_TOO_FEW: Final = (
    f"Earlier dates could not be looked at: by none had {FEWEST} left and {FEWEST} stayed."
)
_SUMS: Final = "predicted_over_realised"


@dataclass(frozen=True, slots=True)
class Origin:
    """One earlier date: what was learned from by then, and how it did in the horizon after.

    `cutoff` and `learned_to` are the days that begin there; `figures` by metric, with 95 %
    intervals.
    """

    cutoff: str
    learned_to: str
    learned_rows: int
    customers: int
    churn_rate: float
    figures: Mapping[str, Estimate]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "cutoff": self.cutoff,
            "learned_to": self.learned_to,
            "learned_rows": self.learned_rows,
            "customers": self.customers,
            "churn_rate": self.churn_rate,
            "figures": {name: figure.as_dict() for name, figure in self.figures.items()},
        }


@dataclass(frozen=True, slots=True)
class Origins:
    """The earlier dates, the earliest first, and whether the model held from them to the test."""

    rows: tuple[Origin, ...]
    word: Literal["held steady", "drifted", "not looked at"]
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        """The verdict, JSON-ready."""
        return {"word": self.word, "sentence": self.sentence}


def rolling_origins(looked: Looked, churn: Churn, config: Config) -> Origins:
    """The `[churn] origins` latest dates before the test cutoff, and what they say together.

    Their outcomes do not overlap.  Each learns only from cutoffs whose horizon, and the gap after
    it, had ended by then.  A date is left out where fewer than 20 of those learned from left, or
    stayed; all are where no model serves.
    """
    if not config.churn.origins:
        return Origins((), "not looked at", _OFF)
    if not churn.promoted:
        return Origins((), "not looked at", _NOT_SERVED)
    rows, rules = joined(looked.train, looked.validation), config.snapshot
    pairs = ((known_by(rows, date, rules), at(rows, date)) for date in apart(rows, rules))
    enough = [(known, then) for known, then in pairs if rarer(known.churned) >= FEWEST]
    made = [_origin(*pair, looked, churn, config) for pair in enough[: config.churn.origins]]
    return _judged(tuple(reversed(made)), looked, churn)


def _origin(
    known: LabelledFrame, then: LabelledFrame, looked: Looked, churn: Churn, config: Config
) -> Origin:
    drawn = drawn_for_race(known, config.run.seed)
    figures = evaluate(
        then.churned,
        _fitted(drawn, looked, churn, config).predict(then.features),
        then.features.customer_id,
        threshold=config.churn.threshold,
        seed=config.run.seed,
        draws=min(DRAWS, config.run.draws),
    )
    return Origin(
        cutoff=_day(then),
        learned_to=str(drawn.features.cutoff.max().astype("datetime64[D]")),
        learned_rows=len(drawn),
        customers=len(then),
        churn_rate=float(then.churned.mean()),
        figures={name: figures[name] for name in FIGURES},
    )


def _fitted(rows: LabelledFrame, looked: Looked, churn: Churn, config: Config) -> ChurnModel:
    names = [churn.chosen] if churn.mix is None else list(churn.mix.weights)
    with threadpool_limits(1):
        models = {
            name: fit_churn(
                name,
                rows,
                looked.infos,
                seed=config.run.seed,
                threads=1,
                recency=looked.recency,
                settings=churn.searched.settings,
            )
            for name in names
        }
    return models[churn.chosen] if churn.mix is None else mixed(churn.chosen, churn.mix, models)


def _judged(rows: tuple[Origin, ...], looked: Looked, churn: Churn) -> Origins:
    """Held steady: no date's ROC-AUC is shown to differ from that of the test date.

    That is the order alone; where the sums were off is said behind it.
    """
    chosen = next(m for m in churn.models if m.candidate.name == churn.chosen)
    test = chosen.test["roc_auc"]
    known = [row for row in rows if not row.figures["roc_auc"].reason]
    if not known or test.reason:
        return Origins(rows, "not looked at", _TOO_FEW)
    apart_from = [row for row in known if _differs(row.figures["roc_auc"], test)]
    date = last_day(_day(looked.test))
    off = _sums([*(row.figures[_SUMS] for row in rows), chosen.test[_SUMS]])
    if not apart_from:
        return Origins(rows, "held steady", _steady(churn.label, known, test, date) + off)
    return Origins(rows, "drifted", _drifted(churn.label, known, apart_from, test, date) + off)


def _differs(one: Estimate, other: Estimate) -> bool:
    """Whether the 95 % interval of the difference leaves 0 out, the two taken as independent."""
    return abs(one.value - other.value) > hypot(one.high - one.low, other.high - other.low) / 2


def _steady(label: str, rows: Sequence[Origin], test: Estimate, date: str) -> str:
    return (
        f"Fitted anew on what was known at earlier dates, {label} ranked leavers as well as at the "
        f"test date: {_listed(rows)}; {_at(test, date)}. The order held: no difference in "
        "it is more than chance explains."
    )


def _sums(ratios: Sequence[Estimate]) -> str:
    """How far the leavers predicted were from those seen; nothing where chance explains it."""
    known = [one for one in ratios if not one.reason]
    off = [one.value for one in known if not one.low <= 1 <= one.high]
    if not off:
        return ""
    least, most = min(off), max(off)
    said = f"{least:.2f}" if least == most else f"from {least:.2f} to {most:.2f}"
    return (
        f" The sums did not hold: at {len(off)} of {len(known)} dates the leavers predicted are "
        f"further from those seen than chance explains, {said} for each one seen."
    )


def _drifted(
    label: str, rows: Sequence[Origin], others: Sequence[Origin], test: Estimate, date: str
) -> str:
    worse = others[-1].figures["roc_auc"].value > test.value
    return (
        f"Fitted anew on what was known at earlier dates, {label} did not rank leavers as it does "
        f"at the test date: {_listed(rows)}; {_at(test, date)}. It drifted: it ranks "
        f"{'worse' if worse else 'better'} lately than at {last_day(others[-1].cutoff)}, so do not "
        "count on the figure of one date; look what changed, and run again often."
    )


def _listed(rows: Sequence[Origin]) -> str:
    return "; ".join(_at(row.figures["roc_auc"], last_day(row.cutoff)) for row in rows)


def _at(auc: Estimate, date: str) -> str:
    return f"ROC-AUC {auc.value:.3f} ({auc.low:.3f} to {auc.high:.3f}) at the end of {date}"


def _day(rows: LabelledFrame) -> str:
    return str(rows.features.cutoff[0].astype("datetime64[D]"))
