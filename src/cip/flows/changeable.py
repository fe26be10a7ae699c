"""What the business says it can change, held against the features there are; what none reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, Final

from cip.contract.changeable import Changeable
from cip.contract.config import Config
from cip.engine.feature import Feature
from cip.engine.features import CATALOGUE
from cip.errors import SettingsError
from cip.flows.leaks import rest
from cip.flows.look import Looked
from cip.models.counterfactual import Bounds
from cip.models.ties import is_whole_past
from cip.models.twins import twins_as_one
from cip.types import FeatureFrame, FeatureInfo

_INF: Final = float("inf")


def check_changeable(config: Config, own: Sequence[Feature]) -> None:
    """Nothing; SettingsError S-170 for a name that no feature has, with the nearest names.

    `own`: features that the workspace adds to the catalogue.  S-171 for the whole past made less.
    """
    known = [*(f.info.name for f in (*CATALOGUE, *own)), *config.attributes]
    for name, rule in config.churn.changeable.items():
        if is_whole_past(name) and rule.direction == "down":
            raise SettingsError(
                "S-171",
                f"churn.changeable: {name} counts since the beginning, which nobody can take back.",
                f"name what is recent, such as {name.removesuffix('_all')}_28d",
            )
        if name in known:
            continue
        near = get_close_matches(name, known, n=3)
        raise SettingsError(
            "S-170",
            f"churn.changeable: there is no feature {name!r}.",
            f"did you mean {' or '.join(map(repr, near))}?" if near else _SEE,
        )


_SEE: Final = "docs/reference/features.md lists the names; attributes of customers count too"


def bounds_of(rules: dict[str, Any]) -> dict[str, Bounds]:
    """The bounds by feature, from `[churn] changeable` as a run's summary keeps it.

    What counts since the beginning may only grow.
    """
    return {name: _bounds(name, Changeable.model_validate(rule)) for name, rule in rules.items()}


def _bounds(name: str, rule: Changeable) -> Bounds:
    return Bounds(
        -_INF if rule.low is None else rule.low,
        _INF if rule.high is None else rule.high,
        "up" if is_whole_past(name) else rule.direction,
        rule.values,
        _INF if rule.within is None else rule.within,
    )


def as_models_read(looked: Looked, config: Config) -> Looked:
    """The same customers, without the features that `cip.toml` keeps from the models.

    The columns stay: people see them, and groups are compared by them.
    """
    left_out = config.churn.leave_out
    others = tuple(replace(other, infos=rest(other.infos, left_out)) for other in looked.others)
    return replace(looked, infos=read_by(looked.score, looked.infos, config), others=others)


def read_by(
    frame: FeatureFrame, infos: Sequence[FeatureInfo], config: Config
) -> tuple[FeatureInfo, ...]:
    """The features that models may read; those that tell the same are one fact."""
    return twins_as_one(frame, rest(infos, config.churn.leave_out), seed=config.run.seed)
