"""Pairs of items, against counting in plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import combinations

import numpy as np
import pytest

from cip.engine.item_pairs import item_pairs
from cip.errors import NotReadyError

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

CUTOFF = datetime(2024, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ASKED = {
    "kinds": ["play"],
    "window_days": 30,
    "min_customers": 1,
    "most_pairs": 100,
    "rows_per_pass": 10**6,
}


def took(customer: str, item: str | None, before: timedelta = DAY, kind="play", **more) -> dict:
    occurred = CUTOFF - before
    row = {"customer_id": customer, "occurred_at": occurred, "kind": kind, "item_id": item}
    return {**row, **more}


@pytest.mark.parametrize("rows_per_pass", [10**6, 1])
def test_pairs_are_what_plain_counting_says(con, make_store, rows_per_pass: int) -> None:
    draw = np.random.default_rng(4)
    rows = [
        took(f"c{draw.integers(50)}", f"i{draw.integers(12)}", int(draw.integers(60)) * DAY)
        for _ in range(900)
    ]
    asked = {**ASKED, "min_customers": 20, "most_pairs": 15, "rows_per_pass": rows_per_pass}
    made = item_pairs(con, make_store(interactions=rows), CUTOFF, **asked)

    baskets = defaultdict(set)
    for row in rows:
        if CUTOFF - 30 * DAY <= row["occurred_at"] < CUTOFF:
            baskets[row["customer_id"]].add(row["item_id"])
    each = Counter(item for basket in baskets.values() for item in basket)
    pairs = Counter(
        pair
        for basket in baskets.values()
        for pair in combinations(sorted(item for item in basket if each[item] >= 20), 2)
    )
    wanted = sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))[:15]
    assert list(zip(made.first, made.second, made.both, strict=True)) == [
        (first, second, both) for (first, second), both in wanted
    ]
    assert made.first_customers.tolist() == [each[first] for (first, _), _ in wanted]
    assert made.second_customers.tolist() == [each[second] for (_, second), _ in wanted]
    assert made.customers == len(baskets)


@pytest.mark.parametrize(
    ("row", "counts"),
    [
        (took("a", "milk", 30 * DAY), True),
        (took("a", "milk", 30 * DAY + timedelta(microseconds=1)), False),
        (took("a", "milk", timedelta(0)), False),
        (took("a", "milk", known_at=CUTOFF), False),
        (took("a", "milk", kind="rate"), False),
        (took("a", None), False),
        (took("b", "milk"), False),
    ],
)
def test_only_what_was_taken_in_the_window_and_known_before_the_cutoff(
    con, make_store, row: dict, counts: bool
) -> None:
    store = make_store(interactions=[took("a", "tea"), took("a", "tea"), row])
    made = item_pairs(con, store, CUTOFF, **ASKED)
    assert list(zip(made.first, made.second, made.both, strict=True)) == (
        [("milk", "tea", 1.0)] if counts else []
    )


def test_without_two_items_there_is_no_pair(con, make_store) -> None:
    assert len(item_pairs(con, make_store(interactions=[took("a", None)]), CUTOFF, **ASKED)) == 0
    with pytest.raises(NotReadyError, match="no interactions"):
        item_pairs(con, make_store(), CUTOFF, **ASKED)
