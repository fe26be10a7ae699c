"""What contacting would have earned if every customer counts at their own value.

The value is the one that the run would have named on the test date, by a method fitted to what was
known before it.  Whom to contact is then a matter of expected gain, not of risk alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.contract.config import CostsSection
from cip.flows.value import Value
from cip.models.profit import Costs, ProfitBand
from cip.models.profit_own import Budget, expected_gain, own_figures
from cip.types import BoolArray, Estimate, FloatArray
from cip.wording import amount, count

SHARES: Final = (0.05, 0.1, 0.2)
"""Of all customers: budgets that are shown beside the number that pays."""
BANDS: Final = {"by_gain": "gain_", "by_risk": "risk_", "more": "more_"}
_NOT_MEASURED: Final = (
    "What a kept leaver would bring is the forecast of value, never seen: the comparison holds as "
    "far as that forecast does."
)


@dataclass(frozen=True)
class AtTest:
    """Who was scored at the test date, what happened, and each one's value; each (n,)."""

    churned: BoolArray
    p_churn: FloatArray
    customer_id: NDArray[Any]
    value: FloatArray


@dataclass(frozen=True)
class OwnProfit:
    """Money over all customers at the test date, each counted at their own value.

    `contacted`: whose expected gain is above 0.  `budgets`: so many contacted, the fewest first,
    by expected gain and by risk alone.  The bands are the same as curves; `more` is the difference.
    """

    currency: str
    customers: int
    contacted: int
    budgets: tuple[Budget, ...]
    by_gain: ProfitBand
    by_risk: ProfitBand
    more: ProfitBand
    notes: tuple[str, ...]

    @property
    def spoken_of(self) -> tuple[Budget, ...]:
        """A tenth of the customers, and as many as pay where these are neither none nor all."""
        wanted = (_customers(SHARES[1], self.customers), self.contacted)
        found = {one.customers: one for one in self.budgets}
        return tuple(found[n] for n in dict.fromkeys(wanted) if n in found)

    @property
    def sentence(self) -> str:
        """What the order by expected gain earns, against that by risk."""
        if not self.contacted:
            return "With these costs no customer's own value is worth a contact."
        said = "; ".join(_said(one) for one in self.spoken_of)
        if self.contacted == self.customers:
            said += "; everybody is worth a contact"
        return f"Each customer at their own value: {said}."

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready; the curves are in a table beside."""
        return {
            "currency": self.currency,
            "customers": self.customers,
            "contacted": self.contacted,
            "budgets": [
                {"customers": one.customers}
                | {name: getattr(one, name).as_dict() for name in BANDS}
                for one in self.budgets
            ],
            "sentence": self.sentence,
            "notes": list(self.notes),
        }

    def columns(self) -> dict[str, FloatArray]:
        """Of the curves, at the shares of the curve by risk: each line with its interval."""
        return {
            f"{prefix}{part}": getattr(getattr(self, name), part)
            for name, prefix in BANDS.items()
            for part in ("profit", "low", "high")
        }


@dataclass(frozen=True)
class Known:
    """(n,) each test customer's own value as of that date, and what must be said beside it."""

    at_test: FloatArray
    notes: tuple[str, ...]


def own_or_why(value: Value | None, given: CostsSection) -> Known | str:
    """What each customer is worth; or why all count the same."""
    if given.clv is not None:
        return "[churn.costs] clv gives one value for all, so every customer counts the same."
    if value is None or value.at_test is None:
        return "What each customer is worth is not known, so every customer counts the same."
    if value.verdict.word == "no signal":
        return (
            "The forecast of value is not shown to know more than a simple rule, so every "
            "customer counts the same, at the average."
        )
    return Known(value.at_test, (f"{_NOT_MEASURED} {value.verdict.sentence}",))


