"""What use cases could learn from is counted as a run would count it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import ibis
import pyarrow as pa
import pytest

from cip.contract.config import LabelRule
from cip.engine.connect import materialise
from cip.engine.readiness import Leavers, Met, arms, leavers, met_items
from cip.engine.staging import stage_tables

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

CUTOFF = datetime(2024, 3, 1, tzinfo=UTC)


def day(offset: int) -> datetime:
    return CUTOFF + timedelta(days=offset)


def bought(who: str, *offsets: int) -> list[dict[str, object]]:
    return [{"customer_id": who, "occurred_at": day(n), "amount": 5.0} for n in offsets]


def test_leavers_are_those_of_the_label_among_the_eligible(con, make_store) -> None:
    rows = [*bought("stays", -5, 3), *bought("leaves", -5), *bought("long gone", -400)]
    found = leavers(
        con,
        make_store(transactions=rows),
        CUTOFF,
        rule=LabelRule(),
        horizon_days=30,
        active_days=90,
        data_end=day(30),
        rows_per_pass=1_000,
    )
    assert found == Leavers(customers=2, left=1)


def test_only_interactions_of_the_kinds_with_an_item_count(con, make_store) -> None:
    rows = [
        {"customer_id": who, "occurred_at": day(-1), "kind": kind, "item_id": item}
        for who, kind, item in (
            ("a", "play", "tea"),
            ("a", "play", "milk"),
            ("b", "play", "tea"),
            ("b", "play", "tea"),
            ("c", "search", "tea"),
            ("d", "play", None),
        )
    ]
    found = met_items(con, make_store(interactions=rows), ["play"])
    assert found == Met(interactions=4, customers=2, returning=1, items=2)


def test_arms_are_counted_by_customers_and_the_control_is_known_by_its_name(con, tmp_path) -> None:
    rows = {
        "customer_id": ["a", "b", "c", "a"],
        "occurred_at": pa.array([day(0), day(0), day(0), day(2)], pa.timestamp("us", "UTC")),
        "arm": ["coupon", "Control", "coupon", "coupon"],
        "bucket": [1, 2, 3, 1],
    }
    treated = materialise(con, ibis.memtable(pa.table(rows)))
    store = stage_tables(con, {"treatments": treated}, tmp_path)
    found = arms(con, store)
    assert found.customers == {"coupon": 2, "Control": 1}
    assert found.control == "Control"
    assert found.followed == 0
    assert store.rows_by_bucket("treatments") == {1: 2, 2: 1, 3: 1}
