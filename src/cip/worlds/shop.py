"""A simulated shop without contracts: customers come, buy, slow down and silently leave.

The process, customer by customer:

1. They join at a uniform time within the first `joining_share` of the days, with a purchase.
2. They buy again at a constant rate lambda ~ Gamma(r, alpha), their own.
3. After each repeat purchase they leave for good with probability p ~ Beta(a, b), their own.
4. What they spend on a purchase is Gamma(p_spend, nu), nu ~ Gamma(q, gamma) their own.
5. `fade` bends this: over the last three repeat purchases before they leave, the gap before the
   purchase grows (by a third, two thirds and all of `fade`), the basket shrinks and returns become
   more likely.  So a customer about to leave shows it in more than the days since the last visit.

With `fade=0` and `refund_rate=0` this is exactly BG/NBD with Gamma-Gamma (amounts to the cent).
Baskets are lines from a catalogue; each customer prefers one category.

Guests, if any, buy once, at a uniform time, as a customer of their own with no id would, and are in
no table of customers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cip import columns as c
from cip.errors import SettingsError
from cip.types import BoolArray, FloatArray, IntArray
from cip.worlds.shop_catalogue import Table, draw_items, numbered

GUEST_SHARE = 0.08  # where guests are wanted

_FADING_PURCHASES = 3
_SMALLER_BASKET = 0.3  # of the last purchase, at fade 1
_MORE_RETURNS = 2.0  # times the usual, on top, at fade 1
_DAYS_TO_RETURN = 9.0
_PREFERS_CATEGORY = 0.6

_COUNTRIES = ("United Kingdom", "Germany", "France", "Ireland", "Spain")
_COUNTRY_SHARES = (0.7, 0.1, 0.1, 0.06, 0.04)


@dataclass(frozen=True, slots=True)
class ShopConfig:
    """Size, seed and true parameters; times in days, money in one currency.

    `alpha`: a customer's rate is Gamma(`r`) / `alpha` a day.  `gamma`: likewise for spend.
    `refund_rate`: share of lines sent back by a customer who is not about to leave.
    `guest_share`: of all purchases, by guests.
    Raises SettingsError W-101.
    """

    customers: int = 2_000
    days: int = 730
    seed: int = 7
    start: str = "2023-01-01"
    joining_share: float = 0.8
    r: float = 0.7
    alpha: float = 20.0
    a: float = 0.5
    b: float = 6.0
    p_spend: float = 4.0
    q: float = 4.0
    gamma: float = 30.0
    fade: float = 1.0
    refund_rate: float = 0.02
    guest_share: float = 0.0

    def __post_init__(self) -> None:
        positive = (
            "customers", "days", "r", "alpha", "a", "b", "p_spend", "q", "gamma", "joining_share",
        )  # fmt: skip
        wrong = [name for name in positive if not getattr(self, name) > 0]
        wrong += [n for n in ("joining_share", "refund_rate") if not 0 <= getattr(self, n) <= 1]
        wrong += ["fade"] if not 0 <= self.fade <= 3 else []
        wrong += ["guest_share"] if not 0 <= self.guest_share < 1 else []
        if wrong:
            seen = ", ".join(f"{name} = {getattr(self, name)}" for name in wrong)
            raise SettingsError("W-101", f"the simulated shop cannot have {seen}", "see ShopConfig")


@dataclass(frozen=True, slots=True)
class ShopTruth:
    """What no data set tells, in the order of the customers; each (n,).

    `rate`: purchases a day while active; `p_leaves`: after each repeat purchase; `mean_spend` a
    purchase; `left_day`: days after the start, infinite if not within the simulated days;
    `alive`: has not left by the end.
    """

    rate: FloatArray
    p_leaves: FloatArray
    mean_spend: FloatArray
    left_day: FloatArray
    alive: BoolArray


@dataclass(frozen=True, slots=True)
class ShopWorld:
    """Tables as columns (see `simulate_shop`), and apart from them the truth.

    `customers`: customer_id, country, joined.  `transactions`: transaction_id, customer_id,
    occurred_at, amount (negative: a refund, its id begins with C).  `interactions`, the lines:
    transaction_id, customer_id, item_id, occurred_at, quantity (negative when sent back), price a
    piece.  `items`: item_id, title, category, price.  Times are datetime64[us], UTC, sorted.  The
    customer_id of a guest is None.
    """

    customers: Table
    transactions: Table
    interactions: Table
    items: Table
    truth: ShopTruth


@dataclass(frozen=True, slots=True)
class _Purchases:
    """Flat: the customer (by position, guests last), the day, and how close to leaving, 0 to 1."""

    customer: IntArray
    day: FloatArray
    fading: FloatArray


@dataclass(frozen=True, slots=True)
class _Lines:
    """Flat: the purchase (by position), the item (by position), pieces and price a piece."""

    purchase: IntArray
    item: IntArray
    quantity: IntArray
    price: FloatArray

    def take(self, rows: IntArray) -> _Lines:
        """Some of the lines."""
        return _Lines(
            self.purchase[rows], self.item[rows], self.quantity[rows], self.price[rows]
        )  # fmt: skip


def simulate_shop(config: ShopConfig) -> ShopWorld:
    """A shop drawn from the process above; the same config gives the same shop."""
    rng = np.random.default_rng(config.seed)
    n = config.customers
    joined = rng.uniform(0, config.joining_share * config.days, n)
    rate = rng.gamma(config.r, size=n) / config.alpha
    p_leaves = np.maximum(rng.beta(config.a, config.b, n), 1e-9)
    purchases, left_day = _purchases(config, joined, rate, p_leaves, rng)
    purchases, guests = _with_guests(config, purchases, rng)
    nu = rng.gamma(config.q, size=n + guests) / config.gamma
    items = draw_items(rng)
    lines = _lines(_amounts(config, purchases, nu, rng), purchases.customer, items, rng)
    purchases, lines = _with_refunds(config, purchases, lines, rng)
    names = numbered("C", n)
    whose = np.append(names, np.full(guests, None))
    transactions, interactions = _tables(config, purchases, lines, whose, items)
    customers = {
        c.CUSTOMER_ID: names,
        "country": np.array(_COUNTRIES, dtype=object)[rng.choice(5, size=n, p=_COUNTRY_SHARES)],
        "joined": _instants(config, joined),
    }
    truth = ShopTruth(rate, p_leaves, config.p_spend / nu[:n], left_day, np.isinf(left_day))
    return ShopWorld(customers, transactions, interactions, items, truth)


def _purchases(
    config: ShopConfig,
    joined: FloatArray,
    rate: FloatArray,
    p_leaves: FloatArray,
    rng: np.random.Generator,
) -> tuple[_Purchases, FloatArray]:
    """Every purchase within the days, the joining one too, and when each customer left.

    Repeat purchases are a Poisson number of uniform times, in order, up to the one after which the
    customer leaves; fading only moves them to later, so no time beyond the window is missed.
    """
    window = config.days - joined
    counts = rng.poisson(rate * window)
    last = rng.geometric(p_leaves)
    who = np.repeat(np.arange(len(joined)), counts)
    when = joined[who] + window[who] * rng.random(len(who))
    order = np.lexsort((when, who))
    who, when = who[order], when[order]
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    number = np.arange(len(who)) - first[who] + 1
    kept = number <= last[who]
    who, when, number = who[kept], when[kept], number[kept]
    fading = np.clip(1 - (last[who] - number) / _FADING_PURCHASES, 0, 1) * config.fade
    before = np.where(number == 1, joined[who], np.concatenate([[0.0], when[:-1]]))
    stretched = np.cumsum((when - before) * fading)
    base = np.concatenate([[0.0], stretched])[np.flatnonzero(number == 1)]
    when += stretched - np.repeat(base, np.unique(who, return_counts=True)[1])
    inside = when < config.days
    left = np.full(len(joined), np.inf)
    final = inside & (number == last[who])
    left[who[final]] = when[final]
    customer = np.concatenate([np.arange(len(joined)), who[inside]])
    day = np.concatenate([joined, when[inside]])
    fading = np.concatenate([np.zeros(len(joined)), fading[inside]])
    return _Purchases(customer, day, fading), left


def _with_guests(
    config: ShopConfig, purchases: _Purchases, rng: np.random.Generator
) -> tuple[_Purchases, int]:
    """The same and a purchase of each guest; how many guests."""
    share = config.guest_share
    guests = round(len(purchases.day) * share / (1 - share))
    return _Purchases(
        np.append(purchases.customer, config.customers + np.arange(guests)),
        np.append(purchases.day, rng.uniform(0, config.days, guests)),
        np.append(purchases.fading, np.zeros(guests)),
    ), guests


def _amounts(
    config: ShopConfig, purchases: _Purchases, nu: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Money of each purchase."""
    drawn = rng.gamma(config.p_spend, size=len(purchases.day)) / nu[purchases.customer]
    return np.asarray(drawn * np.exp(-_SMALLER_BASKET * purchases.fading))


