from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cip import columns as c
from cip.errors import SettingsError
from cip.worlds.shop import ShopConfig, ShopWorld, invoice_lines, simulate_shop
from cip.worlds.shop_catalogue import numbered
from cip.worlds.shop_truth import expected_purchases, shop_truth

SHOP = ShopConfig(customers=1500, seed=1)
WORLD = simulate_shop(SHOP)
PLAIN = ShopConfig(customers=4000, seed=2, fade=0, refund_rate=0)
PLAIN_WORLD = simulate_shop(PLAIN)


def day_of(config: ShopConfig, world: ShopWorld) -> np.ndarray:
    since = world.transactions[c.OCCURRED_AT] - np.datetime64(config.start)
    return since / np.timedelta64(1, "D")


def customer_of(world: ShopWorld) -> np.ndarray:
    return np.searchsorted(world.customers[c.CUSTOMER_ID], world.transactions[c.CUSTOMER_ID])


def test_the_same_config_gives_the_same_shop_and_another_seed_another():
    again, other = simulate_shop(SHOP), simulate_shop(ShopConfig(customers=1500, seed=2))
    for name, values in WORLD.transactions.items():
        assert (again.transactions[name] == values).all()
    assert len(other.transactions[c.AMOUNT]) != len(WORLD.transactions[c.AMOUNT])


def test_every_customer_joins_with_a_purchase_and_nothing_happens_outside_the_days():
    day, who = day_of(SHOP, WORLD), customer_of(WORLD)
    assert day.min() >= 0
    assert day.max() < SHOP.days
    first = np.full(SHOP.customers, np.inf)
    np.minimum.at(first, who, day)
    joined = (WORLD.customers["joined"] - np.datetime64(SHOP.start)) / np.timedelta64(1, "D")
    assert first == pytest.approx(joined)
    assert joined.max() <= SHOP.joining_share * SHOP.days


def test_transactions_are_in_order_and_their_ids_are_unique():
    assert (np.diff(WORLD.transactions[c.OCCURRED_AT]) >= np.timedelta64(0)).all()
    ids = WORLD.transactions[c.TRANSACTION_ID]
    assert len(set(ids)) == len(ids)


def test_each_transaction_is_the_sum_of_its_lines():
    ids, at = np.unique(WORLD.interactions[c.TRANSACTION_ID].astype(str), return_inverse=True)
    money = WORLD.interactions[c.QUANTITY] * WORLD.interactions[c.PRICE]
    order = np.argsort(WORLD.transactions[c.TRANSACTION_ID].astype(str))
    assert ids.tolist() == WORLD.transactions[c.TRANSACTION_ID][order].tolist()
    assert np.bincount(at, money) == pytest.approx(WORLD.transactions[c.AMOUNT][order], abs=0.006)


def test_a_refund_is_negative_and_gives_back_a_line_the_customer_bought_before():
    lines = WORLD.interactions
    back = np.flatnonzero(lines[c.QUANTITY] < 0)
    assert len(back) > 50
    for row in back:
        assert lines[c.TRANSACTION_ID][row].startswith("C")
        same = (lines[c.CUSTOMER_ID] == lines[c.CUSTOMER_ID][row]) & (
            lines[c.ITEM_ID] == lines[c.ITEM_ID][row]
        )
        same &= (lines[c.QUANTITY] == -lines[c.QUANTITY][row]) & (
            lines[c.OCCURRED_AT] < lines[c.OCCURRED_AT][row]
        )
        assert same.any()
    refund = WORLD.transactions[c.AMOUNT] < 0
    assert refund.sum() == len(back)


def test_no_customer_buys_after_leaving_and_the_last_purchase_is_the_moment_of_leaving():
    bought = WORLD.transactions[c.AMOUNT] > 0
    last = np.zeros(SHOP.customers)
    np.maximum.at(last, customer_of(WORLD)[bought], day_of(SHOP, WORLD)[bought])
    gone = ~WORLD.truth.alive
    assert last[gone] == pytest.approx(WORLD.truth.left_day[gone], abs=1e-4)
    assert np.isinf(WORLD.truth.left_day[WORLD.truth.alive]).all()
    assert 0.2 < gone.mean() < 0.8


