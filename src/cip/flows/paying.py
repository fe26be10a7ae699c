"""What to do with a cell of the grid where a contact costs money: never below the break-even.

The grid's actions go by bands of risk that somebody set; the break-even follows from the costs.
Where each customer was counted at their own value, a cell's break-even is that of its customers'
value; else it is the run's, of one value for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cip import columns as c
from cip.models.profit import Costs
from cip.wording import amount, count, percent

Cell = Mapping[str, Any]
Summary = Mapping[str, Any]

_SPENDS_ON: Final = frozenset({"High", "Medium"})
"""Bands of risk, and of value where it is known, whose action costs money."""


def action(summary: Summary, cell: Cell, said: str, risk: float | None = None) -> str:
    """`said`, the grid's action, as far as a contact pays in the cell of these bands.

    `risk`: of the one customer it is said of; None for all of the cell.  Where nobody counted what
    a contact earns, `said` stands as it is.
    """
    least = break_even(summary, cell) if spends(cell) else None
    if least is None:
        return said
    low, high = (risk, risk) if risk is not None else _bounds(summary, cell)
    if least <= low or (risk is None and _pays_with_all(cell)):
        return said
    whose = _of_value(summary, cell)
    if least >= high:
        return f"Spend nothing to keep them: {_why_not(least, risk, high, whose)}."
    if _pays_with_nobody(cell):
        return f"Spend nothing to keep them: {_nobody(least, whose)}."
    where = f"where a contact pays{whose}{_how_many(summary, cell)}"
    return f"Only from a risk of {percent(least)} on, {where}: {_inside(said)}"


def counted(summary: Summary, customers: pa.Table) -> list[dict[str, Any]]:
    """The cells; one whose action costs money says with how many of its customers it is `paying`.

    They are those from the break-even on; what is at stake with them is None where values are not
    known.  `customers`: the published list.  Cells without a break-even stay as they are.
    """
    seen = {name: customers[name].to_numpy() for name in _SEEN}
    return [{**cell, **_counted(summary, cell, seen)} for cell in summary["cells"]]


_SEEN: Final = (c.P_CHURN, c.CLV_BAND, c.CHURN_BAND, c.EXPECTED_VALUE_LOSS)


def first(summary: Summary) -> str:
    """The priority segment to begin with and what to do: most at stake where a contact pays.

    What is at stake is that of the customers with whom it pays, where the run counted them.
    Without values it is the riskiest that has customers.
    """
    pairs = [(s, c) for s, c in _segments(summary) if s["customers"]]
    if not pairs:
        return "There is nobody to begin with."
    top = max(pairs, key=_stake)
    if not spends(top[1]):
        return f"Start with {_said(summary, *top)}"
    paying = [pair for pair in pairs if spends(pair[1]) and pays(summary, pair[1])]
    best = max(paying, key=_paying_stake, default=None)
    if best is top:
        return f"Start with {_said(summary, *top)}"
    why = f"most is at stake with {top[0]['name']}, but {_why_elsewhere(summary, top[1])}"
    if best is None:
        return f"Spend nothing to keep anybody in particular: {why}."
    return f"Start with {_said(summary, *best)} ({why[:1].upper()}{why[1:]}.)"


def pays(summary: Summary, cell: Cell) -> bool:
    """Whether a contact may pay with somebody in the cell; true where nobody counted it."""
    least = break_even(summary, cell)
    if least is None:
        return True
    return least < _bounds(summary, cell)[1] and not _pays_with_nobody(cell)


def spends(cell: Cell) -> bool:
    """Whether the grid's action for the cell costs money."""
    is_worth_it = cell["clv_band"] is None or cell["clv_band"] in _SPENDS_ON
    return is_worth_it and cell["churn_band"] in _SPENDS_ON


def break_even(summary: Summary, cell: Cell) -> float | None:
    """The risk from which a contact pays in the cell; None where it was not counted."""
    found = summary["churn"].get("profit") or {}
    if "costs" not in found:
        return None
    worth = _own_value(summary, cell) if _counts_own(found) else None
    costs = Costs(**found["costs"])
    return (costs if worth is None else replace(costs, clv=worth)).break_even


def _of_value(summary: Summary, cell: Cell) -> str:
    """Whose break-even it is, beside the run's; empty where all count at one value."""
    found = summary["churn"].get("profit") or {}
    if not _counts_own(found) or _own_value(summary, cell) is None:
        return ""
    usual = percent(Costs(**found["costs"]).break_even)
    return f" with customers of this value (of average value: {usual})"


def _segments(summary: Summary) -> list[tuple[Mapping[str, Any], Cell]]:
    """Every priority segment with its cell."""
    cells = {_name(cell): cell for cell in summary["cells"]}
    return [(s, cells[s["name"]]) for s in summary["priority_segments"] if s["name"] in cells]


