"""One customer, in words: risk, value, what is at stake, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cip.flows.results import Customer, find_customer, open_results
from cip.flows.shape import has_value, is_plain
from cip.settings import Workspace
from cip.types import Principal
from cip.wording import amount, count, percent


@dataclass(frozen=True)
class Card:
    """A customer of a run, with what the run says around them."""

    customer: Customer
    summary: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "run_id": self.summary["run_id"],
            "as_of": self.summary["calendar"]["score"],
            "currency": self.summary["workspace"]["currency"],
            "signal": self.summary["churn"]["verdicts"]["signal"]["word"],
            "base_p": self.summary["churn"]["base_p"],
            **asdict(self.customer),
        }

    def lines(self) -> list[str]:
        """For people: four facts, then the reasons in points of probability."""
        who, summary = self.customer, self.summary
        currency, churn = summary["workspace"]["currency"], summary["churn"]
        said = [
            self._place(),
            (
                f"Risk of {self._leaving()}: {percent(who.p_churn)} (typical "
                f"{percent(churn['base_p'])}). Model: {churn['verdicts']['signal']['word']}."
            ),
        ]
        loss = who.expected_value_loss
        if who.clv is not None and who.clv_if_retained is not None and loss is not None:
            said.append(
                f"Worth {amount(who.clv, currency)} in the next "
                f"{summary['value']['horizon_days']} days, "
                f"{amount(who.clv_if_retained, currency)} if they stay; "
                f"{amount(loss, currency)} at stake."
            )
        return [*said, *(f"  {100 * r.points:+5.1f} points  {r.sentence}" for r in who.reasons)]

    def _leaving(self) -> str:
        said = str(self.summary["churn"]["definition"])
        return f"leaving ({said})" if is_plain(self.summary) else said

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


def lookup(workspace: Workspace, customer_id: str, *, actor: Principal) -> Card:
    """The customer in the current run.  Raises: NotFoundError F-202, NotReadyError F-201."""
    results = open_results(workspace, actor=actor)
    return Card(find_customer(results, customer_id, actor=actor), results.summary)
