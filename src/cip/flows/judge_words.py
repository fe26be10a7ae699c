"""A verdict on a score as a retention manager reads it: one headline, what to do, the figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from cip.flows.judge_beside import beside
from cip.flows.judge_evidence import Calibrated, Evidence
from cip.flows.judge_figures import figures_of, money, share_with_interval, with_interval
from cip.models.judge.steps import Step
from cip.wording import THIN, count, percent

Word = Literal["do not use", "rank with it only", "sound"]

A_POINT: Final = 0.01  # calibration errors below one point of probability trouble nobody
A_LOT: Final = 0.05  # where chance alone gives more than this, true probabilities cannot be shown
SLOPES: Final = (0.8, 1.25)  # nor where the interval of the slope leaves this
_RANKS: Final = ((0.8, "very well"), (0.7, "well"), (0.6, "fairly well"), (0.0, "only a little"))
_WINDOW: Final = (
    "How long after the score the outcome was looked at stands nowhere in the file: a score for "
    "the next month judged on a year looks worse than it is, and the other way round."
)
_TREATED: Final = (
    "Customers who were kept because of this score look like its mistakes. If it was acted upon, "
    "judge it on customers who were left alone by lot."
)
_NOT_COMPARED: Final = (
    "A comparison with our own model means nothing before that is explained: the figures stand in "
    "the report."
)
_NO_DATE: Final = (
    "Whether the score has seen these very outcomes when it was made cannot be told from a file "
    "without dates: name the date of the score with --as-of."
)
_WITH_DATE: Final = (
    "A score trained on these very rows shows only where later periods are worse than earlier ones."
)


@dataclass(frozen=True)
class Said:
    """The verdict in words.

    `is_off`: it states probabilities that are wrong beyond chance; `is_unsure`: they are not, but
    the rows are too few to show that they are true; `headline`: one or two
    sentences; `beside`: how it stands to our own model; `next_steps`: the most urgent first;
    `figures`: name, value with interval, what it means.
    """

    word: Word
    is_off: bool
    is_unsure: bool
    headline: str
    beside: str
    next_steps: tuple[str, ...]
    figures: tuple[tuple[str, str, str], ...]
    signs: tuple[str, ...]
    steps: tuple[str, ...]
    periods: tuple[str, ...]
    how_read: tuple[str, ...]
    limits: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "word": self.word,
            "is_off": self.is_off,
            "is_unsure": self.is_unsure,
            "headline": self.headline,
            "beside": self.beside,
            "next_steps": list(self.next_steps),
            "how_read": list(self.how_read),
            "limits": list(self.limits),
        }

    def lines(self) -> list[str]:
        """The verdict, then all that supports it."""
        width = max(len(name) for name, _, _ in self.figures)
        steps = [f"  {place}. {step}" for place, step in enumerate(self.next_steps, 1)]
        signs = ["", "Signs to look into", *(f"  ! {sign}" for sign in self.signs)]
        return [
            *(self.headline, "", self.beside, "", "What to do next", *steps),
            *(signs if self.signs else []),
            *("", "Figures, with 95 % intervals"),
            *(f"  {name:<{width}}  {value}" for name, value, _ in self.figures),
            *("", "What each value has meant", *(f"  {step}" for step in self.steps)),
            *(("", "Over time", *(f"  {period}" for period in self.periods)) * bool(self.periods)),
            *("", "How it was read", *(f"  {sentence}" for sentence in self.how_read)),
            *("", "What this cannot know", *(f"  {limit}" for limit in self.limits)),
        ]


def words(evidence: Evidence) -> Said:
    """Everything that people read of the evidence."""
    dated = _WITH_DATE if evidence.wanted.as_of else _NO_DATE
    return Said(
        word=_word(evidence),
        is_off=evidence.stated is not None and is_off(evidence.stated),
        is_unsure=is_unsure(evidence),
        headline=_headline(evidence),
        beside=_NOT_COMPARED if _grave(evidence) else beside(evidence.rival),
        next_steps=tuple(_next_steps(evidence)),
        figures=tuple(figures_of(evidence)),
        signs=tuple(sign.sentence for sign in evidence.signs),
        steps=tuple(map(_step, _named(evidence))),
        periods=tuple(_periods(evidence)),
        how_read=(_counted(evidence), *evidence.how_read, *evidence.notes),
        limits=(dated, _WINDOW, _TREATED),
    )


def _counted(evidence: Evidence) -> str:
    counts = evidence.counts
    return (
        f"{count(counts.rows)} rows: {count(counts.judged)} were judged, "
        f"{count(counts.without_score)} have no score, {count(counts.without_outcome)} no outcome."
    )


def is_off(calibrated: Calibrated) -> bool:
    """Whether probabilities are further from the truth than chance explains, and by a point."""
    return calibrated.ece.value > max(calibrated.noise.high, A_POINT)


def is_unsure(evidence: Evidence) -> bool:
    """Whether probabilities are not shown to be wrong, but an error that matters could hide."""
    stated = evidence.stated
    if stated is None or is_off(stated):
        return False
    slope = evidence.figures["calibration_slope"]
    return stated.noise.high > A_LOT or slope.low < SLOPES[0] or slope.high > SLOPES[1]


def _grave(evidence: Evidence) -> bool:
    return any(sign.is_grave for sign in evidence.signs)


def _word(evidence: Evidence) -> Word:
    if _grave(evidence) or not evidence.score.direction.has_signal:
        return "do not use"
    if evidence.stated is None or is_off(evidence.stated) or is_unsure(evidence):
        return "rank with it only"
    return "sound"


def _headline(evidence: Evidence) -> str:
    auc = evidence.figures["roc_auc"]
    said = f"ROC-AUC {auc.value:.2f}, {auc.low:.2f}–{auc.high:.2f}"
    if _grave(evidence):
        sign = next(sign for sign in evidence.signs if sign.is_grave)
        return (
            f"Do not use this score yet: it looks as if it knew the outcome. {sign.sentence} "
            f"Until that is explained, its figures ({said}) show nothing."
        )
    direction = evidence.score.direction
    if direction.is_odd and direction.by == "person":
        return (
            f"Taken as you say, with {direction.side} at its high end, this score points the wrong "
            f"way ({said}): the data surely say the opposite."
        )
    if not direction.has_signal:
        return (
            "Do not act on this score: it is not shown to rank leavers above stayers better than a "
            f"coin ({said}; a coin: 0.50)."
        )
    return _of_probabilities(evidence, f"This score ranks leavers {_how_well(auc.value)} ({said})")


def _of_probabilities(evidence: Evidence, ranks: str) -> str:
    """How it ranks, and what its probabilities are worth."""
    stated = evidence.stated
    if stated is None:
        return f"{ranks}, but it is no probability: use it to choose whom, not to count how many."
    if is_off(stated):
        return (
            f"{ranks}, but {_where_off(evidence)}: do not put its probabilities into money before "
            "recalibrating."
        )
    if is_unsure(evidence):
        return f"{ranks}; {_not_shown(evidence, stated)}."
    return f"{ranks}, and its probabilities can be taken at their word: {_where_right(evidence)}."


def _not_shown(evidence: Evidence, stated: Calibrated) -> str:
    rows, slope = count(evidence.counts.judged), evidence.figures["calibration_slope"]
    if stated.noise.high > A_LOT:
        return (
            f"nothing speaks against its probabilities, but {rows} rows cannot show an error below "
            f"{100 * stated.noise.high:.1f} points"
        )
    return (
        "its probabilities are not far off in sum, but whether they are too bold or too shy "
        f"{rows} rows do not tell (slope {slope.low:.2f}–{slope.high:.2f}, 1 is right)"
    )


def _how_well(auc: float) -> str:
    return next(word for least, word in _RANKS if auc >= least)


def _where_off(evidence: Evidence) -> str:
    """The whole where it is wrong as a whole, else the group where it is furthest off."""
    total = evidence.figures["predicted_over_realised"]
    rate = evidence.counts.rate
    said = total.value * rate
    if (total.low > 1 or total.high < 1) and abs(said - rate) >= A_POINT:
        return f"it says {percent(said)} where {percent(rate)} leave"
    worst = max(evidence.steps, key=lambda step: abs((step.said or 0.0) - step.left.value))
    return (
        f"for the customers it gives {percent(worst.said or 0.0)} on average, "
        f"{percent(worst.left.value)} leave"
    )


def _where_right(evidence: Evidence) -> str:
    total = evidence.figures["predicted_over_realised"]
    expected = total.value * evidence.counts.left
    return f"it expected {count(expected)} to leave, and {count(evidence.counts.left)} did"


def _next_steps(evidence: Evidence) -> Iterator[str]:
    for sign in evidence.signs:
        if sign.is_grave:
            yield sign.what_to_do
    direction = evidence.score.direction
    if direction.is_odd:
        yield "Ask its maker which end of it is dangerous, and judge it again with that end."
    if not direction.has_signal:
        yield (
            "Contact nobody because of it. Ask its maker to show the same figures on customers "
            "that it had not seen."
        )
    elif not _grave(evidence):
        yield from _use(evidence)
    if not isinstance(evidence.rival, str) and evidence.rival.over_rival.high < 0:
        yield (
            "Ask what the score knows that the file's own columns do not: our own model ranks "
            "better without it. `cip init` makes one from your data."
        )
    if not evidence.wanted.as_of:
        yield "Judge it again with the date of each score (--as-of): then by period, and over time."


def _use(evidence: Evidence) -> Iterator[str]:
    if evidence.stated is None:
        yield "Read each value by the table below: it says which share of such customers left."
    elif is_off(evidence.stated):
        gain = evidence.learnt.log_loss_gain.value - evidence.stated.log_loss_gain.value
        better = f": on other customers it lowers the log loss by {gain:.3f}" if gain > 0 else ""
        yield (
            "Recalibrate before any money is reckoned: use what each value has meant (the table "
            f"below) instead of the stated probability{better}."
        )
    elif is_unsure(evidence):
        yield "Judge it on more rows before money is reckoned with its probabilities."
    yield _contact(evidence)


def _contact(evidence: Evidence) -> str:
    """Whom to contact; the profit is of lists whose length was chosen on other customers."""
    profit, costs = evidence.profit, evidence.wanted.costs
    worth = evidence.wanted.value or f"{money(costs.clv)}"
    money_is = (
        f"at {money(costs.offer)} an offer, {money(costs.contact)} a contact and {worth} for each "
        "customer kept"
    )
    if profit.kept.low <= 0:
        return (
            f"Contact nobody by this list for money's sake yet: {money_is}, no list is shown to "
            "earn anything."
        )
    if profit.over_all.low <= 0:
        return (
            f"Choosing by score is not shown to earn more than contacting everybody, {money_is}: "
            "either offers cost little beside what a customer is worth, or the score tells little."
        )
    between = f"{100 * profit.best.low:.0f}–{100 * profit.best.high:.0f}{THIN}%"
    return (
        f"Contact about the top {percent(profit.best.value, 0)} ({between}): {money_is}, that "
        f"earns {money(profit.kept.value)} a customer, {money(profit.over_all.value)} more than "
        "contacting everybody. Test it against customers who are left alone."
    )


def _named(evidence: Evidence) -> list[tuple[str, Step]]:
    return [(evidence.step_name(step), step) for step in evidence.steps]


def _step(named: tuple[str, Step]) -> str:
    name, step = named
    said = "" if step.said is None else f", said {percent(step.said)}"
    return f"{name:<18} {share_with_interval(step.left)} left{said}, {count(step.rows)} rows"


def _periods(evidence: Evidence) -> Iterator[str]:
    if evidence.trend is None:
        return
    yield evidence.trend.sentence
    for period in evidence.trend.periods:
        said = "" if period.said is None else f", said {percent(period.said)}"
        differs = f"  ! {period.differs}" if period.differs else ""
        left = f"{percent(period.left.value)} left{said}"
        yield f"{period.name}  ROC-AUC {with_interval(period.auc)}, {left}{differs}"
