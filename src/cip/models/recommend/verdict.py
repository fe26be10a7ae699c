"""Do personal lists beat what is popular now? The verdict on them, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cip.types import Estimate, Verdict
from cip.wording import count, signed

JUDGING_LEVEL: Final = 0.98  # two-sided, so one-sided 99 %
FEWEST: Final = 20


def list_verdict(
    k: int,
    with_history: int,
    model: Mapping[str, Estimate],
    popularity: Mapping[str, Estimate],
    gains: Mapping[str, Estimate],
) -> Verdict:
    """Are personal lists better than the recently popular?  Nominal error 1 %.

    `useful`: the paired gains in NDCG and in recall both have a one-sided 99 % lower bound above
    0.  `weak`: only the NDCG has, so the order is better but no more is found.  `no signal`
    otherwise, and where fewer than 20 of those judged have a history.
    """
    if with_history < FEWEST:
        return Verdict("signal", "no signal", _too_few(with_history))
    evidence = {f"{name}_gain": gain for name, gain in gains.items()}
    ndcg, recall = (_against(name, k, model, popularity, gains) for name in ("ndcg", "recall"))
    if not gains["ndcg"].low > 0:
        said = "Personal lists are not shown to be better than the list of what is popular now"
        return Verdict("signal", "no signal", f"{said}: {ndcg}.", evidence)
    better = "Personal lists put what customers took next higher than the list of what is popular"
    if not gains["recall"].low > 0:
        said = f"{better}: {ndcg}. That they find more of it is not shown: {recall}."
        return Verdict("signal", "weak", said, evidence)
    said = f"{better}: {ndcg}. They also find more of it: {recall}."
    return Verdict("signal", "useful", said, evidence)


def _too_few(with_history: int) -> str:
    return (
        f"Nothing can be shown: of those who took something new {count(with_history)} had a "
        f"history, and a verdict needs at least {FEWEST}."
    )


_LABELS: Final = {"ndcg": "NDCG", "recall": "recall"}


def _against(
    name: str,
    k: int,
    model: Mapping[str, Estimate],
    popularity: Mapping[str, Estimate],
    gains: Mapping[str, Estimate],
) -> str:
    gain = gains[name]
    return (
        f"{_LABELS[name]}@{k} {model[name].value:.3f} against {popularity[name].value:.3f} "
        f"(gain {signed(gain.value)}, at worst {signed(gain.low)} with 99 % confidence)"
    )
