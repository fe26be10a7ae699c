"""Figures of a verdict on a score: does it find leavers, is it true, does it pay, does it last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from cip.faces.report.plot import Plot, Point, padded
from cip.wording import count, percent

Entry = Mapping[str, Any]
_MOST_NAMES: Final = 9


def ranking_charts(said: Entry) -> str:
    """Does it find leavers, and what do its values mean."""
    return _side_by_side([_gains(said), _reliability(said) if said["stated"] else _steps(said)])


def profit_chart(said: Entry, beside: str) -> str:
    """Does it pay; `beside` is a card with the figures."""
    return _side_by_side([_profit(said), beside])


def time_charts(said: Entry) -> str:
    """Does it last."""
    return _side_by_side([_ranking_over_time(said), _truth_over_time(said)])


def _side_by_side(parts: Sequence[str]) -> str:
    return f'<div class="charts">{"".join(parts)}</div>'


def _figure(title: str, under: str, plot: Plot, see: str) -> str:
    return (
        f'<figure class="card"><h3>{escape(title)}</h3><p class="sub">{escape(under)}</p>'
        f"{plot.svg(f'{title}. {see}')}<figcaption>{escape(see)}</figcaption></figure>"
    )


def _whole(value: float) -> str:
    return percent(value, 0)


def _gains(said: Entry) -> str:
    gains, rival = said["gains"], said["rival"]
    top, rate = gains["top"]["0.1"], said["counts"]["rate"]
    plot = Plot((0, 1), (0, 1), ("Share of customers contacted", "Leavers found"), _whole, _whole)
    plot.line([(0, 0), (1, 1)], "lot").text((0.72, 0.66), "by lot")
    plot.band(gains["share"], gains["low"], gains["high"])
    if not rival["reason"]:
        plot.line(_points(gains["share"], rival["gains"]), "rival")
        plot.text((0.98, 0.14), f"- - our own {rival['chosen']}", "rival", anchor="end")
    plot.line(_points(gains["share"], gains["value"]))
    plot.text((0.98, 0.05), "— this score", "score", anchor="end")
    see = (
        f"The tenth of customers ranked riskiest holds {percent(top['value'])} of all leavers "
        f"({_between(top)}); a tenth drawn by lot holds {percent(0.1, 0)}."
    )
    title = f"The riskiest tenth holds {_whole(top['value'])} of the leavers"
    if top["low"] <= 0.1:
        title = "The riskiest tenth holds hardly more leavers than any tenth"
    judged = count(said["counts"]["judged"])
    under = f"Share of all leavers, {judged} customers of whom {percent(rate)} left; 95 % band"
    return _figure(title, under, plot, see)


def _reliability(said: Entry) -> str:
    steps = said["steps"]
    most = max(max(step["said"], step["left"]["high"]) for step in steps)
    most = min(1.0, 1.06 * most)
    names = ("Probability that the score states", "Share who really left")
    plot = Plot((0, most), (0, most), names, _whole, _whole)
    plot.line([(0, 0), (most, most)], "lot")
    plot.text((most * 0.97, most * 0.86), "as stated", anchor="end")
    plot.line([(step["said"], step["left"]["value"]) for step in steps])
    for step in steps:
        left = step["left"]
        plot.dot((step["said"], left["value"]), left["low"], left["high"])
    last, total = steps[-1], sum(step["said"] * step["rows"] for step in steps)
    said_all = total / said["counts"]["judged"]
    rate = said["counts"]["rate"]
    see = (
        f"On average it says {percent(said_all)} and {percent(rate)} left; in its riskiest group "
        f"it says {percent(last['said'])} and {percent(last['left']['value'])} left. Dots below "
        "the dotted line: it says too much."
    )
    title = "It does not mean what it says" if said["is_off"] else "It means what it says"
    if said["is_unsure"]:
        title = "Too few rows to show that it means what it says"
    groups = f"{len(steps)} groups of customers with neighbouring scores; 95 % whiskers"
    return _figure(title, f"Stated probability against the share who left; {groups}", plot, see)


def _steps(said: Entry) -> str:
    steps, rate = said["steps"], said["counts"]["rate"]
    most = min(1.0, 1.1 * max(step["left"]["high"] for step in steps))
    names = ("From the safest values to the riskiest", "Share who left")
    short = len(steps) <= _MOST_NAMES and all(len(step["values"]) <= 12 for step in steps)
    ticks = [
        (place, step["values"] if short else str(place)) for place, step in enumerate(steps, 1)
    ]
    plot = Plot((0.4, len(steps) + 0.6), (0, most), names, _whole, _whole, ticks)
    plot.line([(0.4, rate), (len(steps) + 0.6, rate)], "lot")
    plot.text((0.45, rate), f"all: {percent(rate)}")
    for place, step in enumerate(steps, 1):
        left = step["left"]
        plot.bar(place, 0.62, left["value"])
        plot.dot((place, left["value"]), left["low"], left["high"])
    first, last = steps[0]["left"]["value"], steps[-1]["left"]["value"]
    see = (
        f"Among the safest values {percent(first)} left, among the riskiest {percent(last)}. The "
        "table below says which values these are."
    )
    title = f"From {_whole(first)} at the safe end to {_whole(last)} at the risky one"
    return _figure(title, "Share who left, by value of the score; 95 % whiskers", plot, see)


def _profit(said: Entry) -> str:
    profit = said["profit"]
    everybody = profit["value"][-1]
    low, high = padded(min([0, *profit["low"]]), max([0, *profit["high"]]))
    names = ("Share of customers contacted", "Profit a customer, money")
    plot = Plot((0, 1), (low, high), names, _whole, _money_tick)
    plot.line([(0, 0), (1, 0)], "zero")
    plot.line([(0, 0), (1, everybody)], "lot").text((0.36, 0.3 * everybody), "by lot")
    plot.band(profit["share"], profit["low"], profit["high"])
    plot.line(_points(profit["share"], profit["value"]))
    best, kept = profit["best"], profit["kept"]
    top = max(profit["value"])
    plot.line([(best["value"], low), (best["value"], top)], "mark")
    side = "end" if best["value"] > 0.5 else "start"
    plot.text((best["value"], top), f"best: top {_whole(best['value'])}", "strong", anchor=side)
    costs = profit["costs"]
    worth = said["columns"].get("value") or f"{costs['clv']:,.0f}"
    see = (
        f"Contacting everybody earns {everybody:,.2f} a customer, nobody 0. A list as long as pays "
        f"best, its length chosen on other customers, earns {kept['value']:,.2f} "
        f"({kept['low']:,.2f} to {kept['high']:,.2f})."
    )
    title = _profit_title(profit)
    accept = costs["accept_alpha"] / (costs["accept_alpha"] + costs["accept_beta"])
    under = (
        f"Reckoned, not measured: {worth} a customer kept, {costs['offer']:g} an offer, "
        f"{costs['contact']:g} a contact, {_whole(accept)} of leavers accept; 95 % band"
    )
    return _figure(title, under, plot, see)


def _profit_title(profit: Entry) -> str:
    if profit["kept"]["low"] <= 0:
        return "No list is shown to earn anything at these costs"
    if profit["over_all"]["low"] <= 0:
        return "Choosing earns no more than contacting everybody"
    return f"Contacting the riskiest {_whole(profit['best']['value'])} earns most"


def _ranking_over_time(said: Entry) -> str:
    periods = [each for each in said["periods"]["periods"] if each["auc"]["value"] is not None]
    low = min([0.5, *(each["auc"]["low"] for each in periods)])
    high = max([0.6, *(each["auc"]["high"] for each in periods)])
    plot = _timed(periods, padded(low, min(high, 1.0)), "ROC-AUC", lambda y: f"{y:.2f}")
    plot.line([(0.4, 0.5), (len(periods) + 0.6, 0.5)], "lot")
    plot.text((0.45, 0.5), "a coin")
    plot.line([(place, each["auc"]["value"]) for place, each in enumerate(periods, 1)])
    for place, each in enumerate(periods, 1):
        plot.dot((place, each["auc"]["value"]), each["auc"]["low"], each["auc"]["high"])
    change = said["periods"]["change"]
    word = "It ranks about as well in every period"
    if change["value"] is not None and change["high"] < 0:
        word = "It ranks worse and worse"
    elif change["value"] is not None and change["low"] > 0:
        word = "It ranks better than it did"
    under = "ROC-AUC by the date of the score; 95 % whiskers"
    return _figure(word, under, plot, said["periods"]["sentence"])


def _truth_over_time(said: Entry) -> str:
    periods = said["periods"]["periods"]
    stated = [each["said"] for each in periods if each["said"] is not None]
    high = 1.1 * max([each["left"]["high"] for each in periods] + stated)
    plot = _timed(periods, (0, high), "Share of customers", _whole)
    if stated:
        plot.line(list(enumerate(stated, 1)))
        plot.text((len(periods) + 0.5, stated[-1]), "— stated", "score", anchor="end")
    for place, each in enumerate(periods, 1):
        left = each["left"]
        plot.dot((place, left["value"]), left["low"], left["high"], "seen")
    plot.text((len(periods) + 0.5, 0.02 * high), "○ left", "rival", anchor="end")
    odd = [f"{each['name']} {each['differs']}" for each in periods if each["differs"]]
    see = "; ".join(odd[:3]) if odd else "No period differs from the others beyond chance"
    more = f"; and {len(odd) - 3} more" if len(odd) > 3 else ""
    title = "Who left, period by period" if not stated else "Stated and real, period by period"
    under = "Share who left by the date of the score; 95 % whiskers"
    return _figure(title, under, plot, f"{see}{more}.")


def _timed(periods: Sequence[Entry], y: Point, name: str, say: Any) -> Plot:
    every = max(1, -(-len(periods) // 6))
    ticks = [(at, each["name"]) for at, each in enumerate(periods, 1) if (at - 1) % every == 0]
    names = ("Date of the score", name)
    return Plot((0.4, len(periods) + 0.6), y, names, str, say, ticks)


def _points(x: Sequence[float], y: Sequence[float]) -> list[Point]:
    return list(zip(x, y, strict=True))


def _between(figure: Entry) -> str:
    return f"{100 * figure['low']:.1f}–{100 * figure['high']:.1f}"


def _money_tick(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:,.1f}"
