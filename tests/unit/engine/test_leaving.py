"""Times to leave, against a walk through the days in plain Python."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cip.contract.config import LabelRule
from cip.engine.leaving import times_to_leave
from cip.engine.snapshot import labelled_frame
from cip.errors import ContractError

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

CUTOFF = datetime(2024, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
END = 40
HORIZON = 10
GRACE = 3
ACTIVE = 20
CANCELS = LabelRule(kind="cancellation", grace_days=GRACE)
ASKED = {
    "horizon_days": HORIZON,
    "data_end": CUTOFF + END * DAY,
    "active_days": ACTIVE,
    "rows_per_pass": 10**6,
}
QUICK = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def paid(customer: str, day: int, amount: float = 5.0, **more) -> dict:
    occurred = CUTOFF + timedelta(days=day, hours=13)
    return {"customer_id": customer, "occurred_at": occurred, "amount": amount, **more}


def spell(customer: str, begins: int, ends: int | None) -> dict:
    ended = None if ends is None else CUTOFF + ends * DAY
    return {"customer_id": customer, "started_at": CUTOFF + begins * DAY, "ended_at": ended}


def of(con, store, rule: LabelRule = LabelRule()) -> dict[str, tuple[float, bool]]:  # noqa: B008 (frozen)
    made = times_to_leave(con, store, CUTOFF, rule=rule, **ASKED)
    rows = zip(made.customer_id, made.days.tolist(), made.observed.tolist(), strict=True)
    return {who: (days, observed) for who, days, observed in rows}


def quiet_from(days: set[int]) -> tuple[float, bool]:
    """The first day that begins a quiet horizon, as far as whole horizons were seen."""
    last = END - HORIZON
    for first in range(last + 1):
        if not days & set(range(first, first + HORIZON)):
            return first, True
    return last, False


@QUICK
@given(
    bought=st.dictionaries(
        st.sampled_from("abcdef"), st.sets(st.integers(-30, END + 15), max_size=12), min_size=1
    )
)
def test_leaving_is_the_first_day_that_begins_a_quiet_horizon(
    con, make_store, bought: dict[str, set[int]]
) -> None:
    rows = [paid(who, day) for who, days in bought.items() for day in days if day < END]
    eligible = {who: days for who, days in bought.items() if days & set(range(-ACTIVE, 0))}
    store = make_store(transactions=[*rows, paid("anchor", -1)])
    wanted = {who: quiet_from({d for d in days if d < END}) for who, days in eligible.items()}
    assert of(con, store) == {"anchor": (0, True), **wanted}


@QUICK
@given(
    bought=st.lists(st.integers(-25, END - 1), min_size=1, max_size=15),
    later=st.lists(st.integers(END, END + 60), min_size=1, max_size=5),
)
def test_nothing_after_the_data_end_changes_when_anybody_left(
    con, make_store, bought: list[int], later: list[int]
) -> None:
    rows = [paid("a", -1), *(paid("a", day) for day in bought)]
    without = of(con, make_store(transactions=rows))
    assert of(con, make_store(transactions=[*rows, *(paid("a", d) for d in later)])) == without


@QUICK
@given(
    ends=st.lists(
        st.tuples(st.integers(-60, END - 1), st.none() | st.integers(0, 40)),
        min_size=1,
        max_size=5,
        unique_by=lambda pair: pair[0],
    )
)
def test_a_chain_of_spells_lasts_until_a_gap_beyond_the_grace(con, make_store, ends) -> None:
    spells = sorted((b, None if n is None else b + n) for b, n in ends)
    rows = [spell("a", *each) for each in spells]
    store = make_store(subscriptions=[spell("anchor", -9, None), *rows])
    last = END - GRACE - 1
    wanted = {"anchor": (last, False)}
    if any(b < 0 and (e is None or e >= 0) for b, e in spells):
        reach = -(10**6)
        for begins, ended in spells:
            if begins >= 0 and begins > reach + GRACE:
                break
            reach = max(reach, 10**6 if ended is None else ended)
        wanted["a"] = (min(reach, last), reach <= last)
    assert of(con, store, CANCELS) == wanted


def test_who_has_left_at_once_is_whom_the_label_calls_left(con, make_store) -> None:
    draw = np.random.default_rng(2)
    rows = [paid(f"c{n}", int(day)) for n in range(60) for day in draw.integers(-30, END, 9)]
    store = make_store(transactions=rows)
    frame, _ = labelled_frame(con, store, [CUTOFF], **ASKED)
    told = dict(zip(frame.features.customer_id.tolist(), frame.churned.tolist(), strict=True))
    found = of(con, store)
    assert {who: time == (0, True) for who, time in found.items()} == told
    assert set(told.values()) == {True, False}
    assert {observed for _, observed in found.values()} == {True, False}


def test_nobody_is_observed_in_days_that_nobody_has_seen(con, make_store) -> None:
    """The last purchase lies so late that its quiet horizon is not over: that is no leaving."""
    last = END - HORIZON - 1
    often = [paid("a", day) for day in range(-5, last + 1, 5)]
    store = make_store(transactions=[*often, paid("a", last), paid("b", -1), paid("b", 1)])
    assert of(con, store)["a"] == (last + 1, True)
    late = make_store(transactions=[*often, paid("a", last + 1), paid("b", -1)])
    assert of(con, late)["a"] == (END - HORIZON, False)


def test_a_cutoff_too_late_to_see_anybody_leave_is_refused(con, make_store) -> None:
    store = make_store(
        transactions=[paid("a", -1)], subscriptions=[spell("a", -9, None)], customers=[]
    )
    for rule, days in ((LabelRule(), HORIZON), (CANCELS, GRACE + 1)):
        asked = {**ASKED, "rule": rule, "data_end": CUTOFF + days * DAY}
        assert len(times_to_leave(con, store, CUTOFF, **asked)) == 1
        with pytest.raises(ContractError) as refused:
            times_to_leave(con, store, CUTOFF + DAY, **asked)
        assert refused.value.code == "C-205"
    rule = LabelRule(kind="given", column="gone", left=("yes",))
    with pytest.raises(ContractError, match="has no date"):
        times_to_leave(con, store, CUTOFF, rule=rule, **ASKED)
