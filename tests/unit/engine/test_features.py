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

from cip.contract.config import LabelRule
from cip.engine.features import CATALOGUE, attribute_infos
from cip.engine.features_payments import PAYMENTS
from cip.engine.snapshot import feature_frame
from cip.errors import ContractError
from cip.models.explain import sentence

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

START = datetime(2022, 1, 1, tzinfo=UTC)
CUTOFFS = [START + timedelta(days=days) for days in (200, 430, 700)]
ACTIVE_DAYS = 180
DAYS_40 = timedelta(days=40)
CATEGORY = {"tea": "drinks", "milk": "drinks", "bread": "food", "soap": None}


LAST = {
    "play": "play",
    "rate": "rating",
    "search": "search",
    "click": "click",
    "payment_failed": "failed_payment",
}
KINDS = ["play", "play", "play", "rate", "search", "impression", "click", "payment_failed"]


def random_events(seed: int) -> tuple[list[dict], list[dict], list[dict]]:
    """About 70 customers over two years, some of whose rows became known late.

    Payments, interactions and subscriptions.
    """
    rng = np.random.default_rng(seed)

    def instant() -> dict:
        occurred = START + timedelta(days=int(rng.integers(0, 720)))
        # ends of days are where engines go wrong
        occurred += timedelta(microseconds=int(rng.choice([0, 1, 43_200_000_000, 86_399_999_999])))
        late = timedelta(days=float(rng.choice([0, 0, 0, 20.5, 100])))
        return {"occurred_at": occurred, "known_at": occurred + late}

    transactions, interactions, subscriptions = [], [], []
    for number in range(70):
        customer = f"c{number}"
        for _ in range(int(rng.integers(1, 25))):
            amount = float(rng.choice([-8.25, -0.5, 0, 0.25, 1, 2.75, 19.5, 100]))
            transactions.append({"customer_id": customer, **instant(), "amount": amount})
        for _ in range(int(rng.choice([0, 3, 60]))):
            item = str(rng.choice([*CATEGORY, ""])) or None
            quantity = float(rng.choice([-1, 1, 2]))
            value = [None, 0.0, 2.5, 4.0, 90.25][int(rng.integers(0, 5))]
            row = {"customer_id": customer, **instant(), "kind": str(rng.choice(KINDS))}
            words = {
                "sentiment": [None, None, 0.0, 0.25, 0.5, 1.0][int(rng.integers(0, 6))],
                "device": [None, "phone", "phone", "desktop", "tv"][int(rng.integers(0, 5))],
            }
            interactions.append(
                {**row, "item_id": item, "quantity": quantity, "value": value, **words}
            )
        spells = int(rng.choice([0, 1, 1, 3]))
        for n in range(spells):
            when = instant()
            # one spell at a time: which of two running ones speaks is for a test of its own
            began = START + timedelta(days=200 * n) + (when["occurred_at"] - START) % DAYS_40
            days = [None, 0.5, 30, 150, 159][int(rng.integers(0, 5))]
            days = 30 if days is None and n < spells - 1 else days
            ended = None if days is None else began + timedelta(days=days)
            subscriptions.append(
                {
                    "customer_id": customer,
                    "started_at": began,
                    "known_at": began + (when["known_at"] - when["occurred_at"]),
                    "ended_at": ended,
                    "plan": ["basic", "full", None][int(rng.integers(0, 3))],
                    "price": [7.99, 12.99, None][int(rng.integers(0, 3))],
                }
            )
    return transactions, interactions, subscriptions


