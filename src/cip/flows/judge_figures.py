"""The figures of a verdict: name, value with its interval, and what it means."""

from __future__ import annotations

from collections.abc import Iterator

from cip.flows.judge_evidence import Calibrated, Evidence
from cip.models.metrics import METRIC
from cip.types import Estimate
from cip.wording import minus, percent

Figure = tuple[str, str, str]


def figures_of(evidence: Evidence) -> Iterator[Figure]:
    """All of them, the ranking first."""
    found = evidence.figures
    lots = {"roc_auc": "", "pr_auc": f", by lot {evidence.counts.rate:.3f}"}
    for name, lot in lots.items():
        yield METRIC[name].label, with_interval(found[name], 3) + lot, METRIC[name].description
    lift = METRIC["top_decile_lift"]
    yield lift.label, f"{with_interval(found[lift.name])} times", lift.description
    for top, figure in evidence.gains.top.items():
        name = f"Leavers in the top {percent(top, 0)}"
        yield name, share_with_interval(figure), f"By lot it would be {percent(top, 0)}."
    if evidence.stated is not None:
        yield from _of_probabilities(evidence, evidence.stated)
    yield from _of_profit(evidence)


def with_interval(figure: Estimate, digits: int = 2) -> str:
    """`0.78 (0.75–0.81)`; the reason where there is no figure."""
    if figure.reason:
        return f"not known: {figure.reason}"
    low, high = f"{figure.low:.{digits}f}", f"{figure.high:.{digits}f}"
    between = f"{low} to {high}" if figure.low < 0 else f"{low}–{high}"
    return minus(f"{figure.value:.{digits}f} ({between})")


def share_with_interval(figure: Estimate, digits: int = 1) -> str:
    """`12.4 % (11.1–13.8)`."""
    if figure.reason:
        return f"not known: {figure.reason}"
    low, high = 100 * figure.low, 100 * figure.high
    return f"{percent(figure.value, digits)} ({low:.{digits}f}–{high:.{digits}f})"


def money(value: float) -> str:
    """An amount without false precision; the file's own money has no name."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.2f}"


def _of_probabilities(evidence: Evidence, stated: Calibrated) -> Iterator[Figure]:
    found = evidence.figures
    for name, gain in (("log_loss", stated.log_loss_gain), ("brier", stated.brier_gain)):
        metric = METRIC[name]
        said = f"{with_interval(found[name], 3)}, {_against_base(gain)}"
        yield metric.label, said, metric.description
    ece = METRIC["ece"]
    noise = f"a perfect model shows up to {percent(stated.noise.high)} by chance"
    yield ece.label, f"{share_with_interval(found['ece'])}; {noise}", ece.description
    for name in ("calibration_slope", "calibration_intercept", "predicted_over_realised"):
        metric = METRIC[name]
        yield metric.label, with_interval(found[name]), metric.description


def _against_base(gain: Estimate) -> str:
    """A gain is the base rate's figure minus the score's: above 0 is better."""
    ends = (gain.low, gain.high) if gain.value > 0 else (-gain.high, -gain.low)
    word = "better" if gain.value > 0 else "worse"
    between = f"{ends[0]:.3f} to {ends[1]:.3f}"
    return f"{abs(gain.value):.3f} {word} than the base rate for all ({between})"


def _of_profit(evidence: Evidence) -> Iterator[Figure]:
    profit = evidence.profit
    best = f"{percent(profit.best.value, 0)} "
    best += f"({100 * profit.best.low:.0f}–{100 * profit.best.high:.0f})"
    chosen = (
        "Its length was chosen on one half of the customers and counted on the other; contacting "
        "nobody earns 0."
    )
    by_lot = "Above 0: the score chooses better than chance."
    everybody = "Above 0: choosing whom to contact pays."
    yield "Best share to contact", best, "The share of the list that earned most on these rows."
    for name, figure, meaning in (
        ("Profit of the best list", profit.kept, chosen),
        ("More than contacting everybody", profit.over_all, everybody),
        ("More than as many by lot", profit.over_random, by_lot),
    ):
        yield name, f"{with_interval(figure)} a customer", meaning
