"""One customer, in words: risk, value, what is at stake, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cip.flows import invented
from cip.flows.results import SCORES, Customer, find_customer, open_results
from cip.flows.said_once import said_once
from cip.flows.shape import has_value, without_value
from cip.flows.without_model import has_signal, scored
from cip.settings import Workspace
from cip.types import Principal
from cip.wording import amount, count, percent, signed


@dataclass(frozen=True)
class Card:
    """A customer of a run, with what the run says around them."""

    customer: Customer
    summary: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready; what rests on a churn model without signal is null, as in the exports."""
        unknown = {} if scored(self.summary) else dict.fromkeys(SCORES)
        return {
            "run_id": self.summary["run_id"],
            "as_of": self.summary["calendar"]["score"],
            "currency": self.summary["workspace"]["currency"],
            "signal": self.summary["churn"]["verdicts"]["signal"]["word"],
            "base_p": self.summary["churn"]["base_p"],
            **asdict(self.customer),
            **unknown,
        }

    def lines(self) -> list[str]:
        """For people: what is known, then the reasons in points of probability.

        Without signal there is no score to give reasons for: the base rate and the value stand.
        """
        said = self._scored() if scored(self.summary) else self._without_score()
        return [*said, *invented.lines(self.summary["workspace"])]

    def _without_score(self) -> list[str]:
        who, churn = self.customer, self.summary["churn"]
        why = (
            "a weak signal, and no model serves: no score. The churn model is not shown to know "
            "enough of who"
            if has_signal(self.summary)
            else "no signal, so no score. The churn model is not shown to know who"
        )
        of_all = f"of all customers {percent(churn['base_p'])} do ({churn['definition']})"
        said = [f"{who.title}: {why} leaves; {of_all}."]
        if who.has_left:
            said.append("They have left already by the label: on no list to act on.")
        value = self.summary["value"]
        if who.clv is not None and value["verdict"]["word"] != "no signal":
            said.append(f"{self._worth(who.clv)}. Forecast of value: {value['verdict']['word']}.")
        return [*said, *self._unknown_worth()]

    def _scored(self) -> list[str]:
        who, summary = self.customer, self.summary
        currency, churn = summary["workspace"]["currency"], summary["churn"]
        said = [
            self._place(),
            (
                f"Risk of leaving ({churn['definition']}): {percent(who.p_churn)} (typical "
                f"{percent(churn['base_p'])}). Model: {churn['verdicts']['signal']['word']}."
            ),
        ]
        loss = who.expected_value_loss
        if who.clv is not None and who.clv_if_retained is not None and loss is not None:
            said.append(
                f"{self._worth(who.clv)}, "
                f"{amount(who.clv_if_retained, currency)} if they stay; "
                f"{amount(loss, currency)} at stake{_more(loss, who.clv)}."
            )
        points = ((signed(100 * r.points, 1), r.sentence) for r in said_once(who.reasons))
        reasons = [f"  {size:>5} points  {sentence}" for size, sentence in points]
        return [*said, *self._unknown_worth(), *reasons]

    def _unknown_worth(self) -> list[str]:
        """Why this customer has no value in a run that has values."""
        who = self.customer
        if who.clv is not None or who.has_left or not has_value(self.summary):
            return []
        return [f"What they are worth is not known: {without_value(self.summary)}."]

    def _worth(self, clv: float) -> str:
        value, currency = self.summary["value"], self.summary["workspace"]["currency"]
        return f"Worth {amount(clv, currency)} in the next {value['horizon_days']} days"

    def _place(self) -> str:
        who = self.customer
        if who.has_left:
            return (
                f"{who.title} has left already ({self.summary['churn']['definition']}): on no list "
                "to act on. The risk is what models say that did not see this."
            )
        by = "expected loss" if has_value(self.summary) else "risk"
        return (
            f"{who.title}: {who.priority_segment}, rank {count(who.rank)} of "
            f"{count(self.summary['totals']['customers'])} by {by}."
        )


def _more(loss: float, clv: float) -> str:
    """Why more can be at stake than a customer is worth; empty where it is not more."""
    if loss <= clv:
        return ""
    return ": risk times what they bring if they stay; their worth allows for their leaving"


def lookup(workspace: Workspace, customer_id: str, *, actor: Principal) -> Card:
    """The customer in the current run.  Raises: NotFoundError F-202, NotReadyError F-201."""
    results = open_results(workspace, actor=actor)
    return Card(find_customer(results, customer_id, actor=actor), results.summary)
