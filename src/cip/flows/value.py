"""What customers are worth: by their purchases, or by their subscriptions, whichever they have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cip.contract.config import Config
from cip.models.clv.backtest import ForecastErrors
from cip.models.clv.value import ValueTerms
from cip.types import BoolArray, Estimate, FloatArray, Verdict


@dataclass(frozen=True)
class Value:
    """The value of each scored customer, how the method did, and the sums with their intervals.

    `clv`, `clv_if_retained`: (n,) in currency; `p_alive`, `purchase_days`: (n,), NaN where the
    method has none.  `notes`: sentences that belong beside the figures.  `total_loss` gives the
    sum of p_churn times clv_if_retained for (n,) probabilities.  `at_test`: (m,) what the
    clv_if_retained of the test date's customers would have been said to be on that date, by the
    method fitted to what was known before it; in their order, None where nobody can say.
    `unknown`: (n,) True for customers whose value nobody can say, for `unknown_reason`; their
    figures here are 0, so that they add nothing to a sum.
    """

    method: str
    parameters: Mapping[str, float]
    notes: tuple[str, ...]
    verdict: Verdict
    errors: Mapping[str, ForecastErrors]
    clv: FloatArray
    clv_if_retained: FloatArray
    p_alive: FloatArray
    purchase_days: FloatArray
    total_clv: Estimate
    total_loss: Callable[[FloatArray], Estimate]
    at_test: FloatArray | None = None
    unknown: BoolArray | None = None
    unknown_reason: str = ""

    def known(self, figures: FloatArray) -> FloatArray:
        """(n,) the figures, NaN for customers whose value nobody can say."""
        return figures if self.unknown is None else np.where(self.unknown, np.nan, figures)

    def as_dict(self, config: Config) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "method": self.method,
            "horizon_days": config.value.horizon_days,
            "discount_rate": config.value.discount_rate_yearly,
            "margin": config.value.margin,
            "currency": config.workspace.currency,
            "parameters": dict(self.parameters),
            "notes": list(self.notes),
            "verdict": self.verdict.as_dict(),
            "backtest": {name: _errors(errors) for name, errors in self.errors.items()},
            "bands": list(config.value.bands),
            "unknown": self._unknown(),
        }

    def _unknown(self) -> dict[str, Any] | None:
        if self.unknown is None:
            return None
        return {"customers": int(self.unknown.sum()), "reason": self.unknown_reason}


def terms_of(config: Config) -> ValueTerms:
    """The workspace's horizon, discount, margin and currency."""
    value = config.value
    return ValueTerms(
        value.horizon_days, value.discount_rate_yearly, value.margin, config.workspace.currency
    )


def plain_terms(config: Config, days: float) -> ValueTerms:
    """Money as it is paid, for a backtest: no discount, no margin."""
    return ValueTerms(days, 0.0, 1.0, config.workspace.currency)


def _errors(errors: ForecastErrors) -> dict[str, Any]:
    return {name: getattr(errors, name).as_dict() for name in errors.__dataclass_fields__}
