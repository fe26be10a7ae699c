"""Nothing beyond its window changes a label, and what is censored has none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cip.contract.config import LabelRule
from cip.engine.daily import payments_known_today
from cip.engine.days import day_numbers
from cip.engine.eligibility import eligible
from cip.engine.events import read_events
from cip.engine.labels import with_churned, with_future_value
from cip.engine.snapshot import labelled_frame
from cip.engine.treatments import treatment_outcomes
from cip.errors import ContractError

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

CUTOFF = datetime(2024, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HORIZON = 30
GRACE = 14
FAR = HORIZON + GRACE + 1
RULES = {
    "purchase": LabelRule(),
    "inactivity": LabelRule(kind="inactivity", active_kinds=("play",)),
    "cancellation": LabelRule(kind="cancellation", grace_days=GRACE),
}
QUICK = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
seconds = st.integers(-60 * 86_400, (HORIZON + 40) * 86_400)
later = st.integers(HORIZON * 86_400, (HORIZON + 300) * 86_400)


def paid(shift: float) -> dict:
    occurred = CUTOFF + timedelta(seconds=shift)
    return {"customer_id": "a", "occurred_at": occurred, "amount": 5.0}


def played(shift: float) -> dict:
    occurred = CUTOFF + timedelta(seconds=shift)
    return {"customer_id": "a", "occurred_at": occurred, "kind": "play", "item_id": "tea"}


def spell(begins: float, ends: float | None) -> dict:
    ended = None if ends is None else CUTOFF + timedelta(seconds=ends)
    began = CUTOFF + timedelta(seconds=begins)
    return {"customer_id": "a", "started_at": began, "ended_at": ended}


def labels(con, store, rule: LabelRule) -> list[dict]:
    """As the snapshot labels, without its features."""
    events = read_events(con, store, range(64))
    pairs = eligible(events, rule, day_numbers([CUTOFF]), active_days=60)
    rows = with_future_value(
        with_churned(pairs, events, rule, HORIZON), payments_known_today(events), HORIZON
    )
    return rows.select("churned", "future_value").to_pyarrow().to_pylist()


@QUICK
@given(
    inside=st.lists(seconds.filter(lambda s: s < HORIZON * 86_400), max_size=4),
    beyond=st.lists(later, min_size=1, max_size=4),
    rule=st.sampled_from(["purchase", "inactivity"]),
)
def test_what_is_done_at_or_after_the_end_of_the_horizon_changes_no_label(
    con, make_store, inside: list[int], beyond: list[int], rule: str
) -> None:
    both = [-86_400, *inside]
    without = make_store(
        transactions=[paid(s) for s in both], interactions=[played(s) for s in both]
    )
    more = make_store(
        transactions=[paid(s) for s in (*both, *beyond)],
        interactions=[played(s) for s in (*both, *beyond)],
    )
    assert labels(con, more, RULES[rule]) == labels(con, without, RULES[rule])


@QUICK
@given(
    ends=st.none() | later,
    moved=st.none() | later,
    begins=st.lists(st.integers(FAR * 86_400, (FAR + 300) * 86_400), max_size=2, unique=True),
)
def test_spells_beyond_the_horizon_and_its_grace_change_no_cancellation(
    con, make_store, ends: int | None, moved: int | None, begins: list[int]
) -> None:
    begun = -90 * 86_400
    one = make_store(subscriptions=[spell(begun, ends)])
    other = make_store(subscriptions=[spell(begun, moved), *(spell(b, None) for b in begins)])
    assert labels(con, one, RULES["cancellation"]) == labels(con, other, RULES["cancellation"])


@QUICK
@given(ends=st.integers(0, HORIZON * 86_400 - 1), begins=st.integers(FAR * 86_400, 10**8))
def test_who_comes_back_after_the_grace_has_left_all_the_same(
    con, make_store, ends: int, begins: int
) -> None:
    store = make_store(subscriptions=[spell(-90 * 86_400, ends), spell(begins, None)])
    assert labels(con, store, RULES["cancellation"])[0]["churned"] == 1


@QUICK
@given(
    short=st.integers(1, HORIZON),
    did=st.lists(seconds, max_size=3),
    rule=st.sampled_from(sorted(RULES)),
)
def test_a_horizon_that_nobody_has_seen_to_its_end_gives_no_label(
    con, make_store, short: int, did: list[int], rule: str
) -> None:
    store = make_store(
        transactions=[paid(s) for s in (-1, *did)],
        interactions=[played(s) for s in (-1, *did)],
        subscriptions=[spell(-90 * 86_400, None)],
    )
    with pytest.raises(ContractError) as refused:
        labelled_frame(
            con,
            store,
            [CUTOFF - 400 * DAY, CUTOFF],
            horizon_days=HORIZON,
            data_end=CUTOFF + (HORIZON - short) * DAY,
            active_days=60,
            rows_per_pass=10**6,
            rule=RULES[rule],
        )
    assert refused.value.code == "C-205"


@QUICK
@given(
    treated=st.lists(st.integers(-40, 10), min_size=1, max_size=6),
    did=st.lists(seconds, max_size=5),
    rule=st.sampled_from(sorted(RULES)),
)
def test_a_treatment_has_an_outcome_or_is_counted_as_unseen(
    con, make_store, treated: list[int], did: list[int], rule: str
) -> None:
    store = make_store(
        treatments=[
            {"customer_id": f"a{n}", "occurred_at": CUTOFF + shift * DAY, "arm": "x"}
            for n, shift in enumerate(treated)
        ],
        transactions=[paid(s) for s in (-1, *did)],
        interactions=[played(s) for s in (-1, *did)],
        subscriptions=[spell(-90 * 86_400, None)],
    )
    made = treatment_outcomes(
        con,
        store,
        horizon_days=HORIZON,
        data_end=CUTOFF + HORIZON * DAY,
        active_days=60,
        rows_per_pass=10**6,
        rule=RULES[rule],
    )
    assert made.customer_id.tolist() == [f"a{n}" for n, shift in enumerate(treated) if shift <= 0]
    assert made.unseen == sum(shift > 0 for shift in treated)