def _lines(
    amount: FloatArray, customer: IntArray, items: Table, rng: np.random.Generator
) -> _Lines:
    """Each amount split over one or more lines; an item costs at most what its line may cost."""
    counts = 1 + rng.poisson(1.5, len(amount))
    purchase = np.repeat(np.arange(len(amount)), counts)
    share = rng.gamma(2.0, size=len(purchase))
    share /= np.bincount(purchase, share)[purchase]
    money = share * amount[purchase]
    names, first = np.unique(items[c.CATEGORY].astype(str), return_index=True)
    favourite = rng.integers(len(names), size=int(customer.max()) + 1)[customer][purchase]
    elsewhere = rng.integers(len(names), size=len(purchase))
    category = np.where(rng.random(len(purchase)) < _PREFERS_CATEGORY, favourite, elsewhere)
    price = items[c.PRICE]
    far = price.max() + 1
    key = np.repeat(np.arange(len(names)), np.diff(np.append(first, len(price)))) * far + price
    affordable = np.searchsorted(key, category * far + np.minimum(money, far / 2)) - first[category]
    item = first[category] + (np.maximum(affordable, 1) * rng.random(len(purchase))).astype(int)
    quantity = np.maximum(np.rint(money / price[item]), 1).astype(np.int64)
    return _Lines(purchase, item, quantity, np.maximum(np.round(money / quantity, 2), 0.01))


