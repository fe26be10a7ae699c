"""What acting on the risk would have earned at the test date, with the workspace's own costs.

An accounting with an assumed share of leavers who accept, not a measured effect of an offer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cip.access.roles import require
from cip.contract.config import Config, CostsSection
from cip.flows.operating_point import TestOutcome
from cip.flows.profit_own import (
    AtTest,
    OwnProfit,
    band_times,
    own_dict,
    own_or_why,
    own_profit,
    stored_own,
    times,
)
from cip.flows.results import Results
from cip.flows.value import Value
from cip.models.profit import Costs, ProfitBand, profit_curve, profit_figures
from cip.types import BoolArray, Estimate, FloatArray, Principal
from cip.wording import amount, count, percent

CHOSEN: Final = "chosen"
BASELINE: Final = "baseline"
OFFER: Final = 0.05  # of the clv, as 10 of 200 in Verbraken, Verbeke and Baesens 2013
CONTACT: Final = 0.005  # of the clv, as 1 of 200 there
DRAWS: Final = 100  # of a what-if, which somebody waits for
_ASKED: Final = (
    "This is an accounting with an assumed share who accept, not a measured effect of an offer: "
    "only a test with a control group can measure that."
)


@dataclass(frozen=True)
class PastScores:
    """Who was scored at the test date and what happened; each (n,).

    `baseline`: another ranking of them, such as recency alone, if there is one.
    """

    churned: BoolArray
    p_churn: FloatArray
    customer_id: NDArray[Any]
    baseline: FloatArray | None = None


@dataclass(frozen=True)
class Earned:
    """Money over all customers at the test date, by contacting the riskiest of them.

    `contacted` are at `costs.break_even` or above and earn `at_break_even`; `everybody`: if all
    are contacted; nobody earns 0.  `maximum`: expected maximum profit per customer.  `best`: the
    highest point of the curve, seen with hindsight, in customers and money.  `baseline`: the
    maximum of the other ranking.  `assumed`: sentences about what nobody has measured.  `own`: the
    same with each customer at their own value, why that is not counted, or None in an older run.
    """

    costs: Costs
    currency: str
    customers: int
    contacted: int
    at_break_even: Estimate
    everybody: Estimate
    maximum: Estimate
    best: tuple[int, float]
    band: ProfitBand
    baseline: Estimate | None = None
    baseline_band: ProfitBand | None = None
    assumed: tuple[str, ...] = field(default=())
    own: OwnProfit | str | None = None

    @property
    def sentence(self) -> str:
        """The answer in money."""
        pays = self.costs.break_even
        if pays > 1:
            return "With these costs contacting nobody is best: even a sure leaver costs more."
        low, high = (
            amount(x, self.currency) for x in (self.at_break_even.low, self.at_break_even.high)
        )
        return (
            f"With these costs a contact pays from a risk of {percent(pays)} on, with a customer "
            f"worth {amount(self.costs.clv, self.currency)}: contacting those "
            f"{count(self.contacted)} of {count(self.customers)} customers would have earned "
            f"{amount(self.at_break_even.value, self.currency)} "
            f"({low.removesuffix(' ' + self.currency)} to {high}), contacting all "
            f"{amount(self.everybody.value, self.currency)}, nobody 0."
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready; the curve is a table beside."""
        return {
            "costs": asdict(self.costs),
            "currency": self.currency,
            "break_even": self.costs.break_even,
            "customers": self.customers,
            "contacted": self.contacted,
            "at_break_even": self.at_break_even.as_dict(),
            "everybody": self.everybody.as_dict(),
            "maximum": self.maximum.as_dict(),
            "baseline": None if self.baseline is None else self.baseline.as_dict(),
            "best": {"customers": self.best[0], "profit": self.best[1]},
            "sentence": self.sentence,
            "assumed": list(self.assumed),
            "own": own_dict(self.own),
        }

    def table(self) -> pa.Table:
        """The profit curve with its 95 % band, in money over all customers at the test date."""
        own = self.own.columns() if isinstance(self.own, OwnProfit) else {}
        return pa.table(_columns(self.band) | _columns(self.baseline_band, "baseline_") | own)


