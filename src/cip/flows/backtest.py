"""Would the chosen kind of model have held at earlier dates?  Rolling origins, one row each.

At each origin it learns from the cutoffs whose outcome was known by then, and is measured on what
came after.  It is a check of the recipe through time, cheaply made: at most as many rows as in the
race, no calibration, and a mix keeps the weights that it has now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.contract.config import Config
from cip.flows.look import Looked
from cip.models.churn.mix import Mix
from cip.models.churn.model import ChurnModel, fit_churn, mixed
from cip.models.churn.race import drawn_for_race
from cip.models.churn.trees import rarer
from cip.models.evaluate import evaluate
from cip.types import Estimate, LabelledFrame, joined

FEWEST: Final = 20
DRAWS: Final = 200
FIGURES: Final = ("roc_auc", "log_loss", "calibration_slope", "predicted_over_realised")
Dates = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Origin:
    """One earlier date: what was learned from by then, and how it did in the horizon after.

    `cutoff` and `learned_to` are days; `figures` by metric, with 95 % intervals.
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


def rolling_origins(
    looked: Looked, chosen: str, mix: Mix | None, config: Config
) -> tuple[Origin, ...]:
    """The `[churn] origins` latest dates before the test cutoff, the earliest first.

    Their outcomes do not overlap.  A date is left out where fewer than 20 of those learned from
    left, or stayed.
    """
    if not config.churn.origins:
        return ()
    rows = joined(looked.train, looked.validation)
    ahead = np.timedelta64(config.snapshot.horizon_days, "D")
    gap = np.timedelta64(config.snapshot.gap_days, "D")
    made: list[Origin] = []
    for origin in _apart(np.unique(rows.features.cutoff), ahead):
        known = rows.take(rows.features.cutoff + ahead + gap <= origin)
        if len(made) < config.churn.origins and rarer(known.churned) >= FEWEST:
            drawn = drawn_for_race(known, config.run.seed)
            model = _fitted(drawn, chosen, mix, looked, config)
            made.append(_measured(model, drawn, rows.take(rows.features.cutoff == origin), config))
    return tuple(reversed(made))


def _apart(cutoffs: Dates, ahead: np.timedelta64) -> Sequence[np.datetime64]:
    """From the latest back, each a horizon or more before the one after it."""
    kept: list[np.datetime64] = []
    for cutoff in cutoffs[::-1]:
        if not kept or cutoff + ahead <= kept[-1]:
            kept.append(cutoff)
    return kept


def _fitted(
    known: LabelledFrame, chosen: str, mix: Mix | None, looked: Looked, config: Config
) -> ChurnModel:
    names = [chosen] if mix is None else list(mix.weights)
    models = {
        name: fit_churn(
            name,
            known,
            looked.infos,
            seed=config.run.seed,
            threads=1,
            recency=looked.recency,
        )
        for name in names
    }
    return models[chosen] if mix is None else mixed(chosen, mix, models)


def _measured(
    model: ChurnModel, known: LabelledFrame, then: LabelledFrame, config: Config
) -> Origin:
    figures = evaluate(
        then.churned,
        model.predict(then.features),
        then.features.customer_id,
        threshold=config.churn.threshold,
        seed=config.run.seed,
        draws=min(DRAWS, config.run.draws),
    )
    return Origin(
        cutoff=str(then.features.cutoff[0].astype("datetime64[D]")),
        learned_to=str(known.features.cutoff.max().astype("datetime64[D]")),
        learned_rows=len(known),
        customers=len(then),
        churn_rate=float(then.churned.mean()),
        figures={name: figures[name] for name in FIGURES},
    )
