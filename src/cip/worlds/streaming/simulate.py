"""A movie-streaming service: people sign up, pay, choose what to watch, and some cancel.

The process, with every number in `StreamingConfig` or beside its use:

1. Customers sign up at uniform times, for one plan, and pay when a month of 30 days begins.  A
   payment that fails is tried again after 3 and 7 days; if all fail, the spell ends there.  The
   first payment of a spell does not fail.  When list prices rise, a spell that runs keeps its
   price until it ends, so that a spell has one price and a rise ends none.
2. Satisfaction is an autoregression a month around the customer's own level.  Sessions in a month
   are Poisson with the customer's own appetite times exp(0.45 satisfaction), satisfaction running
   straight through the month, so that watching falls in the weeks before most cancellations.
3. At the end of a month the customer cancels with `p_cancel`, a logistic function of satisfaction,
   of this month's sessions against the usual, of failed payments, of how new the spell is, of the
   plan and of how much less the spell costs than a new one would (`Hazard`).  All but satisfaction
   can be read from the tables, and satisfaction shows in sessions, minutes, stars and searches.
   Those away come back with `p_return` a month.
4. Titles come out over time, at the start of a week; popularity is Zipf's, raised while new.  A
   title lies in a genre and a hidden tone.  A session's title is the next part of the series
   watched last (with `p_follow`, if out and unseen), else a softmax over the titles that are out
   of taste · title + log weight of the week, drawn again while it was seen before: at most twenty
   times, or until a rewatch is accepted (`p_rewatch`).  Sessions may overlap.
5. Before some sessions a row of three titles is shown, the same to everybody but for chance; what
   is clicked, by taste and place, is watched.  Some sessions are rated, some are found by a search.
6. At a campaign everyone with a running spell is given a voucher or, at random, none; a voucher
   changes the log-odds of cancelling for 60 days, for whom and how much by regime (`Campaigns`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cip import columns as c
from cip.types import BoolArray, FloatArray, IntArray
from cip.worlds.streaming.campaigns import Offers, offers_made
from cip.worlds.streaming.config import StreamingConfig
from cip.worlds.streaming.events import (
    Service,
    interactions_table,
    subscriptions_table,
    transactions_table,
    treatments_table,
)
from cip.worlds.streaming.lives import Months, live
from cip.worlds.streaming.persons import Persons, draw_persons
from cip.worlds.streaming.plays import Plays, draw_plays
from cip.worlds.streaming.tables import Table, customers_table, items_table
from cip.worlds.streaming.titles import Titles, draw_titles, weekly_weights
from cip.worlds.streaming.vouchers import draw_arms


@dataclass(frozen=True, slots=True)
class StreamingTruth:
    """What no data set tells.  Positions count the rows of `customers` and `items`.

    `months`: every paid month with its drivers and `p_cancel`.  `plays`: sessions, and what was
    shown.  `offers`: of each row of `treatments`.  `cancelled_by_choice`: of each subscription.
    `title_weight`: (weeks, m), popularity times novelty, 0 before a title is out.
    """

    persons: Persons
    titles: Titles
    months: Months
    plays: Plays
    offers: Offers
    cancelled_by_choice: BoolArray
    title_weight: FloatArray

    def p_choice(self, customers: IntArray, week: int) -> FloatArray:
        """Probability of each title in a free choice in a week after the start; (customers, m).

        What was seen and parts that follow are left out of account: for the choice among unseen
        titles set the seen to 0 and divide by the sum.
        """
        appeal = np.exp(self.persons.taste[customers] @ self.titles.taste.T)
        weight = appeal * self.title_weight[week]
        return np.asarray(weight / weight.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class StreamingWorld:
    """Tables as columns, and apart from them the truth and the config.

    `customers`: customer_id, name, country, plan, age, signed_up_at.  `items`: item_id, title,
    category, duration_minutes, released, available_at.  `interactions`: customer_id, occurred_at,
    kind (play, rate, search, impression, click, payment_failed), item_id, value.  `subscriptions`:
    customer_id, started_at, ended_at, plan, price.  `transactions`: transaction_id, customer_id,
    occurred_at, amount.  `treatments`: customer_id, occurred_at, arm, cost, campaign.  Times are
    datetime64[us], UTC; text is object arrays of str or None; events are sorted.
    """

    customers: Table
    items: Table
    interactions: Table
    subscriptions: Table
    transactions: Table
    treatments: Table
    truth: StreamingTruth
    config: StreamingConfig


def simulate_streaming(config: StreamingConfig) -> StreamingWorld:
    """A service drawn from the process above; the same config gives the same service."""
    rng = np.random.default_rng(config.seed)
    titles = draw_titles(config, rng)
    persons = draw_persons(config, rng)
    arms = draw_arms(config, rng)
    months = live(config, persons, arms, rng)
    plays = draw_plays(config, persons, months, titles, rng)
    service = Service(config, persons, titles, months, plays)
    customers, items = customers_table(config, persons, rng), items_table(config, titles)
    customer_ids = customers[c.CUSTOMER_ID]
    interactions = interactions_table(service, customer_ids, items[c.ITEM_ID], rng)
    subscriptions, by_choice = subscriptions_table(service, customer_ids)
    transactions = transactions_table(service, customer_ids, rng)
    offers = offers_made(config, persons, arms, months, rng)
    treatments = treatments_table(config, offers, customer_ids)
    weights = weekly_weights(config, titles)
    truth = StreamingTruth(persons, titles, months, plays, offers, by_choice, weights)
    return StreamingWorld(
        customers, items, interactions, subscriptions, transactions, treatments, truth, config
    )