_NO_ORDER: Final = (
    "The model is not shown to know who leaves, so it is of no use to weigh its risks with values."
)


def profit_of(
    tested: PastScores,
    p_churn: FloatArray,
    value: Value | None,
    config: Config,
    *,
    has_signal: bool = True,
) -> Earned | str:
    """What the run's model would have earned; or why no sum can be said.

    `p_churn`: (m,) of the customers who are scored now, as in `value`; None where nobody knows
    what customers are worth.  Where the value of each was known at the test date and is any good,
    and the model is shown to rank (`has_signal`), it is counted with as well.
    """
    given, currency = config.churn.costs, config.workspace.currency
    worth = given.clv or (None if value is None else _usual_clv(p_churn, value.clv_if_retained))
    if worth is None:
        return (
            "What a customer is worth is not known, so no profit can be said. "
            "Where you know it, set [churn.costs] clv."
        )
    costs = costs_of(given, worth)
    seed, draws = config.run.seed, config.run.draws
    found = earned(tested, costs, currency, seed=seed, draws=draws)
    found = replace(found, assumed=_assumed(given, costs, currency))
    known = own_or_why(value, given) if has_signal else _NO_ORDER
    if isinstance(known, str):
        return replace(found, own=known)
    rows = AtTest(tested.churned, tested.p_churn, tested.customer_id, known.at_test)
    own = own_profit(rows, costs, currency, seed=seed, draws=draws, notes=known.notes)
    return replace(found, own=own)


