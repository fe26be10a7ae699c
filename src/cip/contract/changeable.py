"""How far the business can change a feature, as `cip.toml` says it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from cip.contract.mapping import Strict


class Changeable(Strict):
    """How far the business can change a feature: from `low` to `high`, both included.

    `direction`: "up" or "down" from what a customer has now, or "any".  `within`: by at most this
    share of what a customer has now, so 0.2 is 20 % more or less.  A side that nothing bounds goes
    to where nine of ten customers are.  Of a category, `values` names what it may become; without
    them, anything that another customer has.
    """

    low: float | None = None
    high: float | None = None
    direction: Literal["up", "down", "any"] = "any"
    values: tuple[str, ...] = ()
    within: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _is_a_range(self) -> Changeable:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low is {self.low:g}, above high, {self.high:g}")
        if self.values and {self.low, self.high, self.within} != {None}:
            raise ValueError(
                "values are for a category, low, high and within for a number: give one"
            )
        return self