def known(
    events: list[dict], customer: str, cutoff: datetime, time: str = "occurred_at"
) -> list[tuple[int, dict]]:
    """(age in days of the event's day, event) of what happened and was known before the cutoff."""
    return [
        ((cutoff.date() - event[time].date()).days, event)
        for event in events
        if event["customer_id"] == customer and event[time] < cutoff and event["known_at"] < cutoff
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


def mean(values: list[float]) -> float:
    return divided(sum(values), len(values))


def kinds_oracle(done: list[tuple[int, dict]]) -> dict[str, float]:
    by_kind: dict[str, list[tuple[int, dict]]] = defaultdict(list)
    for age, event in done:
        by_kind[event["kind"]].append((age, event))

    def number(kind: str, width: float) -> int:
        return sum(age <= width for age, _ in by_kind[kind])

    def values(kind: str, low: float, high: float) -> list[float]:
        told = [(age, event["value"]) for age, event in by_kind[kind]]
        return [value for age, value in told if low < age <= high and value is not None]

    plays = by_kind["play"]
    rated = [(age, event) for age, event in by_kind["rate"] if event["value"] is not None]
    newest = [e for age, e in rated if age == min(age for age, _ in rated)]
    told = max((e["known_at"].date() for e in newest), default=None)
    genres = Counter(CATEGORY.get(event["item_id"]) for _, event in plays)
    genres.pop(None, None)
    days = [event["occurred_at"].isoweekday() for _, event in plays]
    shown = number("impression", 90) + number("click", 90)
    return {
        **{f"plays_{w}d": number("play", w) for w in (7, 28, 90, 365)},
        "plays_all": len(plays),
        **{f"ratings_{w}d": number("rate", w) for w in (90, 365)},
        "ratings_all": len(by_kind["rate"]),
        **{f"searches_{w}d": number("search", w) for w in (7, 28, 90, 365)},
        "searches_all": len(by_kind["search"]),
        **{f"impressions_{w}d": number("impression", w) for w in (28, 90)},
        "impressions_all": len(by_kind["impression"]),
        **{f"clicks_{w}d": number("click", w) for w in (28, 90)},
        "clicks_all": len(by_kind["click"]),
        "click_share_90d": divided(number("click", 90), shown),
        "click_share_all": divided(
            len(by_kind["click"]), len(by_kind["click"]) + len(by_kind["impression"])
        ),
        **{f"failed_payments_{w}d": number("payment_failed", w) for w in (28, 90, 365)},
        "failed_payments_all": len(by_kind["payment_failed"]),
        **{
            f"last_{name}_days": min((age for age, _ in by_kind[kind]), default=math.nan)
            for kind, name in LAST.items()
        },
        "plays_trend_28d": 2 * number("play", 28) - number("play", 56),
        "searches_trend_28d": 2 * number("search", 28) - number("search", 56),
        "searches_a_play_90d": divided(number("search", 90), number("play", 90)),
        **{f"minutes_{w}d": sum(values("play", 0, w)) for w in (7, 28, 90, 365)},
        "minutes_all": sum(values("play", 0, math.inf)),
        "mean_stars_90d": mean(values("rate", 0, 90)),
        "mean_minutes_90d": mean(values("play", 0, 90)),
        "minutes_trend_28d": sum(values("play", 0, 28)) - sum(values("play", 28, 56)),
        "played_items_90d": len({e["item_id"] for age, e in plays if age <= 90} - {None}),
        "top_played_category_share_all": divided(max(genres.values(), default=0), genres.total()),
        "weekend_plays_share_all": mean([day > 5 for day in days]),
        "mean_stars_all": mean(values("rate", 0, math.inf)),
        "last_stars": mean([e["value"] for e in newest if e["known_at"].date() == told]),
    }


def spells_oracle(begun: list[tuple[int, dict]], cutoff: datetime) -> dict[str, float | str | None]:
    running = [
        (age, spell)
        for age, spell in begun
        if spell["ended_at"] is None or spell["ended_at"] >= cutoff
    ]
    age, spell = running[0] if running else (math.nan, {"price": None, "plan": None})
    assert len(running) < 2
    in_time = [spell for _, spell in sorted(begun, key=lambda pair: -pair[0])]
    plans = [spell["plan"] for spell in in_time if spell["plan"]]
    prices = [spell["price"] for spell in in_time if spell["price"]]
    return {
        "plans_all": len(set(plans)),
        "plan_changes_all": sum(old != new for old, new in pairwise(plans)),
        "price_change": prices[-1] - prices[-2] if len(prices) > 1 else math.nan,
        "first_spell_months": max((age for age, _ in begun), default=math.nan) / (365.25 / 12),
        "ended_spells_all": len(begun) - len(running),
        "current_price": math.nan if spell["price"] is None else spell["price"],
        "current_plan": spell["plan"],
        "spell_months": age / (365.25 / 12),
        "spells_all": len(begun),
    }


def opinions_oracle(done: list[tuple[int, dict]]) -> dict[str, float]:
    told = [(age, event) for age, event in done if event["sentiment"] is not None]
    newest = [e for age, e in told if age == min(age for age, _ in told)]
    known = max((e["known_at"].date() for e in newest), default=None)
    made = {
        "last_opinion_days": min((age for age, _ in told), default=math.nan),
        "last_sentiment": mean([e["sentiment"] for e in newest if e["known_at"].date() == known]),
        "negative_share_all": mean([event["sentiment"] < 0.5 for _, event in told]),
    }
    for name, width in {"90d": 90, "365d": 365, "all": math.inf}.items():
        inside = [event["sentiment"] for age, event in told if age <= width]
        made |= {f"opinions_{name}": len(inside), f"mean_sentiment_{name}": mean(inside)}
    made["sentiment_change"] = made["last_sentiment"] - made["mean_sentiment_all"]
    return made


def devices_oracle(done: list[tuple[int, dict]]) -> dict[str, float | str | None]:
    used = [(age, event["device"]) for age, event in done if event["device"] is not None]
    counts = Counter(device for _, device in used)
    most = max(counts.values(), default=0)
    made: dict[str, float | str | None] = {
        "top_device_share_all": divided(most, counts.total()),
        "main_device": min((name for name, n in counts.items() if n == most), default=None),
    }
    for name, width in {"28d": 28, "90d": 90, "all": math.inf}.items():
        made[f"devices_{name}"] = len({device for age, device in used if age <= width})
    return made


def interactions_oracle(done: list[tuple[int, dict]]) -> dict[str, float]:
    done = [(age, e) for age, e in done if e["kind"] not in ("impression", "payment_failed")]
    ages = {age for age, _ in done}
    gaps = [older - newer for newer, older in pairwise(sorted(ages))]  # newest first
    made = {
        "inactive_days": min(ages, default=math.nan),
        "first_active_days": max(ages, default=math.nan),
        "active_gap_mean_days": mean(gaps),
        "active_gap_sd_days": spread(gaps),
        "active_gap_max_days": max(gaps, default=math.nan),
        "active_gap_last_days": gaps[0] if gaps else math.nan,
        **devices_oracle(done),
    }
    made["inactive_over_gap"] = made["inactive_days"] / made["active_gap_mean_days"]
    met: dict[str, list[int]] = defaultdict(list)
    kinds: dict[str, list[int]] = defaultdict(list)
    for age, event in done:
        if event["item_id"] is not None:
            met[event["item_id"]].append(age)
            if CATEGORY[event["item_id"]] is not None:
                kinds[CATEGORY[event["item_id"]]].append(age)
    for name, width in {"7d": 7, "28d": 28, "90d": 90, "365d": 365, "all": math.inf}.items():
        made[f"active_days_{name}"] = sum(age <= width for age in ages)
        made[f"interactions_{name}"] = sum(age <= width for age, _ in done)
        made[f"quantity_{name}"] = sum(e["quantity"] for age, e in done if age <= width)
        made[f"items_{name}"] = sum(min(times) <= width for times in met.values())
        made[f"categories_{name}"] = sum(min(times) <= width for times in kinds.values())
    made["mean_quantity_all"] = divided(made["quantity_all"], made["interactions_all"])
    for width in (28, 90):
        before = sum(width < age <= 2 * width for age in ages)
        made[f"active_days_trend_{width}d"] = made[f"active_days_{width}d"] - before
    made["recent_active_share_90d"] = divided(made["active_days_28d"], made["active_days_90d"])
    made["interactions_a_day_90d"] = divided(made["interactions_90d"], made["active_days_90d"])
    shares = [len(times) / sum(map(len, kinds.values())) for times in kinds.values()]
    made["effective_categories_all"] = (
        math.exp(-sum(share * math.log(share) for share in shares)) if shares else math.nan
    )
    made["new_items_90d"] = sum(max(times) <= 90 for times in met.values())
    made["new_items_share_90d"] = divided(made["new_items_90d"], made["items_90d"])
    for name, things in {"item": met, "category": kinds}.items():
        counts = [len(times) for times in things.values()]
        made[f"top_{name}_share_all"] = divided(max(counts, default=0), sum(counts))
    return made


def oracle(transactions, interactions, subscriptions, cutoff) -> dict[str, dict[str, float]]:
    """Features of every eligible customer at one cutoff."""
    made = {}
    for customer in sorted({event["customer_id"] for event in transactions}):
        paid = known(transactions, customer, cutoff)
        if any(event["amount"] > 0 and age <= ACTIVE_DAYS for age, event in paid):
            done = known(interactions, customer, cutoff)
            found = {
                **payments_oracle(paid),
                "weekend_share_all": weekend_oracle(paid),
                **interactions_oracle(done),
                **kinds_oracle(done),
                **opinions_oracle(done),
                **spells_oracle(known(subscriptions, customer, cutoff, "started_at"), cutoff),
            }
            failed = found["failed_payments_365d"]
            found["failed_payments_share_365d"] = divided(failed, failed + found["purchases_365d"])
            found["minutes_a_day_28d"] = divided(found["minutes_28d"], found["active_days_28d"])
            made[customer] = found
    return made


@pytest.fixture(scope="module")
def world() -> tuple[list[dict], list[dict], list[dict]]:
    return random_events(seed=7)


@pytest.fixture
def full_store(make_store, world):
    transactions, interactions, subscriptions = world
    return make_store(
        transactions=transactions,
        interactions=interactions,
        subscriptions=subscriptions,
        items=[{"item_id": item, "category": category} for item, category in CATEGORY.items()],
    )


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
        if info.kind == "category":
            assert frame.columns[info.name].tolist() == wanted
            continue
        # the engine settles spreads to a millionth
        close = 1e-6 if info.name == "effective_categories_all" else 1e-12
        np.testing.assert_allclose(
            frame.columns[info.name], wanted, rtol=1e-12, atol=close, err_msg=info.name
        )


def test_the_test_world_gives_every_feature_several_values(con, full_store) -> None:
    frame, infos = feature_frame(
        con, full_store, CUTOFFS, active_days=ACTIVE_DAYS, rows_per_pass=10**6
    )
    constant = [info.name for info in infos if len(set(frame.columns[info.name].tolist())) < 2]
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
        ("item_id", {"items_28d", "new_items_90d", "played_items_90d", "categories_90d"}),
        ("value", {"minutes_28d", "mean_minutes_90d", "mean_stars_all", "last_stars"}),
        ("price", {"current_price", "price_change"}),
        ("plan", {"current_plan", "plans_all", "plan_changes_all"}),
        ("sentiment", {"opinions_all", "last_sentiment", "sentiment_change"}),
        ("device", {"devices_all", "top_device_share_all", "main_device"}),
    ],
)
def test_features_of_a_missing_column_are_left_out(con, make_store, world, missing, gone) -> None:
    def without(rows):
        return [{key: value for key, value in row.items() if key != missing} for row in rows]

    items = [{"item_id": item, "category": category} for item, category in CATEGORY.items()]
    store = make_store(
        transactions=world[0],
        interactions=without(world[1]),
        subscriptions=without(world[2]),
        items=items if missing == "item_id" else without(items),
    )
    _, infos = feature_frame(con, store, CUTOFFS, active_days=ACTIVE_DAYS, rows_per_pass=10**6)
    names = {info.name for info in infos}
    assert not gone & names
    assert {"recency_days", "active_days_90d"} <= names


