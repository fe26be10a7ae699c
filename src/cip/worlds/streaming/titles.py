"""The catalogue: made-up titles with a genre, a hidden tone, and a week in which they come out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cip.types import FloatArray, IntArray, ObjectArray
from cip.worlds.streaming.config import WEEK, StreamingConfig

# where a genre lies on the four axes of taste (dark, warm, grand, real), and its usual minutes
_GENRES: Final = {
    "Action": ((0.3, -0.3, 1.1, -0.3), 115),
    "Comedy": ((-0.7, 0.8, -0.4, 0.2), 98),
    "Crime": ((0.9, -0.3, -0.3, 0.8), 112),
    "Documentary": ((-0.2, -0.4, 0.0, 1.4), 84),
    "Drama": ((0.3, 0.7, -0.3, 0.6), 118),
    "Family": ((-1.1, 0.5, 0.6, -0.4), 92),
    "Horror": ((1.3, -0.5, -0.1, -0.7), 96),
    "Romance": ((-0.3, 1.4, -0.1, -0.2), 104),
    "Science Fiction": ((0.0, -0.6, 1.2, -0.7), 121),
    "Thriller": ((1.1, -0.1, 0.5, 0.1), 108),
}
GENRES: Final = tuple(_GENRES)
GENRE_TASTE: Final = np.array([where for where, _ in _GENRES.values()])
TONES: Final = 4  # a genre
CELLS: Final = len(GENRES) * TONES  # a genre in one tone: titles of a cell differ in appeal only
_TONE_SPREAD = 0.5

_OUT_AT_START = 0.6
_WEEKS_BEFORE = 104
_PARTS = 3
_SERIES_SHARE = 0.3  # of titles
_ZIPF = 0.8
_NEW_BOOST = 4.0  # a new title draws so many times its usual play on top
_NEW_WEEKS = 5.0

_ROMAN = np.array(["", " II", " III"], dtype=object)
_MARKS = (
    "Amber", "Borrowed", "Brittle", "Cobalt", "Crooked", "Distant", "Electric", "Fallen", "Feral",
    "Gilded", "Hollow", "Ivory", "Leaden", "Lonesome", "Lucid", "Midnight", "Nameless", "Ninth",
    "Ordinary", "Paper", "Patient", "Quiet", "Reckless", "Restless", "Salted", "Scarlet", "Seventh",
    "Silent", "Slow", "Sunken", "Tender", "Thirsty", "Twisted", "Unfinished", "Velvet", "Wandering",
    "Weightless", "Wicked", "Wild", "Winter",
)  # fmt: skip
_THINGS = (
    "Almanac", "Archipelago", "Arrow", "Beacon", "Cartographer", "Carousel", "Cellar", "Choir",
    "Clockmaker", "Compass", "Corridor", "Courier", "Debt", "Echo", "Embassy", "Engine", "Ferry",
    "Fjord", "Garden", "Ghost", "Harbour", "Heiress", "Horizon", "Lantern", "Ledger", "Lighthouse",
    "Locksmith", "Magnolia", "Meridian", "Mirror", "Monsoon", "Orbit", "Orchard", "Papillon",
    "Parade", "Pilot", "Promise", "Quarry", "Quartet", "Rescue", "Riddle", "Sentinel", "Señorita",
    "Signal", "Staircase", "Tide", "Tunnel", "Verdict", "Voyage", "Waltz",
)  # fmt: skip
_PLACES = (
    "Ashgrove", "Belvärn", "Calder Point", "Château Noir", "Dunmarrow", "Elmswick", "Farholm",
    "Görlund", "Halcyon Bay", "Isla Perdida", "Jarrow Street", "Kestrel Hill", "Low Water",
    "Marrowgate", "Nordhavn", "Old Quay", "Pine Hollow", "Quillon", "Redmoor", "São Vento",
    "Tallis Row", "Underhill", "Vesper Lane", "Wyrmouth", "Yarrow", "Zerin",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Titles:
    """m titles in the order in which they come out; each (m,) but `taste`, (m, 4).

    `week`: the title may be played from the start of this week on (negative: out before the
    start).  `next_part`: the position of the next part of the series, or -1.  `popularity`: weight
    in a choice when no longer new.  `quality`: stars above the usual.
    """

    name: ObjectArray
    cell: IntArray
    minutes: NDArray[np.int16]
    year: NDArray[np.int16]
    week: IntArray
    next_part: IntArray
    taste: FloatArray
    popularity: FloatArray
    quality: FloatArray

    @property
    def genre(self) -> IntArray:
        """Position in `GENRES`; (m,)."""
        return self.cell // TONES

    @property
    def spread(self) -> float:
        """Standard deviation over titles of taste times title, where taste spreads by 1."""
        return float(np.sqrt((self.taste**2).sum(axis=1).mean()))


def draw_titles(config: StreamingConfig, rng: np.random.Generator) -> Titles:
    """A catalogue; the first titles drawn are parts of series, which share name, cell and age."""
    m = config.titles
    in_series = int(_SERIES_SHARE * m) // _PARTS * _PARTS
    of = np.arange(m)
    part = np.where(of < in_series, of % _PARTS, 0)
    leader = of - part
    week = _weeks_out(config, in_series, rng)
    order = np.argsort(week, kind="stable")
    place = np.argsort(order)
    following = np.where((of < in_series) & (part < _PARTS - 1), np.append(place[1:], -1), -1)
    cell = rng.integers(CELLS, size=m)[leader]
    cell_taste = np.repeat(GENRE_TASTE, TONES, axis=0) + rng.normal(0, _TONE_SPREAD, (CELLS, 4))
    name = rng.permutation(_all_names())[leader] + _ROMAN[part]
    usual_minutes = np.array([minutes for _, minutes in _GENRES.values()])[cell // TONES]
    minutes = np.rint(usual_minutes * np.exp(rng.normal(0, 0.15, m))).astype(np.int16)
    popularity = rng.permutation(np.arange(1, m + 1) ** -_ZIPF)
    return Titles(
        name=name[order],
        cell=cell[order],
        minutes=minutes[order],
        year=_years(config, week, leader, rng)[order],
        week=week[order],
        next_part=following[order],
        taste=cell_taste[cell[order]],
        popularity=popularity,
        quality=rng.normal(0, 0.4, m),
    )


def weekly_weights(config: StreamingConfig, titles: Titles) -> FloatArray:
    """Popularity times novelty of each title in each week, 0 before it is out; (weeks, m)."""
    age = np.arange(-(-config.seconds // WEEK))[:, None] - titles.week
    novelty = 1 + _NEW_BOOST * np.exp(-np.maximum(age, 0) / _NEW_WEEKS)
    return np.asarray(np.where(age >= 0, titles.popularity * novelty, 0.0))


def _weeks_out(config: StreamingConfig, in_series: int, rng: np.random.Generator) -> IntArray:
    m, weeks = config.titles, -(-config.seconds // WEEK)
    early = rng.integers(-_WEEKS_BEFORE, 1, m)
    late = rng.integers(min(1, weeks - 1), weeks, m)
    week = rng.permutation(np.where(np.arange(m) < _OUT_AT_START * m, early, late))
    week[:in_series] = np.sort(week[:in_series].reshape(-1, _PARTS), axis=1).ravel()
    return np.asarray(week)


def _years(
    config: StreamingConfig, week: IntArray, leader: IntArray, rng: np.random.Generator
) -> NDArray[np.int16]:
    """Of release: half of the titles in the year they come out here, the others earlier."""
    lag = np.where(rng.random(len(week)) < 0.5, 0, rng.geometric(0.15, len(week)))[leader]
    came = np.datetime64(config.start, "D") + week * np.timedelta64(7, "D")
    return np.asarray(came.astype("datetime64[Y]").astype(int) + 1970 - lag, dtype=np.int16)


def _all_names() -> ObjectArray:
    marked = [f"The {mark} {thing}" for mark in _MARKS for thing in _THINGS]
    placed = [f"{thing} of {place}" for thing in _THINGS for place in _PLACES]
    return np.array(marked + placed, dtype=object)
