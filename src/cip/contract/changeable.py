"""How far the business can change a feature, as `cip.toml` says it."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from cip.contract.mapping import Strict


class Changeable(Strict):
    """How far the business can change a feature: from `low` to `high`, both included.

    `direction`: "up" or "down" from what a customer has now, or "any".  Of a category, `values`
    names what it may become; without them, anything that another customer has.
    """

    low: float | None = None
    high: float | None = None
    direction: Literal["up", "down", "any"] = "any"
    values: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_a_range(self) -> Changeable:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low is {self.low:g}, above high, {self.high:g}")
        if self.values and (self.low is not None or self.high is not None):
            raise ValueError("values are for a category, low and high for a number: give one")
        return self
