"""Figures drawn by Plotly: curves, radar and dots, in the colours of both themes.

Plotly is 4.7 MB in a new browser, so no page shows one of these at first sight but the page about
the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor
from textwrap import wrap
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from cip.flows.operating_point import Curves
from cip.flows.profit import Earned
from cip.flows.profit_own import OwnProfit

Column = NDArray[Any]
Segments = Sequence[Mapping[str, Any]]

OKABE_ITO: Final = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#B8AB00", "#7F7F7F",
)  # fmt: skip
"""The palette's order; its yellow and black are toned so that both themes show them."""
_SYMBOLS: Final = (
    "circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon",
)  # fmt: skip
_FOLD: Final = 14  # letters of a line beside the radar
_ACCENT: Final = {"light": "#4F46E5", "dark": "#8B85F5"}
_INK: Final = {"light": "#5B6270", "dark": "#A3A9B8"}
_BAND: Final = {"light": "rgba(79,70,229,.14)", "dark": "rgba(139,133,245,.22)"}
_GRID: Final = "rgba(128,134,150,.2)"
_QUIET: Final = {"displayModeBar": False, "scrollZoom": False}
_SIDE: Final = 330


def roc(curves: Curves) -> go.Figure:
    """Leavers found against false alarms, with the coin's line."""
    x, y = curves.roc["false_alarm_rate"], curves.roc["recall"]
    figure = go.Figure()
    grey_rule(figure, (0, 1), (0, 1))
    _line(figure, x, y, "%{x:.0%} false alarms find %{y:.0%} of the leavers")
    return _square(figure, "stayers flagged by mistake", "leavers found")


def precision_recall(curves: Curves, base_rate: float) -> go.Figure:
    """How pure the list is against how many leavers it holds, with the base rate's line."""
    x, y = curves.precision_recall["recall"], curves.precision_recall["precision"]
    figure = go.Figure()
    grey_rule(figure, (0, 1), (base_rate, base_rate))
    _line(figure, x, y, "To find %{x:.0%} of the leavers: %{y:.0%} of those flagged leave")
    return _square(figure, "leavers found", "flagged who really leave")


def calibration(curves: Curves) -> go.Figure:
    """What was said against what was seen, in tenths of the customers, with 95 % whiskers.

    Both axes show the same part of the scale, where the points and their whiskers lie.
    """
    bins, theme = curves.calibration, theme_now()
    seen, counts = bins["realised"], bins["count"]
    figure, ticks = go.Figure(), around(bins["predicted"], bins["low"], bins["high"])
    ends = (ticks[0], ticks[-1])
    grey_rule(figure, ends, ends)
    figure.add_scatter(
        x=bins["predicted"],
        y=seen,
        mode="markers",
        marker={"size": 9, "color": _ACCENT[theme]},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": bins["high"] - seen,
            "arrayminus": seen - bins["low"],
            "color": _ACCENT[theme],
            "thickness": 1.4,
            "width": 4,
        },
        customdata=counts,
        hovertemplate="Said %{x:.0%}, seen %{y:.0%}, %{customdata:,} customers<extra></extra>",
    )
    return _square(figure, "risk that was said", "share who left", ticks)


def around(*shares: Column) -> list[float]:
    """Ticks, at round shares, from just below the least to just above the greatest of them."""
    all_ = np.concatenate(shares)
    low, high = float(np.nanmin(all_)), float(np.nanmax(all_))
    step = next((s for s in _STEPS if high - low <= _MOST * s), _STEPS[-1])
    first = min(floor(low / step), round(1 / step) - 1)
    last = max(ceil(high / step), first + 1)
    return [round(step * at, 2) for at in range(first, last + 1)]


_STEPS: Final = (0.01, 0.02, 0.05, 0.1, 0.25)
_MOST: Final = 5  # steps between the least and the greatest


def profit(earned: Earned) -> go.Figure:
    """Money against how many of the riskiest are contacted, with its band; dotted: at random."""
    theme, all_ = theme_now(), earned.customers
    figure = go.Figure()
    grey_rule(figure, (0, all_), (0, earned.everybody.value))
    if earned.baseline_band is not None:
        _money_line(figure, earned, "baseline_band", _INK[theme], "by recency alone")
    _money_line(figure, earned, "band", _ACCENT[theme], "by risk")
    figure.add_scatter(
        x=[earned.contacted],
        y=[earned.at_break_even.value],
        mode="markers",
        marker={"size": 11, "color": _ACCENT[theme]},
        hovertemplate="From here on a contact costs more than it brings<extra></extra>",
    )
    return _money_axes(figure, "customers contacted, riskiest first", earned.currency)


def profit_own(own: OwnProfit) -> go.Figure:
    """Money against how many are contacted, by expected gain and, in grey, by risk alone."""
    theme, figure = theme_now(), go.Figure()
    _money_line(figure, own, "by_risk", _INK[theme], "by risk alone")
    _money_line(figure, own, "by_gain", _ACCENT[theme], "by expected gain")
    return _money_axes(figure, "customers contacted, best first", own.currency)


