"""Whom to contact where every customer counts at their own value: a picture, and sums by budget."""

from __future__ import annotations

from typing import Final

import streamlit as st

from cip.faces.dashboard import look
from cip.faces.dashboard.formats import amount, count
from cip.faces.dashboard.look import escape
from cip.flows.profit_own import OwnProfit, ends
from cip.types import Estimate


def show(own: OwnProfit | str | None) -> None:
    """The figures, or why all count the same; nothing for runs that did not ask."""
    from cip.faces.dashboard.parts import charts

    if own is None:
        return
    if isinstance(own, str):
        st.html(look.block(look.note(own)))
        return
    st.html(look.block(look.heading(title(own), _BELOW)))
    alt = "Profit by customers contacted, in order of expected gain and of risk"
    charts.draw(charts.profit_own(own), "profit_own", alt)
    st.html(look.block(budgets(own), *(look.note(text) for text in own.notes)))


_BELOW: Final = (
    "Each customer counts at what they would have been said to be worth at the test date. Bold: "
    "contacted by expected gain, which is risk times value less costs; grey: by risk alone."
)


def title(own: OwnProfit) -> str:
    """Which order earns more, of a tenth."""
    if not own.contacted:
        return own.sentence.removesuffix(".")
    one = own.spoken_of[0]
    n = count(one.customers)
    if one.more.low <= 0 <= one.more.high:
        return f"At their own value, the best {n} are not shown to earn more than the riskiest {n}"
    way = "more" if one.more.value > 0 else "less"
    size = amount(abs(one.more.value), one.more.unit)
    return f"At their own value, the best {n} by gain earn {size} {way} than the riskiest {n}"


def budgets(own: OwnProfit) -> str:
    """A row a budget: what both orders earn, and the difference on the same resamples."""
    rows = [
        [
            f"<b>{count(one.customers)}</b>"
            + "<small>as many as pay</small>" * (one.customers == own.contacted),
            *(_money(money) for money in (one.by_gain, one.by_risk, one.more)),
        ]
        for one in own.budgets
    ]
    head = ["Contacted", "By expected gain", "By risk alone", "Gain less risk"]
    return look.table(head, rows)


def _money(money: Estimate) -> str:
    value = escape(amount(money.value, money.unit))
    return f"<b>{value}</b><small>{escape(ends(money))}</small>"
