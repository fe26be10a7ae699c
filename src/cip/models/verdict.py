"""Verdicts: is a churn model better than knowing nothing, and which candidate serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.errors import ModelError
from cip.models.churn.candidates import CANDIDATES, Candidate
from cip.models.evaluate import paired, paired_difference
from cip.types import BoolArray, Estimate, FloatArray, Verdict
from cip.wording import signed

FEWEST: Final = 20
SURE: Final = 0.98  # two-sided, so that the lower end is a one-sided 99 % bound


def signal_verdict(
    churned: BoolArray,
    p: FloatArray,
    p_base: FloatArray,
    customer_id: NDArray[Any],
    *,
    seed: int,
    draws: int,
) -> Verdict:
    """Is `p` better than knowing nothing?  Nominal error 1 %; the arrays are (n,).

    `useful`: the log loss gained over `p_base`, the training rate, and the ROC-AUC above a half
    both have a one-sided 99 % lower bound above 0.  `weak`: only the ROC-AUC has.  `no signal`
    otherwise, and where fewer than 20 left or stayed.
    """
    left = int(np.count_nonzero(churned))
    if min(left, len(churned) - left) < FEWEST:
        return Verdict("signal", "no signal", _too_few(left, len(churned)))

    def over_base(metric: str, sign: float) -> Estimate:
        first, second = (p, p_base) if sign > 0 else (p_base, p)
        return paired_difference(
            churned, first, second, customer_id, metric, seed=seed, draws=draws, level=SURE
        )

    # the base rate is one number for all, so its ROC-AUC is exactly a half
    rank, gain = over_base("roc_auc", +1), over_base("log_loss", -1)
    auc = Estimate(0.5 + rank.value, 0.5 + rank.low, 0.5 + rank.high, SURE)
    evidence = {"roc_auc": auc, "log_loss_gain": gain}
    if rank.low > 0 and gain.low > 0:
        return Verdict("signal", "useful", f"{_ranks(auc)} {_gains(gain)}", evidence)
    if rank.low > 0:
        return Verdict("signal", "weak", f"{_ranks(auc)} {_gains_not(gain)}", evidence)
    return Verdict("signal", "no signal", _ranks_not(auc), evidence)


def choice_verdict(
    churned: BoolArray,
    predictions: Mapping[str, FloatArray],
    customer_id: NDArray[Any],
    candidates: Sequence[Candidate] = CANDIDATES,
    *,
    seed: int,
    draws: int,
) -> tuple[str, Verdict]:
    """Who serves: the simplest servable candidate not shown worse than the best, by log loss.

    `candidates` come simplest first; `predictions` gives the (n,) p_churn of each, by name, and
    may leave some out.  Shown worse: the paired 95 % interval lies above 0, or above what the best
    must be worth where it is a mix of others.  The verdict's word is
    `only`, `best` (the chosen has the least log loss) or `simplest`; its evidence is, for each
    other candidate, its log loss minus that of the chosen.  ModelError where none is servable or
    there are no rows.
    """
    entered = [c for c in candidates if c.name in predictions]
    servable = [c for c in entered if c.servable]
    if not servable:
        raise ModelError(
            "M-131",
            f"None of the {len(predictions)} candidates can serve.",
            f"Fit one of: {', '.join(c.name for c in candidates if c.servable)}.",
        )

    if len(churned) == 0:
        raise ModelError(
            "M-132",
            "There are no rows to choose on.",
            "Choose on a cutoff with eligible customers.",
        )

    told = {c.name: predictions[c.name] for c in entered}
    losses = paired(churned, told, customer_id, "log_loss", seed=seed, draws=draws)

    def minus(a: Candidate, b: Candidate) -> Estimate:
        return losses.difference(a.name, b.name)

    best = min(servable, key=lambda c: losses.value[c.name])
    chosen = next(c for c in servable if c is best or minus(c, best).low <= best.worth)
    evidence = {c.name: minus(c, chosen) for c in entered if c is not chosen}
    word = "only" if len(servable) == 1 else "best" if chosen is best else "simplest"
    to_best = {c.name: minus(c, best) for c in servable if c is not best}
    sentence = _choice_sentence(chosen, best, entered, evidence, to_best)
    return chosen.name, Verdict("choice", word, sentence, evidence)


def recency_comparison(
    churned: BoolArray,
    p: FloatArray,
    p_recency: FloatArray,
    customer_id: NDArray[Any],
    *,
    seed: int,
    draws: int,
) -> tuple[str, Estimate]:
    """Does the model rank better than recency alone?  A sentence, and the ROC-AUC gained (95 %)."""
    gain = paired_difference(churned, p, p_recency, customer_id, "roc_auc", seed=seed, draws=draws)
    if gain.reason:
        return f"Whether it ranks better than recency alone cannot be said: {gain.reason}.", gain
    said = f"ROC-AUC {signed(gain.value)} ({signed(gain.low)} to {signed(gain.high)})"
    if gain.low > 0:
        return f"It ranks leavers better than recency alone: {said}.", gain
    if gain.high < 0:
        return f"It ranks leavers worse than recency alone: {said}.", gain
    return f"It is not shown to rank leavers better than recency alone: {said}.", gain


def _too_few(left: int, rows: int) -> str:
    return (
        f"Nothing can be shown: of {rows:,} customers {left:,} left and {rows - left:,} stayed, "
        f"and a verdict needs at least {FEWEST} of each."
    )


def _ranks(auc: Estimate) -> str:
    return (
        f"It ranks a leaver above a stayer {_percent(auc.value)} of the time (a coin: 50 %; "
        f"with 99 % confidence at least {_percent(auc.low)})."
    )


def _ranks_not(auc: Estimate) -> str:
    return (
        f"It is not shown to rank leavers above stayers better than a coin: {_percent(auc.value)} "
        f"of the time (a coin: 50 %; with 99 % confidence at least {_percent(auc.low)})."
    )


def _gains(gain: Estimate) -> str:
    return (
        f"Its probabilities are better than giving everybody the base rate: log loss "
        f"{_distance(gain.value)} (with 99 % confidence at least {gain.low:.4f})."
    )


def _gains_not(gain: Estimate) -> str:
    return (
        f"But its probabilities are not shown to be better than giving everybody the base rate: "
        f"log loss {_distance(gain.value)} (the gain is at worst {signed(gain.low)} with 99 % "
        f"confidence); use it to rank, not to count."
    )


def _choice_sentence(
    chosen: Candidate,
    best: Candidate,
    entered: Sequence[Candidate],
    evidence: Mapping[str, Estimate],
    to_best: Mapping[str, Estimate],
) -> str:
    """`evidence` is against the chosen, `to_best` against the best, which decides who is worse."""
    simpler = entered[: entered.index(chosen)]
    than = "" if chosen is best else f" than that of {best.label}"
    said = [f"Chosen: {chosen.label}{_why(chosen, best, entered)}."]
    said += [
        f"{_capital(c.label)} is simpler, but {_loss(to_best[c.name], than)}."
        for c in simpler
        if c.servable
    ]
    said += [
        f"{_capital(c.label)}: {_loss(evidence[c.name])}, {_too_little(evidence[c.name])}."
        for c in entered
        if c is best and c is not chosen
    ]
    said += [
        f"{_capital(c.label)} is better but only compared with, never served: "
        f"{_loss(evidence[c.name])}."
        for c in entered
        if c.role == "comparison" and evidence[c.name].high < 0
    ]
    return " ".join(said)


def _why(chosen: Candidate, best: Candidate, entered: Sequence[Candidate]) -> str:
    rivals = [c.label for c in entered if c.servable and c is not chosen]
    if not rivals:
        return ", the only candidate that can serve"
    if chosen is best:
        return f", whose log loss is the lowest, against {_listed(rivals)}"
    return f", the simplest that is not shown worse than the best, {best.label}"


def _listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _too_little(difference: Estimate) -> str:
    if difference.high < 0:
        return "which may be too little for several models in the place of one"
    return "which may be chance"


def _loss(difference: Estimate, than: str = "") -> str:
    interval = f"95 % interval {signed(difference.low, 4)} to {signed(difference.high, 4)}"
    return f"its log loss is {_distance(-difference.value)}{than} ({interval})"


def _distance(gain: float) -> str:
    return f"{abs(gain):.4f} {'lower' if gain > 0 else 'higher'}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