def _name(cell: Cell) -> str:
    risk = f"{cell['churn_band']} churn"
    return risk if cell["clv_band"] is None else f"{cell['clv_band']} CLV / {risk}"


def _stake(pair: tuple[Mapping[str, Any], Cell]) -> float:
    return float(pair[0]["expected_value_loss"] or 0.0)


def _paying_stake(pair: tuple[Mapping[str, Any], Cell]) -> float:
    found = pair[1].get("paying")
    return float(found["expected_value_loss"] or 0.0) if found else _stake(pair)


def _said(summary: Summary, segment: Mapping[str, Any], cell: Cell) -> str:
    loss = segment["expected_value_loss"]
    stake = "" if loss is None else f", {amount(loss, summary['workspace']['currency'])} at stake"
    who = f"{segment['name']}: {count(segment['customers'])} customers{stake}."
    return f"{who} {action(summary, cell, segment['what_to_do'])}"


def _counts_own(found: Mapping[str, Any]) -> bool:
    return "contacted" in (found.get("own") or {})


def _own_value(summary: Summary, cell: Cell) -> float | None:
    """What leavers of the cell who are kept are worth, on average by their risk, if known.

    A cell that comes with its own sums, such as one of a segment, is taken at them.
    """
    same = (each for each in summary["cells"] if _bands(each) == _bands(cell))
    inside = cell if "expected_value_loss" in cell else next(same, None)
    if inside is None or not inside["customers"] or not inside["p_churn"]:
        return None
    loss = inside["expected_value_loss"]
    return loss / (inside["customers"] * inside["p_churn"]) if loss else None


def _bands(cell: Cell) -> tuple[str | None, str]:
    return cell["clv_band"], cell["churn_band"]


def _bounds(summary: Summary, cell: Cell) -> tuple[float, float]:
    low, high = summary["churn"]["bands"]
    ends = {"Low": (0.0, low), "Medium": (low, high), "High": (high, 1.0)}
    return ends[cell["churn_band"]]


def _why_not(least: float, risk: float | None, high: float, whose: str) -> str:
    if least > 1:
        return "at these costs no contact pays, however sure it is that they leave"
    theirs = f"below {percent(high, 0)}" if risk is None else percent(risk)
    return f"a contact{whose} pays from a risk of {percent(least)} on, and theirs is {theirs}"


def _counted(
    summary: Summary, cell: Cell, seen: Mapping[str, NDArray[Any]]
) -> dict[str, dict[str, Any]]:
    least = break_even(summary, cell) if cell["customers"] and spends(cell) else None
    if least is None:
        return {}
    in_cell = (seen[c.CLV_BAND] == cell["clv_band"]) & (seen[c.CHURN_BAND] == cell["churn_band"])
    inside = in_cell & (seen[c.P_CHURN] >= least)
    stake = None
    if cell["expected_value_loss"] is not None:
        stake = float(np.nansum(seen[c.EXPECTED_VALUE_LOSS][inside]))
    return {"paying": {"customers": int(inside.sum()), "expected_value_loss": stake}}


def _pays_with_nobody(cell: Cell) -> bool:
    return "paying" in cell and not cell["paying"]["customers"]


def _pays_with_all(cell: Cell) -> bool:
    return "paying" in cell and cell["paying"]["customers"] == cell["customers"]


def _how_many(summary: Summary, cell: Cell) -> str:
    """`, 13 of these 510 customers, 314 USD at stake`; empty where it was not counted."""
    found = cell.get("paying")
    if found is None:
        return ""
    loss, currency = found["expected_value_loss"], summary["workspace"]["currency"]
    stake = "" if loss is None else f", {amount(loss, currency)} at stake"
    return f", {count(found['customers'])} of these {count(cell['customers'])} customers{stake}"


def _why_elsewhere(summary: Summary, cell: Cell) -> str:
    """Why one does not begin with the cell that has most at stake."""
    least, whose = break_even(summary, cell) or 0.0, _of_value(summary, cell)
    if least >= _bounds(summary, cell)[1]:
        return f"there {_why_not(least, None, _bounds(summary, cell)[1], whose)}"
    if _pays_with_nobody(cell):
        return f"there {_nobody(least, whose)}"
    return f"a contact pays with only {_how_many(summary, cell).removeprefix(', ')}"


def _nobody(least: float, whose: str) -> str:
    return f"a contact{whose} pays from a risk of {percent(least)} on, and nobody's is so high"


def _inside(said: str) -> str:
    """The sentence behind a colon."""
    return said[:1].lower() + said[1:]
