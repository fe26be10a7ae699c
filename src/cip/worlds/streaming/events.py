"""The tables of what happened: interactions, subscriptions, transactions and treatments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cip import columns as c
from cip.types import BoolArray, FloatArray, IntArray
from cip.worlds.streaming.campaigns import Offers
from cip.worlds.streaming.config import DAY, MONTH, PLANS, RETRIES, StreamingConfig, list_price
from cip.worlds.streaming.lives import Months
from cip.worlds.streaming.persons import Persons
from cip.worlds.streaming.plays import Plays
from cip.worlds.streaming.tables import Table, ids, instants
from cip.worlds.streaming.titles import Titles

_FINISHES = 0.4  # log-odds of watching to the end, at usual appeal and satisfaction 0
_USUAL_STARS = 3.5
_DAYS_TO_REFUND = 10


@dataclass(frozen=True, slots=True)
class Service:
    """What was drawn so far, from which the tables follow."""

    config: StreamingConfig
    persons: Persons
    titles: Titles
    months: Months
    plays: Plays


@dataclass(frozen=True, slots=True)
class _Events:
    """One kind of interaction, flat; `item` is -1 where there is none."""

    kind: str
    customer: NDArray[np.signedinteger[Any]]
    second: IntArray
    item: NDArray[np.signedinteger[Any]]
    value: NDArray[np.float32]


def interactions_table(
    service: Service, customer_ids: NDArray[Any], item_ids: NDArray[Any], rng: np.random.Generator
) -> Table:
    """customer_id, occurred_at, kind, item_id (None without), value (float32), sorted by time.

    play: minutes watched; rate: 1 to 5 stars in halves; search: NaN; payment_failed: the price;
    impression (shown and not clicked) and click: the place in the row, from 1 on.
    """
    kinds = [
        *_played_and_rated(service, rng), _searches(service, rng), *_failed(service),
        *_shown(service.plays),
    ]  # fmt: skip
    second = np.concatenate([events.second for events in kinds])
    order = np.argsort(second, kind="stable")
    customer = np.concatenate([events.customer for events in kinds])[order]
    item = np.concatenate([events.item for events in kinds])[order]
    kind = np.repeat(np.arange(len(kinds)), [len(events.second) for events in kinds])[order]
    return {
        c.CUSTOMER_ID: customer_ids[customer],
        c.OCCURRED_AT: instants(service.config, second[order]),
        c.KIND: np.array([events.kind for events in kinds], dtype=object)[kind],
        c.ITEM_ID: np.append(item_ids, np.array([None], dtype=object))[item],
        c.VALUE: np.concatenate([events.value for events in kinds])[order],
    }


def subscriptions_table(service: Service, customer_ids: NDArray[Any]) -> tuple[Table, BoolArray]:
    """One row a spell by start, and whether the customer cancelled it (not: payments failed).

    customer_id, started_at (inclusive), ended_at (exclusive, NaT while it runs), plan, price.
    """
    months = service.months
    by_customer = np.lexsort((months.number, months.customer))
    begins = np.flatnonzero(months.tenure[by_customer] == 0)
    last = by_customer[np.append(begins[1:], len(by_customer)) - 1]
    first = by_customer[begins]
    ended_at = instants(service.config, months.end[last])
    ended_at[~(months.lapsed | months.cancelled)[last]] = np.datetime64("NaT")
    order = np.argsort(months.start[first], kind="stable")
    who, start = months.customer[first[order]], months.start[first[order]]
    plan = service.persons.plan[who]
    table = {
        c.CUSTOMER_ID: customer_ids[who],
        c.STARTED_AT: instants(service.config, start),
        c.ENDED_AT: ended_at[order],
        c.PLAN: np.array(PLANS, dtype=object)[plan],
        c.PRICE: list_price(service.config, start, plan),
    }
    return table, months.cancelled[last[order]]


def transactions_table(
    service: Service, customer_ids: NDArray[Any], rng: np.random.Generator
) -> Table:
    """transaction_id, customer_id, occurred_at, amount (negative: a refund), sorted by time.

    A month is paid when it begins, or at the first retry that succeeds.
    """
    months, config = service.months, service.config
    paid = months.failed < len(RETRIES)
    who, price = months.customer[paid], _price(service)[paid]
    second = months.start[paid] + np.array(RETRIES)[months.failed[paid]]
    back = np.flatnonzero(rng.random(len(who)) < config.refund_share)
    refunded = second[back] + rng.integers(1, _DAYS_TO_REFUND * DAY, len(back))
    second = np.append(second, refunded)
    order = np.argsort(second, kind="stable")
    order = order[second[order] < config.seconds]
    return {
        c.TRANSACTION_ID: ids("T", len(order)),
        c.CUSTOMER_ID: customer_ids[np.append(who, who[back])[order]],
        c.OCCURRED_AT: instants(config, second[order]),
        c.AMOUNT: np.append(price, -price[back])[order],
    }


def treatments_table(config: StreamingConfig, offers: Offers, customer_ids: NDArray[Any]) -> Table:
    """customer_id, occurred_at, arm (voucher or control), cost, campaign; sorted by time."""
    cost = config.campaigns.voucher_cost
    names = np.array([f"save-{k}" for k in range(1, len(config.offered) + 1)], dtype=object)
    return {
        c.CUSTOMER_ID: customer_ids[offers.customer],
        c.OCCURRED_AT: instants(config, offers.second),
        c.ARM: np.array(["control", "voucher"], dtype=object)[offers.treated.astype(int)],
        c.COST: np.where(offers.treated, cost, 0.0),
        "campaign": names[offers.campaign],
    }


def _price(service: Service) -> FloatArray:
    """Of each month: the list price when its spell began; (r,)."""
    months = service.months
    since = months.start - months.tenure * MONTH
    return list_price(service.config, since, service.persons.plan[months.customer])


def _played_and_rated(service: Service, rng: np.random.Generator) -> tuple[_Events, _Events]:
    """Sessions, and stars for some of them at their end.

    Watching to the end and stars both rise with appeal (in standard deviations of all customers
    and titles) and with satisfaction, stars with the title's quality too.
    """
    plays, titles = service.plays, service.titles
    appeal = _appeal(service)
    satisfaction = service.months.satisfaction[plays.month]
    log_odds = _FINISHES + 0.5 * appeal + 0.3 * satisfaction
    finishes = rng.random(len(log_odds)) < 1 / (1 + np.exp(-log_odds))
    share = np.where(finishes, 1.0, rng.uniform(0.05, 0.95, len(log_odds)))
    minutes = np.maximum(np.rint(titles.minutes[plays.item] * share), 1).astype(np.float32)
    rated = np.flatnonzero(rng.random(len(log_odds)) < service.config.rate_share)
    second = plays.second[rated] + (60 * minutes[rated]).astype(np.int64)
    inside = second < np.minimum(service.months.end[plays.month[rated]], service.config.seconds)
    rated, second = rated[inside], second[inside]
    stars = _USUAL_STARS + 0.4 * appeal[rated] + 0.35 * satisfaction[rated]
    stars += titles.quality[plays.item[rated]] + rng.normal(0, 0.6, len(rated))
    halves = (np.rint(np.clip(stars, 1, 5) * 2) / 2).astype(np.float32)
    return (
        _Events("play", plays.customer, plays.second, plays.item, minutes),
        _Events("rate", plays.customer[rated], second, plays.item[rated], halves),
    )


def _appeal(service: Service) -> FloatArray:
    """How much each session's title is to the customer's taste, less what is usual in a choice."""
    plays, titles = service.plays, service.titles
    taste, where = service.persons.taste, titles.taste
    appeal = sum(
        (taste[plays.customer, k] * where[plays.item, k] for k in range(taste.shape[1])),
        start=np.zeros(len(plays.item)),
    )
    return np.asarray(appeal / titles.spread - 1)


def _searches(service: Service, rng: np.random.Generator) -> _Events:
    """Up to ten minutes before a session, more often when satisfaction is low."""
    plays, months = service.plays, service.months
    chance = service.config.search_share * np.exp(-0.3 * months.satisfaction[plays.month])
    rows = np.flatnonzero(rng.random(len(chance)) < chance)
    before = plays.second[rows] - rng.integers(20, 600, len(rows))
    second = np.maximum(before, months.start[plays.month[rows]])
    nothing = np.full(len(rows), np.nan, dtype=np.float32)
    return _Events("search", plays.customer[rows], second, np.full(len(rows), -1), nothing)


def _shown(plays: Plays) -> Iterator[_Events]:
    """Titles shown: one thing shown is one interaction, of kind impression or of kind click."""
    shown = plays.shown
    row, place = np.divmod(np.arange(shown.item.size), shown.item.shape[1])
    clicked = place == shown.clicked[row]
    for kind, rows in (("impression", ~clicked), ("click", clicked)):
        at = row[rows]
        customer, number = plays.customer[shown.play[at]], (place[rows] + 1).astype(np.float32)
        yield _Events(kind, customer, shown.second[at], shown.item.ravel()[rows], number)


def _failed(service: Service) -> Iterator[_Events]:
    """The first, second and third attempts that failed, as far as they lie within the time."""
    months, price = service.months, _price(service).astype(np.float32)
    for attempt, wait in enumerate(RETRIES):
        second = months.start + wait
        rows = np.flatnonzero((months.failed > attempt) & (second < service.config.seconds))
        none = np.full(len(rows), -1)
        yield _Events("payment_failed", months.customer[rows], second[rows], none, price[rows])
