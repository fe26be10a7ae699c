"""What somebody asks of `cip judge`: a file, its columns, and money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from cip.errors import ModelError, SettingsError
from cip.models.judge.score import Scale, Side
from cip.models.profit import Costs

USUAL_COSTS: Final = Costs(clv=200.0, offer=10.0, contact=1.0)
"""Those of Verbraken, Verbeke and Baesens 2013."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked: a file, its columns, and money for the profit.

    `left`: what in the outcome's column means left, guessed where empty; `higher_is`: which
    customers a high score speaks of, seen in the data where None; `scale`: what its numbers are,
    read from the file and the name where None.
    """

    file: str
    score: str
    outcome: str
    as_of: str = ""
    customer: str = ""
    value: str = ""
    left: tuple[str, ...] = ()
    higher_is: Side | None = None
    scale: Scale | None = None
    costs: Costs = USUAL_COSTS
    seed: int = 20260


def wanted_of(*, money: tuple[float, float, float], **asked: Any) -> Wanted:
    """What is asked; `money`: what a customer kept brings, an offer costs, a contact costs.

    Raises: SettingsError J-111 for money that cannot be.
    """
    try:
        costs = Costs(*money)
    except ModelError as error:
        raise SettingsError("J-111", error.message, error.hint) from error
    return Wanted(costs=costs, **asked)
