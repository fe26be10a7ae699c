"""What moves the risk by the candidates that only compare, beside the model that serves.

Asked for by `[churn] explain_comparison`; off by default, since it takes the extra `shap` and
decides nothing (docs/decisions/0035).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cip.contract.config import Config
from cip.flows.steps import Steps
from cip.models.churn.candidates import CANDIDATES, candidate_named
from cip.models.churn.model import ChurnModel, fit_churn
from cip.models.churn.rivals import CUSTOMERS, check_shap, customers_explained, rival_points
from cip.models.churn.settings import Settings
from cip.models.drivers import sample_rows
from cip.models.explain import feature_points
from cip.models.resample import customer_folds
from cip.models.rivals import Leaning, Leanings, leanings
from cip.types import FeatureFrame, FeatureInfo, FloatArray, LabelledFrame
from cip.wording import minus

_FOLDS: Final = 5
ALIKE: Final = 0.6
APART: Final = 0.4
"""Rank correlations from which orders of facts are called the same, and called others."""
_NOBODY: Final = (
    "No candidate that only compares takes part: name hgb, random_forest or neural_network in "
    "[churn] candidates."
)
_NO_CHAMPION: Final = "No model serves, so there is nothing to set the other candidates beside."


@dataclass(frozen=True)
class Rivals:
    """How the champion and the comparison candidates lean on the facts, and which were asked."""

    champion: str
    found: Leanings

    @property
    def sentence(self) -> str:
        """Whether they lean on the same facts."""
        others = self.found.models[1:]
        said = ", ".join(_agrees(one) for one in others)
        return (
            "How alike the facts stand in order by other kinds of model and by the one that serves "
            f"(rank correlation; 1 is the very same order, 0 no relation): {said}. "
            f"{_meaning(others)}"
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "customers": self.found.customers,
            "facts": list(self.found.facts),
            "models": [
                {
                    "name": one.name,
                    "label": candidate_named(one.name).label,
                    "serves": one.name == self.champion,
                    "sizes": [size.as_dict() for size in one.sizes],
                    "agreement": one.agreement.as_dict(),
                }
                for one in self.found.models
            ],
            "sentence": self.sentence,
        }


def check_rivals(config: Config) -> None:
    """ModelError M-129 where they are asked for and the extra `shap` is not there."""
    if config.churn.explain_comparison:
        check_shap()


def compared_only(models: Mapping[str, ChurnModel], config: Config) -> dict[str, ChurnModel]:
    """Of the fitted ones those that can never serve; none where nobody asked for them."""
    if not config.churn.explain_comparison:
        return {}
    return {n: m for n, m in models.items() if candidate_named(n).role == "comparison"}


def rivals_of(
    steps: Steps,
    champion: ChurnModel,
    rivals: Mapping[str, ChurnModel],
    seen: tuple[FeatureFrame, FeatureFrame],
    *,
    infos: Sequence[FeatureInfo],
    config: Config,
) -> Rivals | str | None:
    """Of a few customers of `seen`, (of the test date, of the training).

    None where nobody asked; a sentence where there is nothing to set beside each other.
    """
    if not config.churn.explain_comparison:
        return None
    if not rivals or not champion.features:
        return _NOBODY if champion.features else _NO_CHAMPION
    with steps.step("explain", "asking what moves the risk by the other candidates") as step:
        found = _rivals(champion, rivals, seen, infos, config)
        step.rows = found.found.customers
        step.said = f"{len(rivals)} candidates beside {candidate_named(champion.name).label}"
    return found


def plain_rivals(
    steps: Steps,
    champion: ChurnModel,
    labelled: LabelledFrame,
    *,
    infos: Sequence[FeatureInfo],
    settings: Settings,
    config: Config,
) -> Rivals | str | None:
    """The same without time: they learn from four fifths, a few customers of the last are asked."""
    if not config.churn.explain_comparison:
        return None
    seed, who = config.run.seed, labelled.features.customer_id
    folds = customer_folds(who, _FOLDS, seed=seed, strata=labelled.churned)
    train, rest = labelled.take(folds > 0), labelled.take(folds == 0)
    fitted: dict[str, ChurnModel] = {
        c.name: fit_churn(c.name, train, infos, seed=seed, threads=1, settings=settings)
        for c in CANDIDATES
        if c.role == "comparison" and c.name in config.churn.candidates
    }
    seen = (rest.features, train.features)
    return rivals_of(steps, champion, fitted, seen, infos=infos, config=config)


def rivals_figures(found: Rivals | str | None) -> dict[str, Any] | None:
    """JSON-ready; None where nobody asked."""
    if found is None:
        return None
    return {"reason": found} if isinstance(found, str) else found.as_dict()


def _rivals(
    champion: ChurnModel,
    rivals: Mapping[str, ChurnModel],
    seen: tuple[FeatureFrame, FeatureFrame],
    infos: Sequence[FeatureInfo],
    config: Config,
) -> Rivals:
    frame, training = seen
    seed = config.run.seed
    n = min(customers_explained(model, min(len(frame), CUSTOMERS)) for model in rivals.values())
    few = frame.take(sample_rows(len(frame), n, seed=seed))
    points: dict[str, FloatArray] = {champion.name: feature_points(*champion.contributions(few))}
    points |= {
        name: rival_points(model, few, training, seed=seed) for name, model in rivals.items()
    }
    read = {
        name: _read(model, infos) for name, model in {champion.name: champion, **rivals}.items()
    }
    return Rivals(champion.name, leanings(points, read, seed=seed, draws=config.run.draws))


def _read(model: ChurnModel, infos: Sequence[FeatureInfo]) -> list[FeatureInfo]:
    by_name = {info.name: info for info in infos}
    return [by_name[name] for name in model.features]


def _agrees(one: Leaning) -> str:
    name, found = candidate_named(one.name).label, one.agreement
    if found.reason:
        return f"{name} not said, since {found.reason}"
    return f"{name} {minus(f'{found.value:.2f} ({found.low:.2f} to {found.high:.2f})')}"


def _meaning(others: Sequence[Leaning]) -> str:
    known = [one.agreement for one in others if not one.agreement.reason]
    if not known:
        return "Nothing can be said of their agreement."
    if min(found.low for found in known) > ALIKE:
        return "They lean on the same facts: what moves the risk is no whim of one kind of model."
    if min(found.value for found in known) < APART:
        return (
            "Not all lean on the same facts: take the order of the facts with care, since another "
            "kind of model tells another story."
        )
    return "By and large they lean on the same facts; the smaller ones change places."