def _with_refunds(
    config: ShopConfig, purchases: _Purchases, lines: _Lines, rng: np.random.Generator
) -> tuple[_Purchases, _Lines]:
    """The same, and for each line sent back within the days a transaction with it negative."""
    fading = purchases.fading[lines.purchase]
    chance = config.refund_rate * (1 + _MORE_RETURNS * fading)
    day = purchases.day[lines.purchase] + rng.exponential(_DAYS_TO_RETURN, len(fading))
    rows = np.flatnonzero((rng.random(len(fading)) < chance) & (day < config.days))
    back = lines.take(rows)
    return _Purchases(
        np.append(purchases.customer, purchases.customer[back.purchase]),
        np.append(purchases.day, day[rows]),
        np.append(purchases.fading, fading[rows]),
    ), _Lines(
        np.append(lines.purchase, len(purchases.day) + np.arange(len(rows))),
        np.append(lines.item, back.item),
        np.append(lines.quantity, -back.quantity),
        np.append(lines.price, back.price),
    )


def _tables(
    config: ShopConfig, purchases: _Purchases, lines: _Lines, names: NDArray[Any], items: Table
) -> tuple[Table, Table]:
    """Transactions and interactions in order of time; transactions are numbered in that order."""
    order = np.argsort(purchases.day, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    amount = np.round(np.bincount(lines.purchase, lines.quantity * lines.price), 2)[order]
    prefix = np.where(amount < 0, "C", "")
    ids = np.array([f"{p}{k}" for k, p in enumerate(prefix, start=500_001)], dtype=object)
    who, when = names[purchases.customer[order]], _instants(config, purchases.day[order])
    transactions = {
        c.TRANSACTION_ID: ids, c.CUSTOMER_ID: who, c.OCCURRED_AT: when, c.AMOUNT: amount,
    }  # fmt: skip
    by_time = np.argsort(place[lines.purchase], kind="stable")
    at = place[lines.purchase][by_time]
    interactions = {
        c.TRANSACTION_ID: ids[at],
        c.CUSTOMER_ID: who[at],
        c.ITEM_ID: items[c.ITEM_ID][lines.item[by_time]],
        c.OCCURRED_AT: when[at],
        c.QUANTITY: lines.quantity[by_time],
        c.PRICE: lines.price[by_time],
    }
    return transactions, interactions


def _instants(config: ShopConfig, day: FloatArray) -> NDArray[np.datetime64]:
    """Days after the start as instants, cut to the second."""
    seconds = (day * 86_400).astype(np.int64).astype("timedelta64[s]")
    return np.asarray(np.datetime64(config.start, "us") + seconds)


def invoice_lines(world: ShopWorld) -> Table:
    """The lines as a shop would export them: one flat table with its own column names.

    A guest has neither id nor country.
    """
    lines = world.interactions
    item = np.searchsorted(world.items[c.ITEM_ID].astype(str), lines[c.ITEM_ID].astype(str))
    ids = world.customers[c.CUSTOMER_ID].astype(str)
    customer = np.searchsorted(ids, lines[c.CUSTOMER_ID].astype(str))
    guest = np.array([who is None for who in lines[c.CUSTOMER_ID]])
    country = np.append(world.customers["country"], np.array([None]))
    return {
        "Invoice": lines[c.TRANSACTION_ID],
        "StockCode": lines[c.ITEM_ID],
        "Description": world.items[c.TITLE][item],
        "Quantity": lines[c.QUANTITY],
        "InvoiceDate": lines[c.OCCURRED_AT],
        "Price": lines[c.PRICE],
        "Customer ID": lines[c.CUSTOMER_ID],
        "Country": country[np.where(guest, -1, customer)],
    }