def own_profit(
    tested: AtTest,
    costs: Costs,
    currency: str,
    *,
    seed: int,
    draws: int,
    notes: tuple[str, ...] = (),
) -> OwnProfit:
    """By expected gain and by risk, under `costs`; who has no value counts at `costs.clv`."""
    n, unknown = len(tested.p_churn), ~np.isfinite(tested.value)
    value = np.where(unknown, costs.clv, tested.value)
    contacted = int(np.count_nonzero(expected_gain(tested.p_churn, value, costs) > 0))
    wanted = {_customers(share, n) for share in SHARES}
    wanted |= {contacted} & set(range(1, n))
    found = own_figures(
        tested.churned,
        tested.p_churn,
        value,
        tested.customer_id,
        costs,
        budgets=sorted(wanted),
        seed=seed,
        draws=draws,
    )
    if unknown.any():
        notes = (*notes, f"{count(unknown.sum())} of them have no value and count at the average.")
    return OwnProfit(
        currency=currency,
        customers=n,
        contacted=contacted,
        budgets=tuple(_in_all(one, n, currency) for one in found.budgets),
        **{name: band_times(getattr(found, name), n) for name in BANDS},
        notes=notes,
    )


def stored_own(
    found: Mapping[str, Any] | None, table: Mapping[str, NDArray[Any]]
) -> OwnProfit | str | None:
    """As the run published it: the figures, why there are none, or None in an older run."""
    if not found:
        return None
    if "reason" in found:
        return str(found["reason"])
    bands = {
        name: ProfitBand(
            table["share"], *(table[f"{prefix}{part}"] for part in ("profit", "low", "high"))
        )
        for name, prefix in BANDS.items()
    }
    return OwnProfit(
        currency=found["currency"],
        customers=found["customers"],
        contacted=found["contacted"],
        budgets=tuple(
            Budget(one["customers"], *(Estimate(**one[name]) for name in BANDS))
            for one in found["budgets"]
        ),
        **bands,
        notes=tuple(found["notes"]),
    )


def own_dict(own: OwnProfit | str | None) -> dict[str, Any] | None:
    """JSON-ready: the figures, or why there are none."""
    if own is None:
        return None
    return {"reason": own} if isinstance(own, str) else own.as_dict()


def money(estimate: Estimate) -> str:
    """`1,200 GBP (900 to 1,500)`."""
    return f"{amount(estimate.value, estimate.unit)} ({ends(estimate)})"


def ends(estimate: Estimate) -> str:
    """The interval of a sum, without its currency: `900 to 1,500`."""
    low, high = (amount(x, "").strip() for x in (estimate.low, estimate.high))
    return f"{low} to {high}"


def times(estimate: Estimate, n: int, currency: str) -> Estimate:
    """Of a figure per customer, that of n customers."""
    ends = {name: getattr(estimate, name) * n for name in ("value", "low", "high")}
    return replace(estimate, **ends, unit=currency)


def band_times(band: ProfitBand, n: int) -> ProfitBand:
    """Of a curve per customer, that of n customers."""
    return ProfitBand(band.share, band.profit * n, band.low * n, band.high * n)


def _in_all(one: Budget, n: int, currency: str) -> Budget:
    return Budget(one.customers, *(times(getattr(one, name), n, currency) for name in BANDS))


def _said(one: Budget) -> str:
    n = count(one.customers)
    return (
        f"the best {n} by expected gain would have earned {money(one.by_gain)}, the riskiest {n} "
        f"{money(one.by_risk)}: {_apart(one.more)}"
    )


def _customers(share: float, n: int) -> int:
    return max(round(share * n), 1)


def _apart(more: Estimate) -> str:
    if more.low <= 0 <= more.high:
        return f"no difference is shown ({ends(more)} {more.unit})"
    if more.value > 0:
        return f"{amount(more.value, more.unit)} more ({ends(more)})"
    less = replace(more, value=-more.value, low=-more.high, high=-more.low)
    return f"{amount(less.value, less.unit)} less ({ends(less)})"
