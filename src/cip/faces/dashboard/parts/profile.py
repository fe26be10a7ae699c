"""One customer in parts: cards, reasons, who they are; in a drawer and on a page of their own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from cip.faces.dashboard import look, sentences
from cip.faces.dashboard.formats import MISSING, amount, capital, count, percent, plain, time_since
from cip.faces.dashboard.parts import blocks, header, telling, values
from cip.flows.compared import Compared
from cip.flows.results import Customer
from cip.flows.said_once import named
from cip.flows.shape import has_value, is_plain, without_value
from cip.types import FeatureInfo, Reason

Summary = Mapping[str, Any]

SHOWN: Final = 8
NOT_SHOWN: Final = "not shown"


def cards(customer: Customer, summary: Summary) -> list[str]:
    """Risk, value, expected loss and rank; what rests on a model without signal is not shown."""
    loss_known = header.scored(summary)
    if customer.has_left:
        return [_risk(customer, summary, shown=loss_known), _gone(summary)]
    return [
        _risk(customer, summary, shown=loss_known),
        _value(customer, summary),
        _loss(customer, summary, shown=loss_known),
        _rank(customer, summary, shown=loss_known),
    ]


def why(customer: Customer, base: float) -> str:
    """The reasons of the risk: from the typical customer to this one."""
    if not customer.reasons:
        return look.heading("Why this risk?", "This run has no reasons for this customer.")
    steps = _steps(customer, base)
    raised = sum(size for _, size in steps if size > 0)
    lowered = -sum(size for _, size in steps if size < 0)
    title = f"Some facts raise the risk by {100 * raised:.0f} points, others lower it by "
    return look.heading(
        f"{title}{100 * lowered:.0f}",
        f"Points of probability between the typical customer ({percent(base)}) and this one "
        f"({percent(customer.p_churn)})",
    ) + look.waterfall(base, steps, customer.p_churn)


def why_of_kind(customer: Customer, theirs: Compared) -> str:
    """The same from the mean of the customers they resemble."""
    steps = [(reason.sentence, reason.points) for reason in named(theirs.reasons, SHOWN)]
    rest = customer.p_churn - theirs.start - sum(size for _, size in steps)
    steps += [("All other facts together", rest)] if abs(rest) >= 0.0005 else []
    apart = 100 * (customer.p_churn - theirs.start)
    way = "higher" if apart > 0 else "lower"
    return look.heading(
        f"{abs(apart):.0f} points {way} than the mean of {theirs.segment_name}",
        "Points of probability between the mean of the customer's segment "
        f"({percent(theirs.start)}) and this customer ({percent(customer.p_churn)}); typical is "
        "the median, or the most frequent value",
    ) + look.waterfall(
        theirs.start, steps, customer.p_churn, ("Mean of the segment", "This customer")
    )


def to_do(customer: Customer, summary: Summary) -> str:
    """What to do with a customer of this priority segment, and the fact to begin with."""
    if customer.has_left:
        return look.to_do("Nothing to keep:", "this customer has left already.")
    cell = {"clv_band": customer.clv_band, "churn_band": customer.churn_band}
    raising = max(named(customer.reasons, SHOWN), key=lambda r: r.points, default=None)
    tells = raising is not None and raising.points > 0 and _tells(raising)
    start = f"Begin with what weighs most: {raising.sentence}." if raising and tells else ""
    said = sentences.what_to_do(summary, cell, customer.p_churn)
    return look.to_do(said or "Nothing to do.", start)


def _tells(reason: Reason) -> bool:
    """Whether it tells a value; runs of earlier versions say only in words that there is none."""
    return reason.is_known and ": not known" not in reason.sentence


def known(
    customer: Customer, summary: Summary, features: Mapping[str, Any] = MappingProxyType({})
) -> str:
    """Who they are: attributes, plan and price, since when, segment, last activity."""
    pairs = [("Customer id", customer.customer_id)]
    infos = {feature["name"]: feature for feature in summary["churn"]["features"]}
    pairs += [
        (capital(name.replace("_", " ")), attribute_words(value, infos.get(name), summary))
        for name, value in customer.attributes.items()
    ]
    pairs += [] if is_plain(summary) else telling.pairs(features, summary)
    if customer.segment_name:
        pairs.append(("Segment", customer.segment_name))
    if header.scored(summary):
        pairs.append(("Priority", customer.priority_segment))
    if not is_plain(summary):
        pairs.append(("Last activity", time_since(customer.last_purchase_days)))
    if customer.purchase_days is not None:
        pairs.append(("Days with a purchase", count(customer.purchase_days)))
    return blocks.facts(pairs)


def attribute_words(value: Any, feature: Summary | None, summary: Summary) -> str:
    """With its unit where the run knows one: `11 months`, `111.40 USD`."""
    if feature is None or not isinstance(value, int | float) or not feature["unit"]:
        return plain(value)
    info = FeatureInfo(**feature)
    if info.unit == summary["workspace"]["currency"]:
        return f"{value:,.2f} {info.unit}"
    return values.said(value, info, summary["workspace"]["currency"])


def _gone(summary: Summary) -> str:
    return look.card(
        "Has left already",
        "by the label",
        summary["churn"]["definition"],
        "The risk is what models say that did not see this: on no list to act on, in no sum.",
    )


def _risk(customer: Customer, summary: Summary, *, shown: bool) -> str:
    return look.card(
        "Risk of leaving",
        percent(customer.p_churn) if shown else NOT_SHOWN,
        _sure(customer, summary) if shown else _NO_SIGNAL,
        f"Leaving: {summary['churn']['definition']}.{_ENDS * (customer.p_churn_low is not None)}",
    )


_ENDS: Final = (
    " The range is what customers of this risk did (Venn-Abers), if this one stays, and if not."
)


def _sure(customer: Customer, summary: Summary) -> str:
    """The interval, where the run has one, and what is typical."""
    typical = f"typical customer {percent(summary['churn']['base_p'])}"
    low, high = customer.p_churn_low, customer.p_churn_high
    return typical if low is None or high is None else f"{percent(low)}–{percent(high)} · {typical}"


def _value(customer: Customer, summary: Summary) -> str:
    value = summary["value"]
    word = value["verdict"]["word"]
    if not has_value(summary):
        return look.card("Customer value", MISSING, "no column says it", value["reason"])
    if customer.clv is None:
        return look.card("Customer value", MISSING, without_value(summary), _NO_VALUE)
    shown = word != header.NO_SIGNAL
    doubt = "" if word == "useful" else f" · forecast {word}"
    return look.card(
        "Customer value",
        _money(customer.clv, summary) if shown else NOT_SHOWN,
        f"next {value['horizon_days']} days{doubt}" if shown else "the forecast shows no signal",
        "Expected future margin, discounted; the chance that they leave is in it.",
    )


def _loss(customer: Customer, summary: Summary, *, shown: bool) -> str:
    if not has_value(summary):
        return look.card("Expected loss", MISSING, "needs a value", summary["value"]["reason"])
    if customer.clv is None:
        return look.card("Expected loss", MISSING, "needs a value", _NO_VALUE)
    return look.card(
        "Expected loss",
        _money(customer.expected_value_loss, summary) if shown else NOT_SHOWN,
        _of_what(customer, summary) if shown else _NO_SIGNAL,
        "Risk times what they would bring if they stay. It can exceed their value: that has the "
        "chance that they leave in it, what they would bring if they stay has not.",
    )


def _of_what(customer: Customer, summary: Summary) -> str:
    """How the loss is made, and where it is more than the value, why."""
    kept = _money(customer.clv_if_retained, summary)
    if not _is_more(customer):
        return f"{kept} if they stay"
    return (
        f"{percent(customer.p_churn)} of the {kept} they bring if they stay; their value is less, "
        "as it allows for their leaving"
    )


_NO_VALUE: Final = "What this customer is worth is not known: in no sum, and ranked last."


def _is_more(customer: Customer) -> bool:
    """Whether more is at stake than the customer is worth."""
    loss, value = customer.expected_value_loss, customer.clv
    return loss is not None and value is not None and loss > value


def _rank(customer: Customer, summary: Summary, *, shown: bool) -> str:
    by = "loss" if has_value(summary) else "risk"
    return look.card(
        "Rank",
        f"No. {count(customer.rank)}" if shown else NOT_SHOWN,
        f"of {count(summary['totals']['customers'])} by {by}" if shown else _NO_SIGNAL,
        "1 has most at stake." if by == "loss" else "1 is the riskiest.",
    )


_NO_SIGNAL: Final = "no churn model serves"


def _steps(customer: Customer, base: float) -> list[tuple[str, float]]:
    """The largest reasons, then all others as one, so that the steps end at the customer's risk."""
    steps = [(reason.sentence, reason.points) for reason in named(customer.reasons, SHOWN)]
    rest = customer.p_churn - base - sum(size for _, size in steps)
    return [*steps, ("All other facts together", rest)] if abs(rest) >= 0.0005 else steps


def _money(value: float | None, summary: Summary) -> str:
    return MISSING if value is None else amount(value, summary["workspace"]["currency"])
