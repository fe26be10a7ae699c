"""What followed a treatment, to the microsecond, and its sums per arm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from cip.contract.config import LabelRule
from cip.engine.treatments import arm_sums, treatment_outcomes
from cip.errors import NotReadyError

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

TREATED = datetime(2024, 3, 1, 15, 30, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
PLAYS = LabelRule(kind="inactivity", active_kinds=("play",))
CANCELS = LabelRule(kind="cancellation", grace_days=14)
GIVEN = LabelRule(kind="given", column="gone", left=("yes",))
ASKED = {
    "horizon_days": 30,
    "data_end": TREATED + 30 * DAY,
    "active_days": 60,
    "rows_per_pass": 10**6,
}


def treated(customer: str, shift: timedelta = timedelta(0), arm: str = "offer") -> dict:
    return {"customer_id": customer, "occurred_at": TREATED + shift, "arm": arm}


def paid(customer: str, shift: timedelta, amount: float = 5.0, **more) -> dict:
    row = {"customer_id": customer, "occurred_at": TREATED + shift, "amount": amount}
    return {**row, **more}


def played(customer: str, shift: timedelta, kind: str = "play") -> dict:
    return {"customer_id": customer, "occurred_at": TREATED + shift, "kind": kind}


def spell(customer: str, begins: timedelta, ends: timedelta | None) -> dict:
    ended = None if ends is None else TREATED + ends
    return {"customer_id": customer, "started_at": TREATED + begins, "ended_at": ended}


@pytest.mark.parametrize(
    ("shift", "counts"),
    [
        (-MICROSECOND, False),
        (timedelta(0), True),
        (30 * DAY - MICROSECOND, True),
        (30 * DAY, False),
    ],
)
def test_value_is_what_came_in_from_the_instant_of_the_treatment_on(
    con, make_store, shift: timedelta, counts: bool
) -> None:
    events = [paid("a", shift), paid("a", 2 * DAY, -1.5, known_at=TREATED + 900 * DAY)]
    store = make_store(treatments=[treated("a")], transactions=events)
    made = treatment_outcomes(con, store, **ASKED)
    assert made.customer_id.tolist() == ["a"]
    assert made.treated_at[0] == np.datetime64("2024-03-01T15:30:00")
    assert made.value.tolist() == [3.5 if counts else -1.5]


def test_a_treatment_whose_window_is_not_over_has_no_outcome(con, make_store) -> None:
    store = make_store(
        treatments=[treated("a"), treated("b", MICROSECOND), treated("c", 5 * DAY, "control")],
        transactions=[paid(who, -DAY) for who in "abc"],
    )
    made = treatment_outcomes(con, store, **ASKED)
    assert (made.customer_id.tolist(), made.unseen) == (["a"], 2)
    control, offer = arm_sums(con, store, **ASKED)
    assert (offer.arm, offer.customers, offer.left, offer.unseen) == ("offer", 1, 1, 1)
    assert (control.arm, control.customers, control.left, control.unseen) == ("control", 0, 0, 1)


def test_the_first_treatment_of_a_customer_counts(con, make_store) -> None:
    store = make_store(
        treatments=[treated("a", -9 * DAY, "second"), treated("a", -10 * DAY, "first")],
        transactions=[paid("a", -9.5 * DAY), paid("a", 21 * DAY)],
    )
    made = treatment_outcomes(con, store, **ASKED)
    assert (made.arm.tolist(), made.value.tolist()) == (["first"], [5.0])


@pytest.mark.parametrize(
    ("before", "eligible"),
    [
        (paid("a", -MICROSECOND), True),
        (paid("a", -60 * DAY), True),
        (paid("a", -60 * DAY - MICROSECOND), False),
        (paid("a", timedelta(0)), False),
        (paid("a", -DAY, -5.0), False),
        (paid("a", -DAY, known_at=TREATED), False),
    ],
)
def test_only_who_bought_lately_can_leave(con, make_store, before: dict, eligible: bool) -> None:
    store = make_store(treatments=[treated("a")], transactions=[before])
    made = treatment_outcomes(con, store, **ASKED)
    assert made.eligible.tolist() == [eligible]
    # no outcome is not the same as one who stayed
    assert np.isnan(made.churned[0]) == (not eligible)


@pytest.mark.parametrize(
    ("after", "left"),
    [([], 1), ([played("a", DAY)], 0), ([played("a", DAY, "search")], 1)],
)
def test_who_does_none_of_the_active_kinds_has_left(
    con, make_store, after: list[dict], left: int
) -> None:
    store = make_store(treatments=[treated("a")], interactions=[played("a", -DAY), *after])
    made = treatment_outcomes(con, store, **ASKED, rule=PLAYS)
    assert made.churned.tolist() == [left]
    assert made.value.tolist() == [0.0]


@pytest.mark.parametrize(
    ("spells", "left"),
    [
        ([(-90 * DAY, None)], 0),
        ([(-90 * DAY, timedelta(0))], 1),
        ([(-90 * DAY, -MICROSECOND)], None),
        ([(timedelta(0), 5 * DAY)], None),
        ([(-90 * DAY, 30 * DAY - MICROSECOND)], 1),
        ([(-90 * DAY, 30 * DAY)], 0),
        ([(-90 * DAY, 5 * DAY), (19 * DAY, None)], 0),
        ([(-90 * DAY, 5 * DAY), (19 * DAY + MICROSECOND, None)], 1),
        ([(-90 * DAY, 5 * DAY), (-80 * DAY, 50 * DAY)], 0),
        ([(-90 * DAY, 5 * DAY), (-80 * DAY, None)], 0),
        ([(-90 * DAY, 5 * DAY), (2 * DAY, 4 * DAY)], 1),
    ],
)
def test_who_ends_and_begins_no_other_spell_has_left(
    con, make_store, spells: list[tuple], left: int | None
) -> None:
    rows = [spell("a", begins, ends) for begins, ends in spells]
    store = make_store(treatments=[treated("a")], subscriptions=rows)
    made = treatment_outcomes(con, store, **ASKED, rule=CANCELS)
    assert made.eligible.tolist() == [left is not None]
    np.testing.assert_array_equal(made.churned, [np.nan if left is None else left])


def test_a_given_label_tells_who_left_where_it_says_something(con, make_store) -> None:
    store = make_store(
        treatments=[treated(who) for who in "abc"],
        customers=[{"customer_id": "a", "gone": "Yes"}, {"customer_id": "b", "gone": "no"}],
    )
    made = treatment_outcomes(con, store, **ASKED, rule=GIVEN)
    np.testing.assert_array_equal(made.churned, [1, 0, np.nan])


@pytest.fixture(scope="module")
def many(make_store):
    draw, names = np.random.default_rng(8), [f"c{n}" for n in range(80)]

    def who() -> str:
        return names[draw.integers(80)]

    def shift() -> timedelta:
        return timedelta(hours=int(draw.integers(-24 * 90, 24 * 30)))

    amounts = draw.choice([2.5, 9.0, -1.0], 500)
    return make_store(
        treatments=[treated(who(), shift(), str(draw.choice(["x", "y", "z"]))) for _ in range(90)],
        transactions=[paid(who(), shift(), float(amount)) for amount in amounts],
        interactions=[played(who(), shift()) for _ in range(200)],
        subscriptions=[
            spell(each, -100 * DAY - shift() / 9, shift() if draw.integers(2) else None)
            for each in names
        ],
        customers=[{"customer_id": n, "gone": str(draw.choice(["yes", "no"]))} for n in names],
    )


@pytest.mark.parametrize("rule", [LabelRule(), PLAYS, CANCELS, GIVEN], ids=lambda rule: rule.kind)
def test_sums_per_arm_are_those_of_the_customers(con, many, rule: LabelRule) -> None:
    each = treatment_outcomes(con, many, **ASKED, rule=rule)
    sums = arm_sums(con, many, **{**ASKED, "rows_per_pass": 150}, rule=rule)
    assert [one.arm for one in sums] == ["x", "y", "z"]
    assert sum(one.unseen for one in sums) == each.unseen > 0
    for one in sums:
        mine = each.arm == one.arm
        assert (one.customers, one.eligible) == (mine.sum(), each.eligible[mine].sum())
        assert one.left == np.nansum(each.churned[mine])
        np.testing.assert_allclose(one.value, each.value[mine].sum())
        np.testing.assert_allclose(one.value_squared, (each.value[mine] ** 2).sum())
    assert 0 < sum(one.left for one in sums) < sum(one.eligible for one in sums)


def test_without_treatments_there_is_nothing_to_compare(con, make_store) -> None:
    with pytest.raises(NotReadyError, match="no treatments"):
        arm_sums(con, make_store(transactions=[paid("a", DAY)]), **ASKED)