def test_without_fading_customers_buy_at_their_own_rate_until_they_leave():
    truth = PLAIN_WORLD.truth
    repeats = np.bincount(customer_of(PLAIN_WORLD), minlength=PLAIN.customers) - 1
    since = PLAIN_WORLD.customers["joined"] - np.datetime64(PLAIN.start)
    active = np.minimum(truth.left_day, PLAIN.days) - since / np.timedelta64(1, "D")
    # the count less rate times active time is a martingale stopped at leaving: mean zero
    excess = repeats - truth.rate * active
    assert excess.mean() == pytest.approx(0, abs=4 * excess.std() / np.sqrt(PLAIN.customers))
    assert truth.rate.mean() == pytest.approx(PLAIN.r / PLAIN.alpha, rel=0.05)


def test_without_fading_the_share_that_leaves_after_a_repeat_purchase_is_their_own():
    truth = PLAIN_WORLD.truth
    repeats = np.bincount(customer_of(PLAIN_WORLD), minlength=PLAIN.customers) - 1
    excess = ~truth.alive - truth.p_leaves * repeats
    assert excess.mean() == pytest.approx(0, abs=4 * excess.std() / np.sqrt(PLAIN.customers))


def test_without_fading_amounts_have_the_customers_own_mean():
    amount, who = PLAIN_WORLD.transactions[c.AMOUNT], customer_of(PLAIN_WORLD)
    ratio = amount / PLAIN_WORLD.truth.mean_spend[who]
    assert ratio.mean() == pytest.approx(1, abs=4 * ratio.std() / np.sqrt(len(ratio)) + 0.002)
    assert ratio.var() == pytest.approx(1 / PLAIN.p_spend, rel=0.1)


def test_items_are_in_the_catalogue_once_and_every_line_names_one_of_them():
    assert len(set(WORLD.items[c.ITEM_ID])) == len(set(WORLD.items[c.TITLE]))
    assert set(WORLD.interactions[c.ITEM_ID]) <= set(WORLD.items[c.ITEM_ID])
    assert len(set(WORLD.items[c.CATEGORY])) >= 5


def test_customers_prefer_one_category():
    at = np.searchsorted(WORLD.items[c.ITEM_ID], WORLD.interactions[c.ITEM_ID])
    _, category = np.unique(WORLD.items[c.CATEGORY][at].astype(str), return_inverse=True)
    who = np.searchsorted(WORLD.customers[c.CUSTOMER_ID], WORLD.interactions[c.CUSTOMER_ID])
    counts = np.zeros((SHOP.customers, category.max() + 1))
    np.add.at(counts, (who, category), 1)
    many = counts.sum(axis=1) >= 15
    assert many.sum() > 100
    assert (counts[many].max(axis=1) / counts[many].sum(axis=1)).mean() > 0.5


def test_the_export_has_the_columns_of_a_shop_and_one_row_a_line():
    table = invoice_lines(WORLD)
    assert list(table) == [
        "Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID",
        "Country",
    ]  # fmt: skip
    assert {len(values) for values in table.values()} == {len(WORLD.interactions[c.ITEM_ID])}
    title = dict(zip(WORLD.items[c.ITEM_ID], WORLD.items[c.TITLE], strict=True))
    country = dict(zip(WORLD.customers[c.CUSTOMER_ID], WORLD.customers["country"], strict=True))
    assert table["Description"].tolist() == [title[code] for code in table["StockCode"]]
    assert table["Country"].tolist() == [country[one] for one in table["Customer ID"]]


def features_and_churn(config: ShopConfig, world: ShopWorld) -> tuple[np.ndarray, np.ndarray]:
    """Of customers active in the 180 days before a cutoff, and whether they then paused 90 days."""
    bought = world.transactions[c.AMOUNT] > 0
    amount = world.transactions[c.AMOUNT][bought]
    day, who = day_of(config, world)[bought], customer_of(world)[bought]
    cutoff, rows, churned = config.days - 90, [], []
    for customer in range(config.customers):
        own = day[who == customer]
        past = own[own < cutoff]
        if not len(past) or past[-1] < cutoff - 180:
            continue
        recency, age = cutoff - past[-1], cutoff - past[0]
        gap = (past[-1] - past[0]) / (len(past) - 1) if len(past) > 1 else 365
        paid = amount[who == customer][: len(past)]
        rows.append([recency, len(past), age, gap, recency / gap, paid[-1] / paid.mean()])
        churned.append(len(past) == len(own))
    return np.log1p(rows), np.array(churned)