def _money_line(
    figure: go.Figure, money: Earned | OwnProfit, name: str, colour: str, how: str
) -> None:
    """The curve that `money` calls `name`, with its band."""
    band = getattr(money, name)
    x = band.share * money.customers
    edge = {"x": x, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    figure.add_scatter(y=band.low, **edge)
    figure.add_scatter(y=band.high, fill="tonexty", fillcolor=_BAND[theme_now()], **edge)
    figure.add_scatter(
        x=x,
        y=band.profit,
        mode="lines",
        line={"color": colour, "width": 2.4},
        hovertemplate=f"%{{x:,.0f}} contacted {how}: %{{y:,.0f}} {money.currency}<extra></extra>",
    )


def _money_axes(figure: go.Figure, below: str, currency: str) -> go.Figure:
    finish(figure, _SIDE, {"l": 8, "r": 24, "t": 10, "b": 8})
    return figure.update_layout(
        xaxis={"title": below, "tickformat": ",d", **quiet_axis()},
        yaxis={"title": currency, "tickformat": ",d", **quiet_axis()},
    )


def radar(segments: Segments, axes: Sequence[str]) -> go.Figure:
    """The shape of at most four segments: percentiles among all customers."""
    figure = go.Figure()
    spokes = ["<br>".join(wrap(axis, _FOLD)) for axis in axes]  # beside the circle is little room
    for segment in segments:
        colour, name = _colour(segment), segment["name"]
        shape = [*segment["profile"], segment["profile"][0]]
        figure.add_scatterpolar(
            r=shape,
            theta=[*spokes, spokes[0]],
            name=name,
            mode="lines+markers",
            line={"color": colour, "width": 2.2},
            marker={"symbol": _symbol(segment), "size": 7},
            fill="toself",
            fillcolor=f"{colour}14",
            hovertemplate=f"{name}: %{{theta}} %{{r:.0f}}<extra></extra>",
        )
    ring = {"range": [0, 100], "tickvals": [25, 50, 75], "gridcolor": _GRID, "showline": False}
    spoke = {"gridcolor": _GRID, "linecolor": _GRID}
    finish(figure, 400, {"l": 80, "r": 80, "t": 28, "b": 8})
    return figure.update_layout(
        showlegend=True,
        legend=_legend(-0.1),
        polar={"bgcolor": "rgba(0,0,0,0)", "radialaxis": ring, "angularaxis": spoke},
    )


def dots(segments: Segments, axes: Sequence[str]) -> go.Figure:
    """The same percentiles, every segment, a line an axis: values are read here."""
    figure = go.Figure()
    for place, axis in enumerate(axes):
        known = [s["profile"][place] for s in segments if s["profile"][place] is not None]
        if known:
            grey_rule(figure, (min(known), max(known)), (axis, axis), dash="solid")
    for segment in segments:
        figure.add_scatter(
            x=segment["profile"],
            y=list(axes),
            mode="markers",
            name=segment["name"],
            marker={"size": 12, "color": _colour(segment), "symbol": _symbol(segment)},
            hovertemplate=f"{segment['name']}: %{{y}} %{{x:.0f}}<extra></extra>",
        )
    finish(figure, 400)
    return figure.update_layout(
        showlegend=True,
        legend=_legend(-0.2),
        xaxis={"range": [-2, 102], "title": "percentile among all customers", **quiet_axis()},
        yaxis={"autorange": "reversed", **quiet_axis(), "showgrid": False},
    )


def draw(figure: go.Figure, key: str, alt: str) -> None:
    """The figure on the page, without buttons."""
    st.plotly_chart(figure, config=_QUIET, key=key, alt=alt)


def theme_now() -> str:
    """`light` or `dark`."""
    return st.context.theme.type or "light"


def _line(figure: go.Figure, x: Column, y: Column, hover: str) -> None:
    theme = theme_now()
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        line={"color": _ACCENT[theme], "width": 2.4},
        fill="tozeroy",
        fillcolor=_BAND[theme],
        hovertemplate=f"{hover}<extra></extra>",
    )


def grey_rule(
    figure: go.Figure, x: tuple[float, float], y: tuple[Any, Any], dash: str = "dot"
) -> None:
    """A grey line for what chance, or perfection, would give."""
    line = {"color": _INK[theme_now()], "width": 1.2, "dash": dash}
    if dash == "solid":
        line = {"color": _GRID, "width": 2, "dash": dash}
    figure.add_scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", showlegend=False)


def _square(
    figure: go.Figure, x: str, y: str, ticks: Sequence[float] = (0, 0.25, 0.5, 0.75, 1)
) -> go.Figure:
    finish(figure, _SIDE, {"l": 8, "r": 24, "t": 10, "b": 8})
    ends = [ticks[0], ticks[-1] + 0.02 * (ticks[-1] - ticks[0])]
    scale = {"range": ends, "tickformat": ".0%", "tickvals": list(ticks)}
    return figure.update_layout(
        xaxis={"title": x, **scale, **quiet_axis()}, yaxis={"title": y, **scale, **quiet_axis()}
    )


def finish(figure: go.Figure, height: int, margin: Mapping[str, int] | None = None) -> None:
    """No background, no legend, no dragging: what every figure here has in common."""
    figure.update_layout(
        height=height,
        margin=margin or {"l": 8, "r": 8, "t": 10, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=False,
        dragmode=False,
        hovermode="closest",
    )
    figure.layout.template = None  # Plotly's own is 7 kB in every message; Streamlit has its theme


def quiet_axis() -> dict[str, Any]:
    """An axis with a faint grid."""
    return {"gridcolor": _GRID, "zeroline": False, "fixedrange": True}


def _legend(y: float) -> dict[str, Any]:
    return {"orientation": "h", "y": y, "x": 0.5, "xanchor": "center"}


def _colour(segment: Mapping[str, Any]) -> str:
    return OKABE_ITO[segment["segment"] % len(OKABE_ITO)]


def _symbol(segment: Mapping[str, Any]) -> str:
    return _SYMBOLS[segment["segment"] % len(_SYMBOLS)]
