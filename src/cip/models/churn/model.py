"""A fitted churn model: features in; margin, probability and exact reasons out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from scipy.special import expit

from cip.errors import ModelError
from cip.models.calibrate import NO_CALIBRATION, Calibration
from cip.models.churn.artefacts import file_named
from cip.models.churn.candidates import candidate_named
from cip.models.churn.core import Core
from cip.models.churn.linear import LinearCore, fit_base_rate, fit_logistic
from cip.models.churn.mix import Member, Mix, MixCore
from cip.models.churn.neural import fit_neural
from cip.models.churn.settings import DEFAULT, NO_SETTINGS, Factors, Settings
from cip.models.churn.trees import (
    LightGBMCore,
    XGBoostCore,
    fit_forest,
    fit_hgb,
    fit_lightgbm,
    fit_xgboost,
    rarer,
)
from cip.models.encode import Encoder, fit_encoder, in_both_styles
from cip.models.encode_parts import Value
from cip.types import BoolArray, FeatureFrame, FeatureInfo, FloatArray, LabelledFrame

BASE_RATE: Final = "base_rate"
FEWEST: Final = 20
ENCODER_FILE: Final = "encoder.json"
CALIBRATION_FILE: Final = "calibration.json"


class Explained(NamedTuple):
    """Scores with why, of n customers.

    `raw_margin`: (n,) log-odds before calibration.  `base`: the base margin and `contributions`:
    (n, features) exact SHAP values, which add up to the margins after it.
    """

    raw_margin: FloatArray
    base: float
    contributions: FloatArray


@dataclass(frozen=True)
class ChurnModel:
    """A candidate fitted on one frame, with its encoder and its calibration.

    Margins are log-odds of churn after calibration.  Frames may hold further columns.
    """

    name: str
    encoder: Encoder
    core: Core
    calibration: Calibration = NO_CALIBRATION

    @property
    def features(self) -> tuple[str, ...]:
        """Raw features read, in the order of the contributions."""
        return self.encoder.features

    def calibrated(self, calibration: Calibration) -> ChurnModel:
        """The same model with this calibration in place of its own."""
        return replace(self, calibration=calibration)

    def margin(self, frame: FeatureFrame) -> FloatArray:
        """(n,) log-odds."""
        return self.calibration.apply(self.raw_margin(frame))

    def raw_margin(self, frame: FeatureFrame) -> FloatArray:
        """(n,) log-odds before calibration."""
        return np.concatenate([self.core.margin(X) for X in self._encoded(frame)])

    def predict(self, frame: FeatureFrame) -> FloatArray:
        """(n,) p_churn."""
        p: FloatArray = expit(self.margin(frame))
        return p

    def interval(self, frame: FeatureFrame) -> tuple[FloatArray, FloatArray] | None:
        """(n,) lower and upper p_churn; None where the calibration gives no interval."""
        if self.calibration.venn_abers is None:
            return None
        return self.calibration.interval(self.raw_margin(frame))

    def contributions(self, frame: FeatureFrame) -> tuple[float, FloatArray]:
        """The base margin, and (n, len(features)) exact SHAP values: base + sum = margin.

        Raises ModelError where they do not add up, and for a comparison model.
        """
        found = self.explain(frame)
        return found.base, found.contributions

    def explain(self, frame: FeatureFrame) -> Explained:
        """What `raw_margin` and `contributions` give, the rows read once."""
        found = [self._explain(X) for X in self._encoded(frame)]
        return Explained(
            np.concatenate([part.raw_margin for part in found]),
            found[0].base,
            np.concatenate([part.contributions for part in found]),
        )

    def margin_one(self, values: Mapping[str, Value]) -> float:
        """Log-odds of one customer; None and NaN are missing."""
        return float(self.calibration.apply(self.raw_margin_one(values))[0])

    def raw_margin_one(self, values: Mapping[str, Value]) -> FloatArray:
        """(1,) log-odds of one customer before calibration."""
        return self.core.margin(self.encoder.transform_one(values)[None, :])

    def contributions_one(self, values: Mapping[str, Value]) -> tuple[float, FloatArray]:
        """The base margin and the (len(features),) SHAP values of one customer."""
        found = self.explain_one(values)
        return found.base, found.contributions[0]

    def explain_one(self, values: Mapping[str, Value]) -> Explained:
        """What `explain` gives of one customer, as one row."""
        return self._explain(self.encoder.transform_one(values)[None, :])

    def artefacts(self) -> dict[str, bytes]:
        """Everything `from_artefacts` needs, by file name; ModelError for a comparison model."""
        return {
            ENCODER_FILE: self.encoder.to_json().encode(),
            CALIBRATION_FILE: self.calibration.to_json().encode(),
            **self.core.files(),
        }

    def _encoded(self, frame: FeatureFrame) -> Iterator[FloatArray]:
        if not self.features:  # the base rate asks for nothing, so columns cannot tell n
            return iter([np.zeros((len(frame), 0))])
        return self.encoder.blocks(frame.columns)

    def _explain(self, X: FloatArray) -> Explained:
        base, shap = self.core.contributions(X)
        shap = self.encoder.per_feature(shap)
        margin = self.core.margin(X)
        _check_sum(self.name, base, shap, margin, self.core.tolerance)
        return Explained(margin, *self.calibration.explain(base, shap, margin))


_TREES: Final[dict[str, Callable[[FloatArray, BoolArray, int, int, Factors], Core]]] = {
    "random_forest": lambda X, y, seed, threads, _: fit_forest(X, y, seed, threads),
    "hgb": lambda X, y, seed, *_: fit_hgb(X, y, seed),
    "neural_network": lambda X, y, seed, *_: fit_neural(X, y, seed),
    "lightgbm": fit_lightgbm,
    "xgboost": fit_xgboost,
}
_READS: Final[dict[str, Callable[[Mapping[str, bytes]], Core]]] = {
    "base_rate": LinearCore.read,
    "recency_only": LinearCore.read,
    "logistic_regression": LinearCore.read,
    "lightgbm": LightGBMCore.read,
    "xgboost": XGBoostCore.read,
    "blend": MixCore.read,
    "stack": MixCore.read,
}


def fit_churn(
    name: str,
    train: LabelledFrame,
    infos: Sequence[FeatureInfo],
    *,
    seed: int,
    threads: int,
    recency: str = "",
    settings: Settings = NO_SETTINGS,
) -> ChurnModel:
    """The candidate called `name`, fitted on the features of `infos`; the same for the same seed.

    `recency` names the one feature that `recency_only` reads; `settings`: multiples of the default
    settings, by candidate.  Raises ModelError where fewer than `FEWEST` customers left or stayed,
    where a column is missing or of the wrong type, and where there is no such candidate, setting or
    recency feature.
    """
    candidate = candidate_named(name)
    if candidate.is_mix:
        raise ModelError(
            "M-126", f"{name} is made of other candidates.", "Fit those, and mix them: `mixed`."
        )
    _check_classes(train.churned)
    columns = train.features.columns
    encoder = fit_encoder(train.features, _read_by(name, infos, recency), candidate.style)
    if name == BASE_RATE:
        return ChurnModel(name, encoder, fit_base_rate(train.churned))
    factors = settings.get(name, DEFAULT)
    if candidate.style == "spline":
        return ChurnModel(name, encoder, fit_logistic(encoder, columns, train.churned, factors))
    core = _TREES[name](encoder.transform(columns), train.churned, seed, threads, factors)
    return ChurnModel(name, encoder, core)


def mixed(name: str, mix: Mix, models: Mapping[str, ChurnModel]) -> ChurnModel:
    """The mix of these fitted models, by name; they learned from the same rows and features.

    Its log-odds and its reasons are the weighted sums of theirs before calibration.
    """
    styles = {models[member].encoder.style: models[member].encoder for member in mix.weights}
    if len(styles) == 1:
        (encoder,) = styles.values()
        reads = {encoder.style: np.arange(len(encoder.outputs))}
    else:
        encoder, smooth, plain = in_both_styles(styles["spline"], styles["tree"])
        reads = {"spline": smooth, "tree": plain}

    def member(who: str, weight: float) -> Member:
        model = models[who]
        return Member(who, weight, reads[model.encoder.style], model.core)

    members = tuple(member(who, weight) for who, weight in mix.weights.items())
    return ChurnModel(name, encoder, MixCore(mix.intercept, members, len(encoder.outputs)))


def from_artefacts(name: str, files: Mapping[str, bytes]) -> ChurnModel:
    """The model `artefacts` wrote, with equal predictions to the last bit.

    Raises ModelError where a file is missing, unreadable, or does not fit the others.
    """
    if name not in _READS:
        raise ModelError(
            "M-121",
            f"There is no servable model called {name}.",
            f"Choose one of: {', '.join(_READS)}.",
        )
    encoder = Encoder.from_json(file_named(files, ENCODER_FILE).decode(errors="replace"))
    calibration = Calibration.from_json(
        file_named(files, CALIBRATION_FILE).decode(errors="replace")
    )
    core = _READS[name](files)
    if core.width != len(encoder.outputs):
        raise ModelError(
            "M-106",
            f"The encoder makes {len(encoder.outputs)} columns but {name} reads {core.width}.",
            "The files are of different versions: restore the version's folder.",
        )
    return ChurnModel(name, encoder, core, calibration)


def _read_by(name: str, infos: Sequence[FeatureInfo], recency: str) -> Sequence[FeatureInfo]:
    if name == BASE_RATE:
        return ()
    if name != "recency_only":
        return infos
    chosen = [info for info in infos if info.name == recency]
    if not chosen:
        raise ModelError(
            "M-123",
            f"recency_only needs one feature; {recency or 'none'} is not among the {len(infos)}.",
            "Name the feature that counts the days since the customer was last active.",
        )
    return chosen


def _check_classes(churned: BoolArray) -> None:
    if rarer(churned) >= FEWEST:
        return
    left = int(np.count_nonzero(churned))
    raise ModelError(
        "M-120",
        f"Of {len(churned)} training customers {left} left and {len(churned) - left} stayed; "
        f"a model needs at least {FEWEST} of each.",
        "Use more cutoffs, a longer horizon or a longer history, or check the churn definition.",
    )


def _check_sum(
    name: str, base: float, shap: FloatArray, margin: FloatArray, tolerance: float
) -> None:
    scale = np.maximum(1.0, abs(base) + np.abs(shap).sum(axis=1))
    miss = np.abs(base + shap.sum(axis=1) - margin) / scale
    if np.any(miss > tolerance):
        raise ModelError(
            "M-124",
            f"The reasons of {name} miss the margin by up to {miss.max():.1e} of its size, more "
            f"than {tolerance:g}, for {np.count_nonzero(miss > tolerance)} of {len(miss)} rows.",
            "Do not show these reasons; train again, and report it if it stays.",
        )