def stored_profit(results: Results, *, actor: Principal) -> Earned | None:
    """What the run itself counted; None where it did not, or could not."""
    require(actor, "read")
    found = results.summary["churn"].get("profit") or {}
    table = results.tables.columns("curve_profit")
    if "costs" not in found or not table:
        return None
    other = found["baseline"]
    return Earned(
        costs=Costs(**found["costs"]),
        currency=found["currency"],
        customers=found["customers"],
        contacted=found["contacted"],
        at_break_even=Estimate(**found["at_break_even"]),
        everybody=Estimate(**found["everybody"]),
        maximum=Estimate(**found["maximum"]),
        best=(found["best"]["customers"], found["best"]["profit"]),
        band=_band(table),
        baseline=None if other is None else Estimate(**other),
        baseline_band=_band(table, "baseline_") if "baseline_profit" in table else None,
        assumed=tuple(found["assumed"]),
        own=stored_own(found.get("own"), table),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """Costs as somebody types them: money with cents, the share who accept in per cent."""

    clv: float
    offer: float
    contact: float
    accept_percent: float


def asked(costs: Costs) -> Asked:
    """The costs as they are typed."""
    clv, offer, contact = (round(x, 2) for x in (costs.clv, costs.offer, costs.contact))
    return Asked(clv, offer, contact, round(100 * costs.accept, 1))


def what_if(stored: Earned, outcome: TestOutcome, wanted: Asked, *, actor: Principal) -> Earned:
    """The same under other costs, from the test probabilities that the run kept.

    What is asked for by the run's own costs is what is stored.  Who types another value of a
    customer kept means one value for all.
    """
    require(actor, "read")
    if wanted == asked(stored.costs):
        return stored
    sure = stored.costs.accept_alpha + stored.costs.accept_beta
    share = wanted.accept_percent / 100
    costs = Costs(wanted.clv, wanted.offer, wanted.contact, sure * share, sure * (1 - share))
    tested = PastScores(outcome.churned, outcome.p_churn, np.arange(len(outcome.p_churn)))
    other = earned(tested, costs, stored.currency, seed=0, draws=DRAWS)
    if not isinstance(stored.own, OwnProfit) or outcome.value is None:
        return other
    if wanted.clv != asked(stored.costs).clv:
        return replace(other, own="You gave one value for all, so every customer counts the same.")
    rows = AtTest(outcome.churned, outcome.p_churn, tested.customer_id, outcome.value)
    costs = replace(costs, clv=stored.costs.clv)
    own = own_profit(rows, costs, stored.currency, seed=0, draws=DRAWS, notes=stored.own.notes)
    return replace(other, own=own)


def costs_of(given: CostsSection, clv: float) -> Costs:
    """The costs as given; what is not given is a share of the `clv`."""
    return Costs(
        clv=clv,
        offer=OFFER * clv if given.offer is None else given.offer,
        contact=CONTACT * clv if given.contact is None else given.contact,
        accept_alpha=given.accept * given.asked,
        accept_beta=(1 - given.accept) * given.asked,
    )


def earned(tested: PastScores, costs: Costs, currency: str, *, seed: int, draws: int) -> Earned:
    """What contacting would have earned under `costs`, with intervals of customers drawn again."""
    n = len(tested.p_churn)
    rankings = {CHOSEN: tested.p_churn}
    if tested.baseline is not None:
        rankings[BASELINE] = tested.baseline
    figures = profit_figures(
        tested.churned, rankings, tested.customer_id, costs, seed=seed, draws=draws
    )
    own, other = figures[CHOSEN], figures.get(BASELINE)
    curve = profit_curve(tested.churned, tested.p_churn, costs)
    best = curve.best
    return Earned(
        costs=costs,
        currency=currency,
        customers=n,
        contacted=int(np.count_nonzero(tested.p_churn >= costs.break_even)),
        at_break_even=times(own.at_break_even, n, currency),
        everybody=times(own.everybody, n, currency),
        maximum=times(own.maximum, 1, currency),
        best=(round(float(curve.share[best]) * n), float(curve.profit[best]) * n),
        band=band_times(own.band, n),
        baseline=None if other is None else times(other.maximum, 1, currency),
        baseline_band=None if other is None else band_times(other.band, n),
    )


def _usual_clv(p_churn: FloatArray, clv_if_retained: FloatArray | None) -> float | None:
    """What a leaver who is kept is worth on average: by the risk, since it is leavers one keeps."""
    if clv_if_retained is None:
        return None
    known = np.isfinite(clv_if_retained)
    risk = p_churn[known].sum()
    worth = float(p_churn[known] @ clv_if_retained[known] / risk) if risk > 0 else 0.0
    return worth if worth > 0 else None


def _assumed(given: CostsSection, costs: Costs, currency: str) -> tuple[str, ...]:
    said = []
    if given.clv is None:
        said.append(
            f"A customer kept is worth {amount(costs.clv, currency)}: the value that customers of "
            "this run would bring if they stayed, on average by their risk."
        )
    taken = [
        f"{name} {_cents(value, currency)}"
        for name, value, is_given in (
            ("an offer costs", costs.offer, given.offer is not None),
            ("a contact costs", costs.contact, given.contact is not None),
        )
        if not is_given
    ]
    if not given.model_fields_set & {"accept", "asked"}:
        taken.append(f"{percent(costs.accept, 0)} of the leavers who are asked accept")
    if taken:
        said.append(f"Assumed, not measured: {', '.join(taken)}. Set yours in [churn.costs].")
    return (*said, _ASKED)


def _cents(value: float, currency: str) -> str:
    return amount(value, currency) if value >= 100 else f"{value:.2f} {currency}"


def _band(table: Mapping[str, NDArray[Any]], prefix: str = "") -> ProfitBand:
    return ProfitBand(
        table["share"], table[f"{prefix}profit"], table[f"{prefix}low"], table[f"{prefix}high"]
    )


def _columns(band: ProfitBand | None, prefix: str = "") -> dict[str, FloatArray]:
    if band is None:
        return {}
    return {
        **({"share": band.share} if not prefix else {}),
        f"{prefix}profit": band.profit,
        f"{prefix}low": band.low,
        f"{prefix}high": band.high,
    }
