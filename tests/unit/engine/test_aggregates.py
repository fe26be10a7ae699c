from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from cip.contract.config import LabelRule
from cip.engine.aggregates import Totals, rfm, sensitivity, totals
from cip.engine.customers import customer_texts
from cip.errors import ContractError, NotReadyError

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

CUTOFF = datetime(2024, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ALL = {"rows_per_pass": 10**6}


def paid(customer: str, days_before: float, amount: float, **more) -> dict:
    occurred = CUTOFF - timedelta(days=days_before)
    return {"customer_id": customer, "occurred_at": occurred, "amount": amount, **more}


@pytest.fixture
def store(make_store):
    return make_store(
        transactions=[
            # one purchase of two invoices, another, a refund on a day of its own
            paid("a", 100.25, 10.0),
            paid("a", 100.75, 20.0),
            paid("a", 40, 30.0),
            paid("a", 20, -15.0),
            paid("a", 0, 7.0),
            paid("a", -9.5, -1.0),
            paid("a", -10, 100.0),
            # long ago, and once
            paid("b", 900, 4.0),
            # not known yet, only refunded, only later
            paid("c", 50, 4.0, known_at=CUTOFF),
            paid("d", 50, -4.0),
            paid("e", -1, 4.0),
        ],
        customers=[
            {"customer_id": "b", "name": "Bea", "age": 40},
            {"customer_id": "a", "name": None, "age": 41},
        ],
    )


def test_rfm_speaks_of_everybody_who_bought_before_the_cutoff_as_known_then(con, store) -> None:
    made = rfm(
        con,
        store,
        CUTOFF,
        window_days=40,
        rows_per_pass=10**6,
        horizon=(10, CUTOFF + 30 * DAY),
    )
    assert made.customer_id.tolist() == ["a", "b"]
    assert len(made) == 2
    np.testing.assert_array_equal(made.frequency, [1, 0])
    # 100.25 and 100.75 days before midnight lie on one day, 101 days before
    np.testing.assert_array_equal(made.recency_days, [61, 0])
    np.testing.assert_array_equal(made.age_days, [101, 900])
    np.testing.assert_array_equal(made.mean_value, [(10 + 20 + 30 - 15) / 2, 4])
    np.testing.assert_array_equal(made.spend_before, [30 - 15, 0])
    # the cutoff instant belongs to the horizon, its end does not
    np.testing.assert_array_equal(made.future_value, [7 - 1, 0])


def test_rfm_without_a_horizon_says_nothing_of_the_future(con, store) -> None:
    made = rfm(con, store, CUTOFF, window_days=40, rows_per_pass=10**6)
    assert np.isnan(made.future_value).all()


def test_rfm_in_passes_is_the_same(con, store) -> None:
    whole = rfm(con, store, CUTOFF, window_days=40, rows_per_pass=10**6)
    parts = rfm(con, store, CUTOFF, window_days=40, rows_per_pass=1)
    assert whole.customer_id.tolist() == parts.customer_id.tolist()
    for name in ("frequency", "recency_days", "age_days", "mean_value", "spend_before"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))


def test_rfm_refuses_a_horizon_past_the_end_of_the_data(con, store) -> None:
    with pytest.raises(ContractError, match="past the data's last day"):
        rfm(con, store, CUTOFF, window_days=9, rows_per_pass=9, horizon=(10, CUTOFF + 9 * DAY))


def test_totals_count_rows_customers_and_revenue_net_of_refunds(con, store, make_store) -> None:
    assert totals(con, store) == Totals(rows=11, customers=5, revenue=159.0)
    with pytest.raises(NotReadyError):
        totals(con, make_store())


def test_the_churn_rate_falls_as_the_horizon_grows(con, make_store) -> None:
    waits = {"a": 0, "b": 9, "c": 10, "d": 11, "e": 200}
    store = make_store(
        transactions=[paid(customer, 5, 1.0) for customer in (*waits, "never")]
        + [paid(customer, -wait, 1.0) for customer, wait in waits.items()]
        + [paid("never", -1, -1.0), paid("stranger", -1, 5.0)]
    )
    found = sensitivity(
        con,
        store,
        CUTOFF,
        [11, 10, 1, 500],
        active_days=30,
        data_end=CUTOFF + 300 * DAY,
        rows_per_pass=10,
    )
    assert [(rate.horizon_days, rate.customers) for rate in found] == [(1, 6), (10, 6), (11, 6)]
    np.testing.assert_allclose([rate.rate for rate in found], [5 / 6, 4 / 6, 3 / 6])


def test_sensitivity_without_a_horizon_inside_the_data_or_customers_makes_no_rate_up(
    con, store
) -> None:
    assert sensitivity(con, store, CUTOFF, [90], active_days=9, data_end=CUTOFF, **ALL) == ()
    (nobody,) = sensitivity(
        con, store, CUTOFF - 500 * DAY, [9], active_days=9, data_end=CUTOFF, **ALL
    )
    assert nobody.customers == 0
    assert np.isnan(nobody.rate)


def test_the_rate_of_inactivity_is_one_of_interactions(con, make_store) -> None:
    def did(kind: str, days_before: float) -> dict:
        occurred = CUTOFF - timedelta(days=days_before)
        return {"customer_id": kind, "occurred_at": occurred, "kind": kind, "item_id": "tea"}

    store = make_store(
        interactions=[did("play", 3), did("play", -5), did("read", 3), did("search", 3)]
    )
    rule = LabelRule(kind="inactivity", active_kinds=("play", "read"))
    found = sensitivity(
        con, store, CUTOFF, [5, 6], active_days=30, data_end=CUTOFF + 9 * DAY, rules=[rule], **ALL
    )
    assert [(rate.customers, rate.rate) for rate in found] == [(2, 1.0), (2, 0.5)]


def test_the_rate_of_cancellation_grows_with_the_horizon(con, make_store) -> None:
    def spell(customer: str, ends_after: float | None) -> dict:
        ended = None if ends_after is None else CUTOFF + timedelta(days=ends_after)
        return {"customer_id": customer, "started_at": CUTOFF - 90 * DAY, "ended_at": ended}

    store = make_store(
        subscriptions=[spell("a", 3), spell("b", 12.5), spell("c", None), spell("d", -3)]
    )
    rule = LabelRule(kind="cancellation")
    found = sensitivity(
        con,
        store,
        CUTOFF,
        [3, 4, 13],
        active_days=1,
        data_end=CUTOFF + 30 * DAY,
        rules=[rule],
        **ALL,
    )
    assert {rate.customers for rate in found} == {3}
    np.testing.assert_allclose([rate.rate for rate in found], [0, 1 / 3, 2 / 3])


def test_every_definition_has_its_rates_and_their_size(con, store) -> None:
    given = LabelRule(kind="given", column="age", left=("40",))
    rules = [LabelRule(), given]
    found = sensitivity(
        con, store, CUTOFF, [9], active_days=50, data_end=CUTOFF + 30 * DAY, rules=rules, **ALL
    )
    assert [(rate.rule, rate.horizon_days, rate.customers, rate.rate) for rate in found] == [
        (LabelRule(), 9, 1, 0.0),
        (given, None, 2, 0.5),  # it has no date, and so no horizon
    ]


def test_customers_are_told_by_id_in_order(con, store, make_store) -> None:
    told = customer_texts(con, store, ["name", "age", "plan"])
    assert {name: values.tolist() for name, values in told.items()} == {
        "customer_id": ["a", "b"],
        "name": [None, "Bea"],
        "age": ["41", "40"],
    }
    assert customer_texts(con, make_store(), ["name"]) == {}
