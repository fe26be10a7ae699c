"""Figures of what moves the risk: customers' points by fact, and one fact against its value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cip.faces.dashboard.parts.charts import finish, grey_rule, quiet_axis, theme_now
from cip.flows.explained import FactPicture

FloatArray = NDArray[np.float64]

_LOW_HIGH: Final = {
    "light": ((0.0, "#6BAFE0"), (0.5, "#8A6FB8"), (1.0, "#C23B4E")),
    "dark": ((0.0, "#5AA9E6"), (0.5, "#A88BE0"), (1.0, "#FF7A85")),
}
_GREY: Final = {"light": "#A3A9B4", "dark": "#6B7280"}
_PAIR: Final = {"light": ("#2166AC", "#D6604D"), "dark": ("#6AA5DD", "#F08A62")}
_INK: Final = {"light": "#1B1F2A", "dark": "#E8EAF0"}
BINS: Final = 48
DRAWN: Final = 300
"""Customers drawn a fact: ten facts then are 3,000 points, which a browser draws at once."""


def beeswarm(pictures: Sequence[FactPicture], names: Sequence[str]) -> go.Figure:
    """A row a fact, a point a customer: how far it moves the risk, coloured by its value."""
    theme, figure = theme_now(), go.Figure()
    for row, (picture, name) in enumerate(zip(pictures, names, strict=True)):
        drawn = slice(None, DRAWN)
        points, level = 100 * picture.points[drawn], picture.level[drawn]
        heights, is_known = row + swarm(points), np.isfinite(level)
        for rows, colours in (
            (~is_known, {"color": _GREY[theme]}),
            (is_known, _scale(level[is_known], theme, shown=row == 0)),
        ):
            figure.add_scatter(
                x=points[rows],
                y=heights[rows],
                mode="markers",
                marker={"size": 5, "opacity": 0.75, **colours},
                hovertemplate=f"{name}: %{{x:+.1f}} points<extra></extra>",
            )
    grey_rule(figure, (0, 0), (-0.6, len(pictures) - 0.4), dash="solid")
    finish(figure, 90 + 42 * len(pictures), {"l": 8, "r": 8, "t": 10, "b": 8})
    return figure.update_layout(
        xaxis={"title": "points of risk: left lowers it, right raises it", **quiet_axis()},
        yaxis={
            "autorange": "reversed",
            "tickvals": list(range(len(names))),
            "ticktext": list(names),
            **quiet_axis(),
        },
    )


def swarm(points: FloatArray) -> FloatArray:
    """(n,) heights within -0.4 and 0.4, so that points of one place lie beside one another."""
    if not len(points):
        return np.zeros(0)
    width = float(np.ptp(points)) or 1.0
    bins = np.minimum(((points - points.min()) / width * BINS).astype(np.int64), BINS - 1)
    heights = np.zeros(len(points))
    most = int(np.bincount(bins).max())
    for one in np.unique(bins):
        rows = np.flatnonzero(bins == one)
        turn = np.arange(len(rows))
        heights[rows] = np.where(turn % 2, -1, 1) * ((turn + 1) // 2) / max(most / 2, 8)
    return 0.4 * heights


def dependence(
    values: NDArray[Any],
    points: FloatArray,
    *,
    axis: str,
    name: str,
    halves: tuple[str, FloatArray] | None = None,
) -> go.Figure:
    """Points against the value, a point a customer; `halves`: another fact's level, 0 to 1."""
    theme, figure = theme_now(), go.Figure()
    y = 100 * points
    if values.dtype.kind == "O":
        _by_level(figure, values, y, name)
    else:
        for label, rows, colour in _halves(len(y), halves, theme):
            figure.add_scatter(
                x=values[rows],
                y=y[rows],
                mode="markers",
                name=label,
                marker={"size": 6, "opacity": 0.6, "color": colour},
                hovertemplate=f"{name} %{{x:,.4g}}: %{{y:+.1f}} points<extra></extra>",
            )
        _middle(figure, values, y, theme)
    finish(figure, 380, {"l": 8, "r": 16, "t": 10, "b": 8})
    return figure.update_layout(
        showlegend=halves is not None,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        xaxis={"title": axis, **quiet_axis()},
        yaxis={
            "title": "points of risk",
            **quiet_axis(),
            "zeroline": True,
            "zerolinecolor": _GREY[theme],
        },
    )


def _by_level(figure: go.Figure, values: NDArray[Any], y: FloatArray, name: str) -> None:
    """A box a value of a category, the most frequent first."""
    texts = np.array(["not known" if v is None else str(v) for v in values], dtype=np.object_)
    levels, counts = np.unique(texts, return_counts=True)
    for level in levels[np.argsort(-counts)][:12]:
        figure.add_box(
            y=y[texts == level],
            name=str(level),
            boxpoints=False,
            marker={"color": _PAIR[theme_now()][0]},
            hovertemplate=f"{name} {level}: %{{y:+.1f}} points<extra></extra>",
        )


def _halves(
    n: int, halves: tuple[str, FloatArray] | None, theme: str
) -> list[tuple[str, NDArray[np.bool_], str]]:
    low, high = _PAIR[theme]
    if halves is None:
        return [("", np.ones(n, dtype=np.bool_), low)]
    name, level = halves
    return [(f"{name}: lower half", level <= 0.5, low), (f"{name}: upper half", level > 0.5, high)]


def _middle(figure: go.Figure, values: FloatArray, y: FloatArray, theme: str) -> None:
    """The median of the points in up to ten equally large groups of the values."""
    known = ~np.isnan(values)
    order = np.argsort(values[known], kind="stable")
    groups = [part for part in np.array_split(order, 10) if len(part)]
    figure.add_scatter(
        x=[float(np.median(values[known][part])) for part in groups],
        y=[float(np.median(y[known][part])) for part in groups],
        mode="lines",
        name="median of ten groups",
        line={"color": _INK[theme], "width": 2.2},
        hoverinfo="skip",
    )


def _scale(level: FloatArray, theme: str, *, shown: bool) -> dict[str, Any]:
    """Colours from the lowest to the highest value; the legend stands beside the first row."""
    bar = {
        "title": {"text": "value", "side": "top"},
        "tickvals": [0, 1],
        "ticktext": ["low", "high"],
        "thickness": 8,
        "len": 0.5,
        "outlinewidth": 0,
    }
    return {
        "color": level,
        "cmin": 0,
        "cmax": 1,
        "colorscale": [list(stop) for stop in _LOW_HIGH[theme]],
        "showscale": shown,
        **({"colorbar": bar} if shown else {}),
    }
