"""Features that people define: counted right, and refused in words where they cannot be."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from cip.contract.features import FeatureRule
from cip.engine.declared import declared
from cip.engine.feature import DailyRows, Feature, OwnRows, total, within
from cip.engine.snapshot import feature_frame
from cip.errors import ContractError
from cip.types import FeatureInfo

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

CUTOFF = datetime(2024, 3, 1, tzinfo=UTC)
CATEGORY = {"tea": "drinks", "milk": "drinks", "soap": "home", "?": None}
ITEMS = [{"item_id": item, "category": category} for item, category in CATEGORY.items()]
KINDS = ["play", "rate", "search", "impression", "payment_failed"]
TIME = {"transactions": "occurred_at", "interactions": "occurred_at", "subscriptions": "started_at"}


def random_rows(seed: int) -> dict[str, list[dict[str, Any]]]:
    """Thirty customers, about a fifth of whose rows became known only after the cutoff."""
    rng = np.random.default_rng(seed)

    def pick(values: list[Any]) -> Any:
        return values[int(rng.integers(0, len(values)))]

    def when(time: str) -> dict[str, Any]:
        occurred = CUTOFF + timedelta(days=int(rng.integers(-200, 9)), hours=int(pick([0, 23])))
        return {time: occurred, "known_at": occurred + timedelta(days=pick([0, 0, 0, 60]))}

    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TIME}
    for number in range(30):
        who = {"customer_id": f"c{number}"}
        bought = {"occurred_at": CUTOFF - timedelta(days=99), "amount": 1.5}
        rows["transactions"].append({**who, **bought, "known_at": bought["occurred_at"]})
        for _ in range(int(rng.integers(0, 9))):
            paid = {**who, **when("occurred_at"), "amount": pick([-2.0, 0.0, 3.5, 9.25])}
            rows["transactions"].append(paid)
        for _ in range(int(pick([0, 2, 20]))):
            rows["interactions"].append(
                {
                    **who,
                    **when("occurred_at"),
                    "kind": pick(KINDS),
                    "item_id": pick([*CATEGORY, None]),
                    "value": pick([None, 0.5, 12.25, -3.0]),
                    "quantity": pick([1.0, 2.0]),
                    "sentiment": pick([None, 0.25, 1.0]),
                    "device": pick([None, "phone", "tv"]),
                }
            )
        for _ in range(int(pick([0, 1, 4]))):
            spell = {"ended_at": None, "plan": pick(["a", "b", None]), "price": pick([5.0, None])}
            rows["subscriptions"].append({**who, **when("started_at"), **spell})
    return rows


def oracle(rule: FeatureRule, rows: list[dict[str, Any]]) -> float:
    """The feature of one customer, in plain Python."""
    time = TIME[str(rule.table)]
    passive = ("impression", "payment_failed")
    seen = []
    for row in rows:
        age = (CUTOFF.date() - row[time].date()).days
        kind = row.get("kind")
        wanted = kind in rule.kinds if rule.kinds else kind not in passive
        known = row[time] < CUTOFF and row["known_at"] < CUTOFF
        if known and wanted and age <= (rule.window_days or math.inf):
            seen.append((age, row))
    ages = [age for age, _ in seen]
    if rule.of in ("count", "days", "days_since_last"):
        last = min(ages, default=math.nan)
        return {"count": len(ages), "days": len(set(ages)), "days_since_last": last}[rule.of]
    if rule.column == "category":
        values = [CATEGORY.get(row["item_id"]) for _, row in seen]
    else:
        values = [row[rule.column] for _, row in seen]
    told = [value for value in values if value is not None]
    if rule.of in ("sum", "distinct"):
        return sum(told) if rule.of == "sum" else len(set(told))
    if not told:
        return math.nan
    if rule.of == "share":
        return max(Counter(told).values()) / len(told)
    return {"mean": sum(told) / len(told), "max": max(told), "min": min(told)}[str(rule.of)]


def every_rule() -> dict[str, FeatureRule]:
    """Every `of` of every column it can have, over all time and in a window."""
    numbers = {
        "transactions": ["amount"],
        "interactions": ["value", "quantity", "sentiment"],
        "subscriptions": ["price"],
    }
    texts = {"interactions": ["item_id", "category", "device"], "subscriptions": ["plan"]}
    made: list[dict[str, Any]] = [
        {"table": table, "of": of} for table in TIME for of in ("count", "days", "days_since_last")
    ]
    made += [
        {"table": table, "of": of, "column": column}
        for table, columns in numbers.items()
        for column in columns
        for of in ("sum", "mean", "max", "min")
    ]
    made += [
        {"table": table, "of": of, "column": column}
        for table, columns in texts.items()
        for column in columns
        for of in ("distinct", "share")
    ]
    lately = [rule | {"window_days": 30} for rule in made if rule["of"] != "days_since_last"]
    some = [rule | {"kinds": ["play", "impression"]} for rule in lately if len(rule) > 3][:40]
    some = [rule for rule in some if rule["table"] == "interactions"]
    return {
        f"own_{n}": FeatureRule.model_validate(rule)
        for n, rule in enumerate([*made, *lately, *some])
    }


def frame_of(con, store, extra, **more):
    return feature_frame(
        con, store, [CUTOFF], active_days=180, rows_per_pass=10**6, extra=extra, **more
    )


def test_an_oracle_in_plain_python_agrees_on_every_declared_feature(con, make_store) -> None:
    rows, rules = random_rows(seed=2), every_rule()
    assert len(rules) > 70
    store = make_store(**rows, items=ITEMS)
    frame, infos = frame_of(con, store, [declared(name, rule) for name, rule in rules.items()])
    assert len(frame) == 30
    assert [info.name for info in infos][-len(rules) :] == list(rules)
    for name, rule in rules.items():
        of_table = rows[str(rule.table)]
        wanted = [
            oracle(rule, [row for row in of_table if row["customer_id"] == who])
            for who in frame.customer_id
        ]
        np.testing.assert_allclose(
            frame.columns[name], wanted, rtol=1e-6, atol=1e-6, err_msg=f"{name}: {rule!r}"
        )
        assert len(set(wanted)) > 1, rule


def own(value, stage: Any = "activity", kind: Any = "number", name: str = "mine") -> Feature:
    return Feature(FeatureInfo(name, kind, "", "", "", ""), stage, value, origin="features.py")


@pytest.fixture
def store(make_store):
    return make_store(**random_rows(seed=2), items=ITEMS)


def test_a_ratio_combines_a_feature_of_the_catalogue_with_one_s_own(con, store) -> None:
    late = declared(
        "plays_7d_own",
        FeatureRule(table="interactions", of="count", kinds=("play",), window_days=7),
    )
    share = declared("late_share", FeatureRule(ratio=("plays_7d_own", "plays_all")))
    columns = frame_of(con, store, [late, share])[0].columns
    np.testing.assert_array_equal(columns["plays_7d_own"], columns["plays_7d"])
    with np.errstate(invalid="ignore"):
        wanted = columns["plays_7d"] / columns["plays_all"]
    np.testing.assert_allclose(columns["late_share"], wanted)


def test_an_expression_of_a_person_s_own_is_a_feature(con, store) -> None:
    phones = own(
        lambda rows: total(rows.rows, within(rows, 90) & (rows.thing == "phone")),
        DailyRows("interactions", thing="device"),
    )
    plan = own(lambda rows: rows.plan.max(), "spells", "category", "greatest_plan")
    frame, _ = frame_of(con, store, [phones, plan])
    assert np.nansum(frame.columns["mine"]) > 3
    assert set(frame.columns["greatest_plan"].tolist()) == {"a", "b", None}


@pytest.mark.parametrize(
    ("feature", "code", "words"),
    [
        (own(lambda rows: rows.age.max(), name="recency_days"), "C-220", "of the catalogue"),
        (own(lambda rows: rows.age.max(), name="p_churn"), "C-220", "a column of the results"),
        (own(lambda rows: rows.age.max(), name="country"), "C-220", "an attribute"),
        (own(lambda rows: rows.age.max(), "payments"), "C-221", "reads transactions"),
        (own(lambda rows: rows.age.max(), "devices"), "C-221", "columns.device"),
        (
            own(lambda rows: rows.rows.sum(), DailyRows("interactions", "sentiment")),
            "C-221",
            "reads interactions.sentiment",
        ),
        (
            declared("x", FeatureRule(table="interactions", of="count", kinds=("plai",))),
            "C-221",
            "cip.toml: the feature x: no interaction is of kind 'plai'.*did you mean 'play'",
        ),
        (
            own(lambda rows: rows.highest.max(), DailyRows("subscriptions", number="ended_at")),
            "C-221",
            "may not read .*ended_at.*numbers are price; things are plan",
        ),
        (
            own(lambda rows: rows.age.max(), OwnRows(lambda _, pairs: pairs.mutate(age=1))),
            "C-221",
            "may not read",
        ),
        (own(lambda rows: rows.minute.sum()), "C-222", "features.py: the feature mine.*minute"),
        (own(lambda rows: rows.age), "C-222", "does not add up"),
        (own(len), "C-222", "count"),
        (own(lambda rows: rows.age.max() > 3 and 3), "C-222", "truth"),
        (own(lambda rows: rows.filter(rows.age < 9).age.max()), "C-222", "and no others"),
        (own(lambda rows: rows.customer_id.max()), "C-222", "a number is wanted"),
        (own(lambda done: done.plays_all / done.spend_all, "ratios"), "C-222", "spend_all"),
        (own(lambda done: done.plays_all.sum(), "ratios"), "C-222", "for every row"),
        (
            declared("x", FeatureRule(ratio=("plays_all", "nothing"))),
            "C-222",
            "the feature x: .*nothing",
        ),
    ],
)
def test_what_cannot_be_a_feature_is_refused_in_words(
    con, make_store, feature: Feature, code: str, words: str
) -> None:
    from cip.contract.config import LabelRule

    day = CUTOFF - timedelta(days=3)
    store = make_store(
        interactions=[{"customer_id": "a", "occurred_at": day, "kind": "play", "item_id": "tea"}],
        customers=[{"customer_id": "a", "country": "DE"}],
    )
    with pytest.raises(ContractError, match=words) as refused:
        frame_of(
            con,
            store,
            [feature],
            attributes=["country"],
            rule=LabelRule(kind="inactivity", active_kinds=("play",)),
        )
    assert refused.value.code == code


def test_two_features_of_one_name_are_refused(con, store) -> None:
    one = own(lambda rows: rows.age.max())
    with pytest.raises(ContractError, match="another feature of yours"):
        frame_of(con, store, [one, one])


def test_the_rows_of_a_spell_do_not_say_when_it_will_end(con, make_store) -> None:
    begun = {"customer_id": "a", "started_at": CUTOFF - timedelta(days=50), "plan": "x"}
    paid = {"customer_id": "a", "occurred_at": CUTOFF - timedelta(days=9), "amount": 1.0}
    store = make_store(
        transactions=[paid],
        subscriptions=[{**begun, "ended_at": CUTOFF + timedelta(days=3)}],
    )
    end = own(lambda rows: rows.ended_day.max(), "spells")
    assert np.isnan(frame_of(con, store, [end])[0].columns["mine"]).all()
