"""Is there enough to learn from?  A verdict for each use case, before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import ibis

from cip.contract.config import Config, LabelRule
from cip.engine.aggregates import rfm
from cip.engine.durations import spell_durations
from cip.engine.plain import answered, plain_table
from cip.engine.readiness import Leavers, arms, leavers, met_items
from cip.engine.rows import Span
from cip.errors import CipError
from cip.flows.span import calendar_of, span_of
from cip.ports import EventStore
from cip.types import Calendar
from cip.wording import last_day

UseCase = Literal["churn", "customer value (CLV)", "recommendations", "segments", "A/B and uplift"]
Word = Literal["yes", "thin", "no"]


@dataclass(frozen=True, slots=True)
class Bound:
    """How much a use case needs: below `least` it cannot work, from `advised` on it should.

    `source` says who advises that.
    """

    what: str
    least: int
    advised: int
    source: str


_EINSTEIN: Final = "Salesforce Einstein Prediction Builder: 400 rows, 100 of each outcome"
_KLAVIYO: Final = "Klaviyo predictive analytics: 500 buyers, 180 days of orders"
_PERSONALIZE: Final = "Amazon Personalize: at least 1,000 interactions, 25 users with two"
_LEHR: Final = "Lehr 1992: 16 p (1 - p) / d², to see 20 % become 15 % with a power of 80 %"
_OWN: Final = "our models refuse fewer"

BOUNDS: Final[Mapping[str, Bound]] = {
    "customers": Bound("eligible customers", 40, 400, _EINSTEIN),
    "leavers": Bound("leavers", 20, 100, _EINSTEIN),
    "stayers": Bound("stayers", 20, 100, _EINSTEIN),
    "buyers": Bound("buyers", 30, 500, _KLAVIYO),
    "repeat buyers": Bound("repeat buyers", 10, 100, f"{_OWN}; ten times as many for an interval"),
    "days of purchases": Bound("days of purchases", 60, 180, _KLAVIYO),
    "spells": Bound("subscriptions", 30, 400, _EINSTEIN),
    "ended spells": Bound("ended subscriptions", 10, 100, f"{_OWN}; {_EINSTEIN}"),
    "interactions": Bound("interactions", 200, 1_000, _PERSONALIZE),
    "returning": Bound("customers with two items or more", 20, 25, _PERSONALIZE),
    "items": Bound("items", 2, 20, "a list of ten chooses among twice as many"),
    "alike": Bound("customers to group", 20, 500, f"{_OWN}; 50 in each of ten segments"),
    "arm": Bound("customers in the smaller arm", 100, 1_024, _LEHR),
}
"""Every bound of the verdicts, by what is counted."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """One verdict: `word`, a sentence with the numbers, and what to do where it is not `yes`."""

    use_case: UseCase
    word: Word
    sentence: str
    what_to_do: str
    figures: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    def line(self) -> str:
        """For people: "churn: thin. 42 leavers at the last cutoff, at least 100 advised ..."."""
        more = f" {self.what_to_do}" if self.what_to_do else ""
        return f"{self.use_case}: {self.word}. {self.sentence}{more}"


def readiness(con: ibis.BaseBackend, store: EventStore, config: Config) -> tuple[Readiness, ...]:
    """A verdict a use case, from the tables as they were read."""
    if config.shape == "plain":
        return _plain(con, store, config)
    try:
        seen = span_of(con, store, config)
        calendar = calendar_of(seen, config)
    except CipError as error:
        return _without_calendar(con, store, config, error)
    return (
        _churn(con, store, config, calendar),
        _value(con, store, config, calendar, seen),
        _recommendations(con, store, config),
        _segments(con, store, config, calendar),
        _uplift(con, store),
    )


def _without_calendar(
    con: ibis.BaseBackend, store: EventStore, config: Config, error: CipError
) -> tuple[Readiness, ...]:
    """Where the data are too short to look at anybody at a cutoff and at what followed."""
    timeless: tuple[UseCase, ...] = ("churn", "customer value (CLV)", "segments")
    said, advice = _sentence(error.message), _sentence(error.hint)
    short = [Readiness(name, "no", said, advice, {}) for name in timeless]
    return (
        *short[:2],
        _recommendations(con, store, config),
        short[2],
        _uplift(con, store),
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _counted(
    con: ibis.BaseBackend,
    store: EventStore,
    config: Config,
    calendar: Calendar,
    rule: LabelRule,
) -> Leavers:
    return leavers(
        con,
        store,
        calendar.test,
        rule=rule,
        horizon_days=calendar.horizon_days,
        active_days=calendar.active_days,
        data_end=calendar.score,
        rows_per_pass=config.run.rows_per_pass,
    )


def _churn(
    con: ibis.BaseBackend, store: EventStore, config: Config, calendar: Calendar
) -> Readiness:
    try:
        found = _counted(con, store, config, calendar, config.churn.label)
    except CipError as error:
        return Readiness("churn", "no", _sentence(error.message), _sentence(error.hint), {})
    where = f"at the last labelled cutoff, the end of {last_day(calendar.test)}"
    figures = _outcomes(found)
    return _judged("churn", figures, where, _churn_advice(found, config))


def _outcomes(found: Leavers) -> dict[str, int]:
    return {
        "leavers": found.left,
        "stayers": found.customers - found.left,
        "customers": found.customers,
    }


def _churn_advice(found: Leavers, config: Config) -> str:
    if found.customers and found.left == found.customers:
        return "Everybody left: is horizon_days too short, or does the data end too early?"
    if found.customers and not found.left:
        return "Nobody left: is horizon_days too long, or are the leavers missing from the data?"
    return (
        f"Load more customers or a longer history; or look at a horizon other than "
        f"{config.snapshot.horizon_days} days."
    )


def _value(
    con: ibis.BaseBackend, store: EventStore, config: Config, calendar: Calendar, seen: Span
) -> Readiness:
    by_spell = config.churn.label.kind == "cancellation" or not store.has("transactions")
    if by_spell and store.has("subscriptions"):
        spells = spell_durations(con, store, calendar.score)
        ended = int(spells.observed.sum())
        return _value_by_spells(ended, len(spells.days))
    if not store.has("transactions"):
        said = "Neither transactions nor subscriptions were read."
        return Readiness("customer value (CLV)", "no", said, "Map one of them.", {})
    bought = rfm(
        con,
        store,
        calendar.score,
        window_days=calendar.horizon_days,
        rows_per_pass=config.run.rows_per_pass,
    )
    figures = {
        "repeat buyers": int((bought.frequency > 0).sum()),
        "buyers": len(bought),
        "days of purchases": (seen.end - seen.first).days,
    }
    return _judged("customer value (CLV)", figures, "", "Load a longer history of purchases.")


def _value_by_spells(ended: int, spells: int) -> Readiness:
    """Where no spell was seen to end, value goes by price and the churn rate: it is never `yes`."""
    use_case: UseCase = "customer value (CLV)"
    figures = {"ended spells": ended, "spells": spells}
    advice = "Load subscriptions that have ended, too."
    if ended or _word(spells, BOUNDS["spells"]) == "no":
        return _judged(use_case, figures, "", advice)
    said = (
        f"{spells:,} subscriptions, none seen to end: by price and the churn rate only, retention "
        "is not known."
    )
    return Readiness(use_case, "thin", said, advice, figures)


def _recommendations(con: ibis.BaseBackend, store: EventStore, config: Config) -> Readiness:
    if not store.has("interactions") or not store.has("items"):
        said = "Lists need interactions with items, and a table of items."
        return Readiness(
            "recommendations", "no", said, "Map tables.interactions and tables.items.", {}
        )
    found = met_items(con, store, config.recommend.kinds)
    figures = {
        "interactions": found.interactions,
        "returning": found.returning,
        "items": found.items,
    }
    kinds = ", ".join(config.recommend.kinds)
    advice = f"Only interactions of the kinds {kinds} count: recommend.kinds says which."
    return _judged("recommendations", figures, "", advice)


def _segments(
    con: ibis.BaseBackend, store: EventStore, config: Config, calendar: Calendar
) -> Readiness:
    try:
        found = _counted(con, store, config, calendar, config.churn.label)
    except CipError as error:
        return Readiness("segments", "no", _sentence(error.message), _sentence(error.hint), {})
    advice = "A longer active_days in [snapshot] counts more customers."
    return _judged("segments", {"alike": found.customers}, "", advice)


def _uplift(con: ibis.BaseBackend, store: EventStore) -> Readiness:
    if not store.has("treatments"):
        said = "No treatments were read, so no effect of an offer can be measured."
        advice = "Map tables.treatments: who was offered what and when, with a control arm."
        return Readiness("A/B and uplift", "no", said, advice, {})
    found = arms(con, store)
    said = ", ".join(f"{arm} ({n:,})" for arm, n in found.customers.items())
    if found.control is None or len(found.customers) < 2:
        return Readiness(
            "A/B and uplift",
            "no",
            f"The arms are {said}; none of them is a control that was offered nothing.",
            'Call that arm "control"; without one no effect can be told from chance.',
            {"arms": len(found.customers)},
        )
    if not found.followed:
        said = f"The arms are {said}; nothing is known of anybody after the treatment."
        return Readiness("A/B and uplift", "no", said, "Load the weeks after the treatment.", {})
    figures = {"arm": min(found.customers.values())}
    return _judged("A/B and uplift", figures, f"of {said}", "Treat more customers.")


def _plain(con: ibis.BaseBackend, store: EventStore, config: Config) -> tuple[Readiness, ...]:
    """One customer table with a label and no time: what can be judged under cross-validation."""
    rule = config.churn.label
    try:
        told = plain_table(con, store, (), (str(rule.column),)).labels[str(rule.column)]
    except CipError as error:
        said, advice = _sentence(error.message), _sentence(error.hint)
        return (Readiness("churn", "no", said, advice, {}),)
    known, left = answered(told, rule)
    seen = Leavers(int(known.sum()), int(left.sum()))
    advice = f"The label is {rule.column!r}, and {', '.join(rule.left)} means left: is that right?"
    dateless = "A customer table without dates holds none of that."
    needs: dict[UseCase, str] = {
        "recommendations": "Map tables.interactions and tables.items.",
        "A/B and uplift": "Map tables.treatments, with a control arm.",
    }
    churn = _judged("churn", _outcomes(seen), f"by the column {rule.column!r}", advice)
    money = config.value.monthly
    value = Readiness(
        "customer value (CLV)",
        "thin" if money else "no",
        f"Only {money!r} a month is known, and no date." if money else dateless,
        "Map transactions or subscriptions for more.",
        {},
    )
    segments = _judged("segments", {"alike": len(told)}, "", "Load more customers.")
    others = [Readiness(name, "no", dateless, advice, {}) for name, advice in needs.items()]
    return (churn, value, others[0], segments, others[1])


def _judged(use_case: UseCase, figures: Mapping[str, int], where: str, advice: str) -> Readiness:
    """The weakest figure decides the word; every figure stands beside what is advised."""
    words = {name: _word(count, BOUNDS[name]) for name, count in figures.items()}
    order: tuple[Word, ...] = ("no", "thin", "yes")
    word = min(words.values(), key=order.index)
    said = ", ".join(_figure(name, count, words[name]) for name, count in figures.items())
    sentence = f"{said} {where}".strip() + "."
    return Readiness(use_case, word, sentence, "" if word == "yes" else advice, dict(figures))


def _word(count: int, bound: Bound) -> Word:
    if count < bound.least:
        return "no"
    return "yes" if count >= bound.advised else "thin"


def _figure(name: str, count: int, word: Word) -> str:
    bound = BOUNDS[name]
    what = bound.what if word == "yes" else f"{bound.what} (at least {bound.advised:,} advised)"
    return f"{count:,} {what}"
