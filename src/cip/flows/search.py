"""The budgeted search of a run: what it may see, how far it is, and what it found, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Final

from cip.contract.config import Config
from cip.flows.cutoffs import apart, at, known_by
from cip.models.churn.race import drawn_for_race
from cip.models.churn.search import Found, Split, found_settings, search, splits_in_folds
from cip.models.churn.settings import SPACE, Settings
from cip.types import FeatureInfo, LabelledFrame

ORIGINS: Final = 2
_TOO_FEW: Final = "too few of the training rows left or stayed to judge settings by some of them"
_NOBODY: Final = "none of the candidates has settings to search that cip.toml does not give"
_IN_TIME: Final = "learned up to one training cutoff and judged on a later one"
_IN_FOLDS: Final = "learned from some of the training customers and judged on the others"
Told = Callable[[str], None]


def unheard(said: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Searched:
    """The settings that the candidates are fitted with, and where they come from.

    `settings`: those that cip.toml gives and those found.  `budget` and `spent`: seconds of this
    search; `how` the inner rows were divided; `reason`: why nothing was searched though it was
    asked for.
    """

    settings: Settings = field(default_factory=dict)
    budget: float = 0.0
    spent: float = 0.0
    found: tuple[Found, ...] = ()
    how: str = ""
    reason: str = ""


def search_in_time(
    train: LabelledFrame, infos: Sequence[FeatureInfo], config: Config, told: Told = unheard
) -> Searched:
    """What is found on the training cutoffs alone: later ones judge what earlier ones taught."""
    if not config.churn.search_seconds:
        return Searched(config.churn.settings.named())
    splits = splits_in_time(train, config)
    if not splits:
        return _search_in_folds(train, infos, config, config.churn.search_seconds, told)
    found = _searched(splits, infos, config, config.churn.search_seconds, told)
    return replace(found, how=_IN_TIME)


def search_each(
    parts: Sequence[tuple[str, LabelledFrame]],
    infos: Sequence[FeatureInfo],
    config: Config,
    told: Told = unheard,
) -> list[Searched]:
    """What is found on each part alone, in folds of its own; the seconds are shared.

    What one part leaves of its share, or takes beyond it, the later ones have more or less of.
    """
    budget = config.churn.search_seconds
    if not budget:
        return [Searched(config.churn.settings.named()) for _ in parts]
    made: list[Searched] = []
    begun = monotonic()
    for where, rows in parts:
        left = max(begun + budget - monotonic(), 0.0)
        share = left / (len(parts) - len(made))
        made.append(_search_in_folds(rows, infos, config, share, _named(where, told)))
    return made


def _named(where: str, told: Told) -> Told:
    return lambda said: told(f"{where}: {said}")


def splits_in_time(train: LabelledFrame, config: Config) -> tuple[Split, ...]:
    """The two latest training cutoffs whose outcomes do not overlap, each to judge by.

    What judges one was learned from outcomes known by then.  None where no cutoff has enough
    before it.
    """
    rules, seed = config.snapshot, config.run.seed
    pairs = ((known_by(train, date, rules), at(train, date)) for date in apart(train, rules))
    splits = (Split(drawn_for_race(a, seed), drawn_for_race(b, seed)) for a, b in pairs)
    return tuple(split for split in splits if split.teaches)[:ORIGINS]


def _search_in_folds(
    rows: LabelledFrame, infos: Sequence[FeatureInfo], config: Config, seconds: float, told: Told
) -> Searched:
    seed = config.run.seed
    splits = splits_in_folds(drawn_for_race(rows, seed), seed)
    return replace(_searched(splits, infos, config, seconds, told), how=_IN_FOLDS)


def _searched(
    splits: Sequence[Split],
    infos: Sequence[FeatureInfo],
    config: Config,
    seconds: float,
    told: Told,
) -> Searched:
    given = config.churn.settings.named()
    names = [name for name in SPACE if name in config.churn.candidates and name not in given]
    if not names or not splits:
        return Searched(given, seconds, reason=_TOO_FEW if names else _NOBODY)

    def moved(done: int, spent: float) -> None:
        told(f"searching settings: {done} tried, {spent:.0f} s of {seconds:.0f} s")

    begun = monotonic()
    found = search(names, splits, infos, seed=config.run.seed, seconds=seconds, told=moved)
    spent = monotonic() - begun
    return Searched({**given, **found_settings(found)}, seconds, spent, found)
