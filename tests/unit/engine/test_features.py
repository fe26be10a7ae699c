"""Every feature against an oracle in plain Python that shares no code with the engine."""

from __future__ import annotations

import math
import statistics
import string
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from cip.engine.features import CATALOGUE, attribute_infos
from cip.engine.features_payments import PAYMENTS
from cip.engine.snapshot import feature_frame
from cip.errors import ContractError

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

START = datetime(2022, 1, 1, tzinfo=UTC)
CUTOFFS = [START + timedelta(days=days) for days in (200, 430, 700)]
ACTIVE_DAYS = 180
CATEGORY = {"tea": "drinks", "milk": "drinks", "bread": "food", "soap": None}


def random_events(seed: int) -> tuple[list[dict], list[dict]]:
    """About 70 customers over two years, some of whose rows became known late."""
    rng = np.random.default_rng(seed)

    def instant() -> dict:
        occurred = START + timedelta(days=int(rng.integers(0, 720)))
        # ends of days are where engines go wrong
        occurred += timedelta(microseconds=int(rng.choice([0, 1, 43_200_000_000, 86_399_999_999])))
        late = timedelta(days=float(rng.choice([0, 0, 0, 20.5, 100])))
        return {"occurred_at": occurred, "known_at": occurred + late}

    transactions, interactions = [], []
    for number in range(70):
        customer = f"c{number}"
        for _ in range(int(rng.integers(1, 25))):
            amount = float(rng.choice([-8.25, -0.5, 0, 0.25, 1, 2.75, 19.5, 100]))
            transactions.append({"customer_id": customer, **instant(), "amount": amount})
        for _ in range(int(rng.choice([0, 3, 30]))):
            item = str(rng.choice([*CATEGORY, ""])) or None
            quantity = float(rng.choice([-1, 1, 2]))
            row = {"customer_id": customer, **instant(), "kind": "play", "item_id": item}
            interactions.append({**row, "quantity": quantity})
    return transactions, interactions


def known(events: list[dict], customer: str, cutoff: datetime) -> list[tuple[int, dict]]:
    """(age in days of the event's day, event) of what happened and was known before the cutoff."""
    return [
        ((cutoff.date() - event["occurred_at"].date()).days, event)
        for event in events
        if event["customer_id"] == customer
        and event["occurred_at"] < cutoff
        and event["known_at"] < cutoff
    ]