def test_churn_can_be_seen_in_more_than_recency():
    shop = ShopConfig(customers=4000, seed=9)
    features, churned = features_and_churn(shop, simulate_shop(shop))
    learn = np.arange(len(churned)) % 2 == 0
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(features[learn], churned[learn])
    score = model.predict_proba(features[~learn])[:, 1]
    with_all = roc_auc_score(churned[~learn], score)
    recency_alone = roc_auc_score(churned[~learn], features[~learn, 0])
    assert with_all > recency_alone + 0.03
    assert 0.2 < churned.mean() < 0.8


def last_gap_over_usual(config: ShopConfig) -> float:
    """Of customers who left after six repeat purchases or more: the last gap over their others."""
    world = simulate_shop(config)
    bought = world.transactions[c.AMOUNT] > 0
    day, who = day_of(config, world)[bought], customer_of(world)[bought]
    ratios = []
    for customer in np.flatnonzero(~world.truth.alive):
        gaps = np.diff(day[who == customer])
        if len(gaps) >= 6:
            ratios.append(np.log(gaps[-1] / gaps[:3].mean()))
    return float(np.mean(ratios))


def test_customers_slow_down_before_they_leave_only_when_told_to():
    steady = last_gap_over_usual(ShopConfig(customers=4000, seed=4, fade=0))
    fading = last_gap_over_usual(ShopConfig(customers=4000, seed=4, fade=1))
    assert fading > steady + 0.4


@pytest.mark.parametrize(
    ("field", "value"),
    [("customers", 0), ("alpha", -1), ("joining_share", 1.2), ("fade", -1), ("guest_share", 1.0)],
)
def test_an_impossible_shop_is_refused_by_name(field: str, value: float):
    with pytest.raises(SettingsError, match=f"W-101.*{field}"):
        ShopConfig(**{field: value})


def test_guests_buy_once_have_no_id_and_leave_the_customers_as_they_were():
    config = ShopConfig(customers=1500, seed=1, guest_share=0.2)
    world = simulate_shop(config)
    guest = np.array([who is None for who in world.transactions[c.CUSTOMER_ID]])
    bought = world.transactions[c.AMOUNT] > 0
    assert guest[bought].mean() == pytest.approx(0.2, abs=0.001)
    assert (world.truth.rate == WORLD.truth.rate).all()
    own = world.transactions[c.OCCURRED_AT][~guest & bought]
    assert (own == WORLD.transactions[c.OCCURRED_AT][WORLD.transactions[c.AMOUNT] > 0]).all()
    assert day_of(config, world)[guest].max() < config.days
    assert set(world.customers[c.CUSTOMER_ID]) == set(WORLD.customers[c.CUSTOMER_ID])
    table = invoice_lines(world)
    without = [who is None for who in table["Customer ID"]]
    assert without == [country is None for country in table["Country"]]
    assert sum(without) > 500


def test_expected_purchases_are_what_customers_make_without_fading():
    truth = PLAIN_WORLD.truth
    repeats = np.bincount(customer_of(PLAIN_WORLD), minlength=PLAIN.customers) - 1
    since = PLAIN_WORLD.customers["joined"] - np.datetime64(PLAIN.start)
    window = PLAIN.days - since / np.timedelta64(1, "D")
    expected = expected_purchases(truth.rate, truth.p_leaves, window)
    excess = repeats - expected
    assert excess.mean() == pytest.approx(0, abs=4 * excess.std() / np.sqrt(PLAIN.customers))
    for half in (truth.p_leaves < 0.03, truth.p_leaves >= 0.03):
        error = excess[half].std() / np.sqrt(half.sum())
        assert excess[half].mean() == pytest.approx(0, abs=4 * error)


def test_the_truth_of_a_shop_expects_nothing_of_those_who_have_left():
    table = shop_truth(SHOP, WORLD).tables["customers"]
    gone = ~WORLD.truth.alive
    assert (table["expected_spend_365d"][gone] == 0).all()
    assert (table["expected_spend_365d"][~gone] > 0).all()
    assert (np.isnat(table["left_at"]) == WORLD.truth.alive).all()
    last = np.zeros(SHOP.customers, dtype="datetime64[us]")
    bought = WORLD.transactions[c.AMOUNT] > 0
    when = WORLD.transactions[c.OCCURRED_AT][bought]
    np.maximum.at(last, customer_of(WORLD)[bought], when)
    apart = np.abs(last[gone] - table["left_at"][gone]) / np.timedelta64(1, "s")
    assert apart.max() <= 1


def test_ids_of_a_large_shop_sort_as_they_count():
    ids = numbered("C", 100_001)
    assert (np.sort(ids.astype(str)) == ids).all()