def test_features_of_a_kind_that_never_occurs_are_left_out(con, make_store, world) -> None:
    plays = [row for row in world[1] if row["kind"] in ("play", "search")]
    store = make_store(interactions=plays)
    rule = LabelRule(kind="inactivity", active_kinds=("play",))
    _, infos = feature_frame(
        con, store, CUTOFFS, active_days=ACTIVE_DAYS, rows_per_pass=10**6, rule=rule
    )
    names = {info.name for info in infos}
    assert {"plays_28d", "minutes_90d", "searches_28d", "active_days_28d"} <= names
    assert not {"ratings_all", "last_stars", "clicks_90d", "click_share_90d"} & names
    assert not {"recency_days", "spells_all"} & names


def test_what_was_shown_to_a_customer_is_no_act_of_the_customer(con, make_store) -> None:
    day = CUTOFFS[0] - timedelta(days=3)
    act = {"customer_id": "a", "occurred_at": day, "item_id": "tea"}
    store = make_store(
        interactions=[
            {**act, "kind": "play"},
            {**act, "kind": "impression", "occurred_at": day + timedelta(days=1)},
        ]
    )
    rule = LabelRule(kind="inactivity", active_kinds=("play",))
    frame, _ = feature_frame(
        con, store, CUTOFFS[:1], active_days=30, rows_per_pass=10**6, rule=rule
    )
    assert frame.columns["inactive_days"].tolist() == [3.0]
    assert frame.columns["interactions_all"].tolist() == [1.0]
    assert frame.columns["impressions_90d"].tolist() == [1.0]


