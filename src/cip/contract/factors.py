"""`[churn.settings]`: how far the candidates' settings depart from their defaults."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from cip.contract.mapping import Strict

Factor = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
_DEFAULT: Final = 1.0


class LogisticFactors(Strict):
    """Multiples of the default settings of logistic regression; 1 is the default itself."""

    C: Factor = _DEFAULT


class BoostedFactors(Strict):
    """Multiples of the default settings of boosted trees; 1 is the default itself.

    The defaults follow from the size of the rarer class, so a multiple keeps its meaning as data
    grow.  Counts stay whole, shares of columns and rows at most 1.
    """

    leaves: Factor = _DEFAULT
    learning_rate: Factor = _DEFAULT
    trees: Factor = _DEFAULT
    l2: Factor = _DEFAULT
    columns: Factor = _DEFAULT
    rows: Factor = _DEFAULT


class LightGBMFactors(BoostedFactors):
    """Those of LightGBM; `child_rows`: the fewest rows of a leaf."""

    child_rows: Factor = _DEFAULT


class XGBoostFactors(BoostedFactors):
    """Those of XGBoost; `child_weight`: the least weight of a leaf."""

    child_weight: Factor = _DEFAULT


class CandidateSettings(Strict):
    """Settings by candidate, as a search found them or a person wants them (docs/decisions/0034).

    A candidate that is named here is not searched.
    """

    logistic_regression: LogisticFactors | None = None
    lightgbm: LightGBMFactors | None = None
    xgboost: XGBoostFactors | None = None

    def named(self) -> dict[str, dict[str, float]]:
        """Candidate to setting to multiple; only what departs from the default."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            name: {key: by for key, by in factors.model_dump().items() if by != _DEFAULT}
            for name, factors in given.items()
            if factors is not None
        }
