"""A small drawing board: axes, lines, bands, dots and bars as inline SVG, coloured by the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from math import ceil, floor, log10
from typing import Final

WIDTH: Final = 460
HEIGHT: Final = 310
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 18, 14, 44
_TICKS: Final = 5

Point = tuple[float, float]
Said = Callable[[float], str]


@dataclass
class Plot:
    """Axes from `x` to `y` (lowest, highest), with what was drawn on them so far.

    `names`: with their units; `say_x` and `say_y` write a tick; `ticks_x` in place of round ones.
    """

    x: Point
    y: Point
    names: tuple[str, str]
    say_x: Said
    say_y: Said
    ticks_x: Sequence[tuple[float, str]] = ()
    drawn: list[str] = field(default_factory=list)

    def line(self, points: Iterable[Point], kind: str = "") -> Plot:
        """A line; `kind` is its class in the style sheet."""
        path = " ".join(f"{self._px(x):.1f},{self._py(y):.1f}" for x, y in points)
        return self._add(f'<polyline class="line {kind}" points="{path}"/>')

    def band(self, x: Sequence[float], low: Sequence[float], high: Sequence[float]) -> Plot:
        """An area between two lines."""
        around = [*zip(x, high, strict=True), *reversed(list(zip(x, low, strict=True)))]
        path = " ".join(f"{self._px(a):.1f},{self._py(b):.1f}" for a, b in around)
        return self._add(f'<polygon class="fill" points="{path}"/>')

    def dot(self, at: Point, low: float, high: float, kind: str = "") -> Plot:
        """A dot with its interval; the title shows on hover."""
        x = self._px(at[0])
        whisker = f'x1="{x:.1f}" x2="{x:.1f}" y1="{self._py(low):.1f}" y2="{self._py(high):.1f}"'
        self._add(f'<line class="whisker {kind}" {whisker}/>')
        return self._add(
            f'<circle class="dot {kind}" cx="{x:.1f}" cy="{self._py(at[1]):.1f}" r="4.2"/>'
        )

    def bar(self, at: float, width: float, value: float) -> Plot:
        """A bar from the x-axis up."""
        left, right = self._px(at - width / 2), self._px(at + width / 2)
        top, foot = self._py(value), self._py(max(0.0, self.y[0]))
        return self._add(
            f'<rect class="bar" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
            f'height="{max(foot - top, 0):.1f}" rx="2"/>'
        )

    def text(self, at: Point, said: str, kind: str = "", *, anchor: str = "start") -> Plot:
        """Words at a point, a little above it."""
        x, y = self._px(at[0]), self._py(at[1]) - 6
        return self._add(
            f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
            f"{escape(said)}</text>"
        )

    def svg(self, told: str) -> str:
        """The whole; `told` says to those who do not see it what it shows."""
        return (
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(told)}">'
            f"{''.join(self._axes())}{''.join(self.drawn)}</svg>"
        )

    def _add(self, shape: str) -> Plot:
        self.drawn.append(shape)
        return self

    def _axes(self) -> Iterable[str]:
        foot, left, right = HEIGHT - _BOTTOM, _LEFT, WIDTH - _RIGHT
        for y in ticks(*self.y):
            at = self._py(y)
            yield f'<line class="grid" x1="{left}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>'
            yield _label(left - 7, at + 4, self.say_y(y), "end")
        yield f'<line class="axis" x1="{left}" x2="{right}" y1="{foot}" y2="{foot}"/>'
        for x, said in self.ticks_x or [(x, self.say_x(x)) for x in ticks(*self.x)]:
            yield _label(self._px(x), foot + 17, said, "middle")
        yield _label((left + right) / 2, HEIGHT - 6, self.names[0], "middle")
        middle = (_TOP + foot) / 2
        yield (
            f'<text transform="translate(13 {middle:.1f}) rotate(-90)" text-anchor="middle">'
            f"{escape(self.names[1])}</text>"
        )

    def _px(self, x: float) -> float:
        low, high = self.x
        return _LEFT + (x - low) / (high - low) * (WIDTH - _LEFT - _RIGHT)

    def _py(self, y: float) -> float:
        low, high = self.y
        return HEIGHT - _BOTTOM - (y - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM)


def ticks(low: float, high: float) -> list[float]:
    """About five round numbers between two others."""
    raw = (high - low) / _TICKS
    size = 10.0 ** floor(log10(raw))
    step = next(size * k for k in (1, 2, 2.5, 5, 10) if size * k >= raw)
    first = ceil(low / step - 1e-9)
    return [k * step for k in range(first, floor(high / step + 1e-9) + 1)]


def padded(low: float, high: float) -> Point:
    """A range with some air, never empty."""
    air = 0.06 * (high - low) or max(abs(high), 1.0) * 0.1
    return low - air, high + air


def _label(x: float, y: float, said: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(said)}</text>'