def test_of_two_spells_that_run_the_one_begun_last_speaks(con, make_store) -> None:
    now = CUTOFFS[0]
    spell = {"customer_id": "a", "started_at": now - timedelta(days=400), "ended_at": None}
    store = make_store(
        subscriptions=[
            {**spell, "plan": "basic", "price": 5.0},
            {**spell, "started_at": now - timedelta(days=60), "plan": "full", "price": 9.0},
            {**spell, "started_at": now - timedelta(days=30), "ended_at": now - timedelta(days=1)},
        ]
    )
    rule = LabelRule(kind="cancellation")
    frame, _ = feature_frame(con, store, [now], active_days=1, rows_per_pass=10**6, rule=rule)
    assert frame.columns["current_plan"].tolist() == ["full"]
    assert frame.columns["current_price"].tolist() == [9.0]
    assert frame.columns["spells_all"].tolist() == [3.0]
    np.testing.assert_allclose(frame.columns["spell_months"], [60 / (365.25 / 12)])


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


def test_an_attribute_s_name_fills_no_field_and_its_fact_is_its_own(con, make_store) -> None:
    store = make_store(customers=[{"customer_id": "a", "{v}": 3, "a_b": 1, "a b": 2, "plays": 4}])
    customers = con.read_parquet(store.files("customers")[0])
    infos = attribute_infos(customers, ["{v}", "a_b", "a b", "plays"])
    assert sentence(infos[0], 3.0, 5.0) == "(v) is 3 (typical 5)"
    assert [info.fact for info in infos] == ["(v)", "a b", "given a b", "given plays"]
    with pytest.raises(ContractError, match="Recency_Days"):
        attribute_infos(customers, ["Recency_Days"])


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
