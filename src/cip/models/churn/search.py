"""Better settings than the defaults, looked for within a budget of seconds.

Settings are drawn at random (Bergstra and Bengio 2012) and each is judged by the log loss of rows
that its models did not learn from.  The default is tried first, and is left only for settings that
are shown to be better: the gain's interval, widened for all settings tried at once (Bonferroni),
lies above 0 (docs/decisions/0034).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

import numpy as np
from scipy.stats import norm
from threadpoolctl import threadpool_limits

from cip.models.churn.model import FEWEST, fit_churn
from cip.models.churn.settings import DEFAULT, Factors, Settings, trials
from cip.models.churn.trees import rarer
from cip.models.resample import customer_codes, customer_folds
from cip.types import Estimate, FeatureInfo, FloatArray, LabelledFrame

FOLDS: Final = 3
LEVEL: Final = 0.95
_NAN: Final = float("nan")
Told = Callable[[int, float], None]


@dataclass(frozen=True)
class Split:
    """Rows to learn from, and others to judge by what was learned."""

    learn: LabelledFrame
    judge: LabelledFrame

    @property
    def teaches(self) -> bool:
        """Whether enough left and stayed to learn from, and somebody of each to judge by."""
        return rarer(self.learn.churned) >= FEWEST and rarer(self.judge.churned) > 0


@dataclass(frozen=True, slots=True)
class Found:
    """What the search came to for one candidate.

    `tried`: settings judged to the end, the default among them.  `log_loss`: of the default, NaN
    where it was not judged.  `best`: the setting with the least log loss, as multiples of the
    default; `gain`: how much less.  `departs`: whether that is shown, so that it takes the
    default's place.
    """

    name: str
    tried: int
    log_loss: float
    best: Factors
    gain: Estimate
    departs: bool

    @property
    def factors(self) -> Factors:
        """The settings that the candidate is fitted with."""
        return self.best if self.departs else DEFAULT

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "name": self.name,
            "tried": self.tried,
            "log_loss": self.log_loss if self.tried else None,
            "best": dict(self.best),
            "gain": self.gain.as_dict(),
            "departs": self.departs,
        }


def found_settings(found: Sequence[Found]) -> dict[str, Factors]:
    """The settings of the candidates that depart from their defaults."""
    return {one.name: one.best for one in found if one.departs}


def splits_in_folds(rows: LabelledFrame, seed: int) -> tuple[Split, ...]:
    """Three folds by customer, with equal shares of leavers; none where too few left or stayed."""
    who = rows.features.customer_id
    folds = customer_folds(who, FOLDS, seed=seed, strata=rows.churned)
    splits = [Split(rows.take(folds != fold), rows.take(folds == fold)) for fold in range(FOLDS)]
    return tuple(splits) if all(split.teaches for split in splits) else ()


def search(
    names: Sequence[str],
    splits: Sequence[Split],
    infos: Sequence[FeatureInfo],
    *,
    seed: int,
    seconds: float,
    told: Told,
    clock: Callable[[], float] = monotonic,
) -> tuple[Found, ...]:
    """What was found for each of `names`, which take turns until the seconds are over.

    The fit at work then is finished and its setting dropped, so a search takes its budget and one
    fit at most.  How many settings that is depends on the machine; which ones, and what is found
    in so many, on the seed alone.  `told` hears how many were tried, after how many seconds.
    """
    begun = clock()
    tallies = {name: _Tally() for name in names}
    for done, (name, factors) in enumerate(_in_turns(names, seed), 1):
        losses: list[FloatArray] = []
        for split in splits:
            if clock() - begun >= seconds:
                return _found(tallies, splits)
            losses.append(_loss(name, factors, split, infos, seed))
        tallies[name].add(factors, np.concatenate(losses))
        told(done, clock() - begun)
    return _found(tallies, splits)


@dataclass
class _Tally:
    """The losses of the default and of the best setting so far, row by row."""

    tried: int = 0
    default: FloatArray = field(default_factory=lambda: np.zeros(0))
    loss: FloatArray = field(default_factory=lambda: np.zeros(0))
    best: Factors = field(default_factory=dict)

    def add(self, factors: Factors, loss: FloatArray) -> None:
        if not self.tried:
            self.default = self.loss = loss
        elif loss.mean() < self.loss.mean():
            self.best, self.loss = factors, loss
        self.tried += 1


def _in_turns(names: Sequence[str], seed: int) -> Iterator[tuple[str, Factors]]:
    """One setting of each candidate after the other, until all have none left."""
    queues = {name: trials(name, seed) for name in names}
    while queues:
        for name in list(queues):
            factors = next(queues[name], None)
            if factors is None:
                del queues[name]
            else:
                yield name, factors


def _loss(
    name: str, factors: Factors, split: Split, infos: Sequence[FeatureInfo], seed: int
) -> FloatArray:
    """(n,) log loss of the rows to judge by, each."""
    settings: Settings = {name: factors}
    with threadpool_limits(1, user_api="openmp"):
        model = fit_churn(name, split.learn, infos, seed=seed, threads=1, settings=settings)
        margin = model.margin(split.judge.features)
    loss: FloatArray = np.logaddexp(0.0, np.where(split.judge.churned, -margin, margin))
    return loss


def _found(tallies: Mapping[str, _Tally], splits: Sequence[Split]) -> tuple[Found, ...]:
    others = sum(max(tally.tried - 1, 0) for tally in tallies.values())
    who = np.concatenate([split.judge.features.customer_id for split in splits])
    return tuple(_verdict(name, tally, who, others) for name, tally in tallies.items())


def _verdict(name: str, tally: _Tally, who: Any, others: int) -> Found:
    loss = float(tally.default.mean()) if tally.tried else _NAN
    if tally.tried < 2:
        nothing = Estimate(_NAN, _NAN, _NAN, reason="no setting but the default was tried")
        return Found(name, tally.tried, loss, DEFAULT, nothing, departs=False)
    gain = clustered_mean(tally.default - tally.loss, who, level=1 - (1 - LEVEL) / others)
    return Found(name, tally.tried, loss, tally.best, gain, departs=gain.low > 0)


def clustered_mean(values: FloatArray, customer_id: Any, *, level: float) -> Estimate:
    """The mean of (n,) values with a normal interval; rows of one customer vary together.

    The variance is that of the customers' sums (Cameron and Miller 2015, section II).
    """
    codes, mean = customer_codes(customer_id), float(values.mean())
    sums = np.bincount(codes, weights=values - mean)
    customers = len(sums)
    error = float(np.sqrt(customers / (customers - 1) * (sums**2).sum())) / len(values)
    half = float(norm.ppf((1 + level) / 2)) * error
    return Estimate(mean, mean - half, mean + half, level, "nats")