def divided(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def spread(values: list[float]) -> float:
    return round(statistics.stdev(values), 6) if len(values) > 1 else math.nan


def payments_oracle(paid: list[tuple[int, dict]]) -> dict[str, float]:
    spend, back, purchases, refunds = Counter(), Counter(), Counter(), Counter()
    for age, event in paid:
        if event["amount"] > 0:
            spend[age] += event["amount"]
            purchases[age] += 1
        elif event["amount"] < 0:
            back[age] -= event["amount"]
            refunds[age] += 1
    ages = sorted(purchases)
    gaps = [older - newer for newer, older in pairwise(ages)]  # newest first

    def add(counter: Counter, low: float, high: float) -> float:
        return sum(value for age, value in counter.items() if low < age <= high)

    def days(low: float, high: float) -> int:
        return sum(low < age <= high for age in ages)

    made = {
        "recency_days": ages[0],
        "tenure_days": ages[-1],
        "last_spend": spend[ages[0]],
        "largest_spend": max(spend[age] for age in ages),
        "spend_sd": spread([spend[age] for age in ages]),
        "gap_mean_days": divided(sum(gaps), len(gaps)),
        "gap_sd_days": spread(gaps),
        "gap_max_days": max(gaps, default=math.nan),
        "gap_last_days": gaps[0] if gaps else math.nan,
        "recency_over_gap": divided(ages[0] * len(gaps), sum(gaps)),
        "spend_share_90d": divided(add(spend, 0, 90), sum(spend.values())),
        "purchase_days_per_30d": 30 * len(ages) / ages[-1],
    }
    for name, width in {"7d": 7, "28d": 28, "90d": 90, "365d": 365, "all": math.inf}.items():
        made[f"purchase_days_{name}"] = days(0, width)
        made[f"spend_{name}"] = add(spend, 0, width)
        made[f"purchases_{name}"] = add(purchases, 0, width)
        made[f"mean_spend_{name}"] = divided(add(spend, 0, width), days(0, width))
        made[f"refunds_{name}"] = add(refunds, 0, width)
        made[f"refunded_{name}"] = add(back, 0, width)
        made[f"refunded_share_{name}"] = divided(add(back, 0, width), add(spend, 0, width))
    for name, width in {"28d": 28, "90d": 90}.items():
        made[f"purchase_days_trend_{name}"] = days(0, width) - days(width, 2 * width)
        made[f"spend_trend_{name}"] = add(spend, 0, width) - add(spend, width, 2 * width)
    return made


def weekend_oracle(paid: list[tuple[int, dict]]) -> float:
    days = {event["occurred_at"].date() for _, event in paid if event["amount"] > 0}
    return sum(day.isoweekday() > 5 for day in days) / len(days)


def interactions_oracle(done: list[tuple[int, dict]]) -> dict[str, float]:
    ages = {age for age, _ in done}
    made = {"inactive_days": min(ages, default=math.nan)}
    met: dict[str, list[int]] = defaultdict(list)
    kinds: dict[str, list[int]] = defaultdict(list)
    for age, event in done:
        if event["item_id"] is not None:
            met[event["item_id"]].append(age)
            if CATEGORY[event["item_id"]] is not None:
                kinds[CATEGORY[event["item_id"]]].append(age)
    for name, width in {"28d": 28, "90d": 90, "365d": 365, "all": math.inf}.items():
        made[f"active_days_{name}"] = sum(age <= width for age in ages)
        made[f"interactions_{name}"] = sum(age <= width for age, _ in done)
        made[f"quantity_{name}"] = sum(e["quantity"] for age, e in done if age <= width)
        made[f"items_{name}"] = sum(min(times) <= width for times in met.values())
        made[f"categories_{name}"] = sum(min(times) <= width for times in kinds.values())
    made["mean_quantity_all"] = divided(made["quantity_all"], made["interactions_all"])
    made["active_days_trend_28d"] = sum(a <= 28 for a in ages) - sum(28 < a <= 56 for a in ages)
    made["new_items_90d"] = sum(max(times) <= 90 for times in met.values())
    made["new_items_share_90d"] = divided(made["new_items_90d"], made["items_90d"])
    for name, things in {"item": met, "category": kinds}.items():
        counts = [len(times) for times in things.values()]
        made[f"top_{name}_share_all"] = divided(max(counts, default=0), sum(counts))
    return made


def oracle(transactions, interactions, cutoff) -> dict[str, dict[str, float]]:
    """Features of every eligible customer at one cutoff."""
    made = {}
    for customer in sorted({event["customer_id"] for event in transactions}):
        paid = known(transactions, customer, cutoff)
        if any(event["amount"] > 0 and age <= ACTIVE_DAYS for age, event in paid):
            made[customer] = {
                **payments_oracle(paid),
                "weekend_share_all": weekend_oracle(paid),
                **interactions_oracle(known(interactions, customer, cutoff)),
            }
    return made


@pytest.fixture(scope="module")
def world() -> tuple[list[dict], list[dict]]:
    return random_events(seed=7)


@pytest.fixture
def full_store(make_store, world):
    transactions, interactions = world
    items = [{"item_id": item, "category": category} for item, category in CATEGORY.items()]
    return make_store(transactions=transactions, interactions=interactions, items=items)


def test_an_oracle_in_plain_python_agrees_on_every_feature(con, full_store, world) -> None:
    frame, infos = feature_frame(
        con, full_store, CUTOFFS, active_days=ACTIVE_DAYS, rows_per_pass=10**6
    )
    assert [info.name for info in infos] == [feature.info.name for feature in CATALOGUE]
    expected = {
        (np.datetime64(cutoff.replace(tzinfo=None), "us"), customer): features
        for cutoff in CUTOFFS
        for customer, features in oracle(*world, cutoff).items()
    }
    assert list(zip(frame.cutoff, frame.customer_id, strict=True)) == list(expected)
    assert len(expected) > 100
    for info in infos:
        wanted = [features[info.name] for features in expected.values()]
        np.testing.assert_allclose(
            frame.columns[info.name], wanted, rtol=1e-12, atol=1e-12, err_msg=info.name
        )


def test_the_test_world_gives_every_feature_several_values(con, full_store) -> None:
    frame, infos = feature_frame(
        con, full_store, CUTOFFS, active_days=ACTIVE_DAYS, rows_per_pass=10**6
    )
    constant = [info.name for info in infos if len(np.unique(frame.columns[info.name])) < 2]
    assert constant == []


def test_features_of_interactions_are_left_out_without_interactions(con, make_store, world) -> None:
    store = make_store(transactions=world[0])
    _, infos = feature_frame(con, store, CUTOFFS, active_days=ACTIVE_DAYS, rows_per_pass=10**6)
    assert [info.name for info in infos] == [feature.info.name for feature in PAYMENTS]


@pytest.mark.parametrize(
    ("missing", "gone"),
    [
        ("quantity", {"quantity_90d", "quantity_all", "mean_quantity_all"}),
        ("category", {"categories_90d", "categories_365d", "top_category_share_all"}),
        ("item_id", {"items_28d", "new_items_90d", "top_item_share_all", "categories_90d"}),
    ],
)
def test_features_of_a_missing_column_are_left_out(con, make_store, world, missing, gone) -> None:
    def without(rows):
        return [{key: value for key, value in row.items() if key != missing} for row in rows]

    items = [{"item_id": item, "category": category} for item, category in CATEGORY.items()]
    store = make_store(
        transactions=world[0],
        interactions=without(world[1]),
        items=items if missing == "item_id" else without(items),
    )
    _, infos = feature_frame(con, store, CUTOFFS, active_days=ACTIVE_DAYS, rows_per_pass=10**6)
    names = {info.name for info in infos}
    assert not gone & names
    assert {"recency_days", "active_days_90d"} <= names


def test_static_attributes_are_features_of_their_customer(con, make_store) -> None:
    day = CUTOFFS[0] - timedelta(days=3)
    store = make_store(
        transactions=[{"customer_id": c, "occurred_at": day, "amount": 1.0} for c in "abc"],
        customers=[
            {"customer_id": "b", "country": "DE", "age": 31, "joined": day},
            {"customer_id": "a", "country": None, "age": None, "joined": day},
        ],
    )
    frame, infos = feature_frame(
        con,
        store,
        CUTOFFS[:1],
        active_days=30,
        rows_per_pass=10**6,
        attributes=["country", "age", "joined"],
    )
    assert [(info.name, info.kind) for info in infos[-2:]] == [
        ("country", "category"),
        ("age", "number"),
    ]
    assert frame.customer_id.tolist() == ["a", "b", "c"]
    assert frame.columns["country"].tolist() == [None, "DE", None]
    np.testing.assert_array_equal(frame.columns["age"], [np.nan, 31, np.nan])
    assert "joined" not in frame.columns  # a time only numbers the customers


def test_an_attribute_that_cannot_be_a_feature_is_refused(con, make_store) -> None:
    store = make_store(customers=[{"customer_id": "a", "recency_days": 3, "plan": "x"}])
    customers = con.read_parquet(store.files("customers")[0])
    with pytest.raises(ContractError, match="recency_days") as refused:
        attribute_infos(customers, ["recency_days"])
    assert refused.value.code == "C-204"
    with pytest.raises(ContractError, match="did you mean 'plan'"):
        attribute_infos(customers, ["plans"])


def test_the_catalogue_says_every_feature_in_words() -> None:
    names = [feature.info.name for feature in CATALOGUE]
    assert len(set(names)) == len(names) >= 34
    for feature in CATALOGUE:
        info = feature.info
        fields = {name for _, name, _, _ in string.Formatter().parse(info.phrase) if name}
        assert fields == {"v", "usual"} | ({"currency"} if info.unit == "money" else set())
        assert info.description.endswith(".")
        assert info.unit
        assert info.fact
        days = info.window_days
        if info.name.endswith("d") and days is not None:
            assert days in (int(info.name.rsplit("_", 1)[1][:-1]) * n for n in (1, 2)), info.name


def test_every_window_in_a_name_is_the_window_of_the_info() -> None:
    wrong = [
        feature.info.name
        for feature in CATALOGUE
        if feature.info.name.endswith("_all") and feature.info.window_days is not None
    ]
    assert wrong == []
