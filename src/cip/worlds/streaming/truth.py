"""The truth of a streaming service as tables: what its customers, titles and events really are."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cip import columns as c
from cip.types import FloatArray
from cip.worlds.streaming.months import kept_price, newness, p_lapses
from cip.worlds.streaming.simulate import StreamingWorld
from cip.worlds.streaming.tables import Table, instants
from cip.worlds.truth import Truth


def streaming_truth(world: StreamingWorld) -> Truth:
    """Tables that join with the world's own by customer_id, item_id and time.

    `customers`: latent traits, see Persons.  `items`: see Titles.  `months`: every paid month with
    what drives cancelling, `p_lapse` (as it begins) and `p_cancel` (as it ends); NaN: no decision.
    `subscriptions`: `ended_by` cancelling or payment, None while it runs.  `treatments`: the
    propensity, whether the customer is a sleeping dog in that regime, and probabilities of leaving
    within 60 days from the offer on; `uplift` is what a voucher takes off them.  `impressions`:
    what was shown and clicked, with `p_click`.
    """
    tables = {
        "customers": _customers(world),
        "items": _items(world),
        "months": _months(world),
        "subscriptions": _subscriptions(world),
        "treatments": _treatments(world),
        "impressions": _impressions(world),
    }
    return Truth(tables, asdict(world.config))


def _customers(world: StreamingWorld) -> Table:
    persons = world.truth.persons
    return {
        c.CUSTOMER_ID: world.customers[c.CUSTOMER_ID],
        "appetite": persons.appetite,
        "satisfaction_level": persons.level,
        "p_payment_fails": persons.p_payment_fails,
        "responds": persons.responds,
        **_axes(persons.taste),
    }


def _items(world: StreamingWorld) -> Table:
    titles = world.truth.titles
    following = np.append(world.items[c.ITEM_ID], np.array([None], dtype=object))
    return {
        c.ITEM_ID: world.items[c.ITEM_ID],
        "cell": titles.cell,
        "popularity": titles.popularity,
        "quality": titles.quality,
        "next_part": following[titles.next_part],
        **_axes(titles.taste),
    }


def _axes(taste: FloatArray) -> dict[str, NDArray[Any]]:
    return {f"taste_{k}": taste[:, k - 1] for k in range(1, taste.shape[1] + 1)}


def _months(world: StreamingWorld) -> Table:
    config, persons, months = world.config, world.truth.persons, world.truth.months
    begun, _ = months.take(np.arange(len(months.customer)))
    return {
        c.CUSTOMER_ID: world.customers[c.CUSTOMER_ID][months.customer],
        "month_started_at": instants(config, months.start),
        "satisfaction": months.satisfaction,
        "fall": months.fall,
        "failed_payments": months.failed,
        "newness": newness(begun),
        "kept_price": kept_price(config, persons, begun),
        "voucher": months.voucher,
        "p_lapse": p_lapses(config, persons, begun),
        "lapsed": months.lapsed,
        "p_cancel": months.p_cancel,
        "cancelled": months.cancelled,
    }


def _subscriptions(world: StreamingWorld) -> Table:
    spells = world.subscriptions
    ended_by = np.where(world.truth.cancelled_by_choice, "cancelling", "payment").astype(object)
    ended_by[np.isnat(spells[c.ENDED_AT])] = None
    return {
        c.CUSTOMER_ID: spells[c.CUSTOMER_ID],
        c.STARTED_AT: spells[c.STARTED_AT],
        "ended_by": ended_by,
    }


def _treatments(world: StreamingWorld) -> Table:
    offers = world.truth.offers
    asleep = world.config.regime == "sleeping_dogs"
    return {
        c.CUSTOMER_ID: world.treatments[c.CUSTOMER_ID],
        c.OCCURRED_AT: world.treatments[c.OCCURRED_AT],
        "propensity": np.full(len(offers.customer), world.config.campaigns.p_treated),
        "sleeping_dog": offers.dozes & asleep,
        "p_leaves_if_control": offers.p_leaves_if_control,
        "p_leaves_if_treated": offers.p_leaves_if_treated,
        "uplift": offers.p_leaves_if_control - offers.p_leaves_if_treated,
    }


def _impressions(world: StreamingWorld) -> Table:
    plays = world.truth.plays
    shown, places = plays.shown, plays.shown.item.shape[1]
    order = np.argsort(shown.second, kind="stable")
    customer = np.repeat(plays.customer[shown.play[order]], places)
    return {
        c.CUSTOMER_ID: world.customers[c.CUSTOMER_ID][customer],
        c.OCCURRED_AT: np.repeat(instants(world.config, shown.second[order]), places),
        c.ITEM_ID: world.items[c.ITEM_ID][shown.item[order].ravel()],
        "place": np.tile(np.arange(1, places + 1), len(order)),
        "p_click": shown.p_click[order].ravel(),
    }
