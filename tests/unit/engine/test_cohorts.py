"""Cohort triangles, against counting in plain Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from cip.contract.config import LabelRule
from cip.engine.cohorts import cohorts
from cip.errors import ContractError, NotReadyError

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

ALL = {"rows_per_pass": 10**6}


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def paid(customer: str, when: str, amount: float, **more) -> dict:
    return {"customer_id": customer, "occurred_at": day(when), "amount": amount, **more}


def month(when: datetime) -> int:
    return (when.year - 1970) * 12 + when.month - 1


@pytest.mark.parametrize("rows_per_pass", [10**6, 1])
def test_triangles_are_what_plain_counting_says(con, make_store, rows_per_pass: int) -> None:
    draw = np.random.default_rng(3)
    rows = [
        {
            "customer_id": f"c{draw.integers(60)}",
            "occurred_at": day("2023-01-15") + timedelta(hours=int(draw.integers(24 * 500))),
            "amount": float(draw.choice([-4.0, 0.0, 1.25, 10.0])),
        }
        for _ in range(700)
    ]
    end = day("2024-05-20")
    made = cohorts(con, make_store(transactions=rows), end, rows_per_pass=rows_per_pass)

    bought, net = defaultdict(set), defaultdict(float)
    for row in rows:
        if row["amount"] > 0:
            bought[row["customer_id"]].add(month(row["occurred_at"]))
        net[row["customer_id"], month(row["occurred_at"])] += row["amount"]
    first, last = month(day("2023-01-15")), month(end)
    for at, start in enumerate(range(first, last)):
        who = [customer for customer, months in bought.items() if min(months) == start]
        for since in range(last - first):
            now = start + since
            if now >= last:
                assert np.isnan([made.active[at, since], made.revenue[at, since]]).all()
                continue
            assert made.active[at, since] == sum(now in bought[customer] for customer in who)
            assert made.revenue[at, since] == sum(net[customer, now] for customer in who)
    assert made.start[0] == np.datetime64("2023-01")
    assert made.start[-1] == np.datetime64("2024-04")


def test_a_month_counts_once_it_is_over(con, make_store) -> None:
    store = make_store(
        transactions=[
            paid("a", "2024-01-31T23:59:59.999999", 5),
            paid("a", "2024-02-01", 7),
            paid("b", "2024-02-29T23:59:59", 9),
            paid("b", "2024-03-01", 11),
        ]
    )
    whole = cohorts(con, store, day("2024-03-01"), **ALL)
    np.testing.assert_array_equal(whole.active, [[1, 1], [1, np.nan]])
    np.testing.assert_array_equal(whole.revenue, [[5, 7], [9, np.nan]])
    part = cohorts(con, store, day("2024-02-29"), **ALL)
    np.testing.assert_array_equal(part.active, [[1]])


def test_who_only_sent_things_back_starts_no_cohort(con, make_store) -> None:
    store = make_store(transactions=[paid("a", "2024-01-05", -5), paid("b", "2024-02-05", 5)])
    made = cohorts(con, store, day("2024-03-01"), **ALL)
    np.testing.assert_array_equal(made.active, [[1]])
    np.testing.assert_array_equal(made.revenue, [[5]])


def test_a_subscriber_is_there_in_every_month_of_a_spell(con, make_store) -> None:
    def spell(customer: str, begins: str, ends: str | None) -> dict:
        ended = None if ends is None else day(ends)
        return {"customer_id": customer, "started_at": day(begins), "ended_at": ended}

    store = make_store(
        subscriptions=[
            spell("a", "2024-01-31", None),
            spell("b", "2024-01-01", "2024-03-01"),  # the instant of its end is no longer paid
            spell("b", "2024-04-10", "2024-04-10"),
            spell("c", "2024-05-01", None),
        ],
        transactions=[paid("a", "2024-01-02", 3), paid("a", "2024-03-02", 4)],
    )
    made = cohorts(con, store, day("2024-05-01"), rule=LabelRule(kind="cancellation"), **ALL)
    row = [2, 2, 1, 2]
    np.testing.assert_array_equal(made.active[0], row)
    np.testing.assert_array_equal(made.revenue[0], [3, 0, 4, 0])
    np.testing.assert_array_equal(np.nansum(made.active[1:]), 0)


def test_the_active_kinds_say_who_is_there(con, make_store) -> None:
    def did(customer: str, when: str, kind: str) -> dict:
        return {"customer_id": customer, "occurred_at": day(when), "kind": kind}

    store = make_store(
        interactions=[did("a", "2024-01-05", "play"), did("a", "2024-02-05", "search")]
    )
    rule = LabelRule(kind="inactivity", active_kinds=("play",))
    made = cohorts(con, store, day("2024-03-01"), rule=rule, **ALL)
    np.testing.assert_array_equal(made.active, [[1, 0], [0, np.nan]])


def test_without_a_month_that_is_over_the_triangle_is_empty(con, make_store) -> None:
    store = make_store(transactions=[paid("a", "2024-01-05", 5)])
    made = cohorts(con, store, day("2024-01-20"), **ALL)
    assert made.active.shape == made.revenue.shape == (0, 0)
    with pytest.raises(ContractError, match="00:00 UTC"):
        cohorts(con, store, day("2024-01-20T10:00"), **ALL)
    with pytest.raises(NotReadyError, match="no transactions"):
        cohorts(con, make_store(), day("2024-01-20"), **ALL)
