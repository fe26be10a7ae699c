"""Who is looked at and who has left, under each rule, to the microsecond of every boundary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cip.contract.config import LabelRule
from cip.engine.snapshot import feature_frame, labelled_frame
from cip.errors import ContractError, NotReadyError

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

CUTOFF = datetime(2024, 3, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
INACTIVITY = LabelRule(kind="inactivity", active_kinds=("play", "rate"))
CANCELLATION = LabelRule(kind="cancellation", grace_days=14)
GIVEN = LabelRule(kind="given", column="active", left=("No", "gone"))


def did(customer: str, shift: timedelta, kind: str = "play", **more) -> dict:
    row = {"customer_id": customer, "occurred_at": CUTOFF + shift, "kind": kind, "item_id": "tea"}
    return {**row, **more}


def spell(customer: str, begins: timedelta, ends: timedelta | None = None, **more) -> dict:
    ended = None if ends is None else CUTOFF + ends
    return {"customer_id": customer, "started_at": CUTOFF + begins, "ended_at": ended, **more}


def labels(con, store, rule: LabelRule, data_end: datetime = CUTOFF + 30 * DAY, **more) -> dict:
    frame, _ = labelled_frame(
        con,
        store,
        [CUTOFF],
        horizon_days=30,
        data_end=data_end,
        active_days=30,
        rows_per_pass=10**6,
        rule=rule,
        **more,
    )
    return dict(zip(frame.features.customer_id.tolist(), frame.churned.tolist(), strict=True))


@pytest.mark.parametrize(
    ("event", "is_eligible"),
    [
        (did("a", -30 * DAY), True),
        (did("a", -30 * DAY - MICROSECOND), False),
        (did("a", -MICROSECOND), True),
        (did("a", timedelta(0)), False),
        (did("a", -DAY, known_at=CUTOFF - MICROSECOND), True),
        (did("a", -DAY, known_at=CUTOFF), False),
        (did("a", -DAY, kind="rate"), True),
        (did("a", -DAY, kind="search"), False),
    ],
)
def test_inactivity_looks_at_who_was_active_in_the_window(
    con, make_store, event: dict, is_eligible: bool
) -> None:
    found = labels(con, make_store(interactions=[did("anchor", -DAY), event]), INACTIVITY)
    assert ("a" in found) == is_eligible
    assert found["anchor"] is True


@pytest.mark.parametrize(
    ("after", "churned"),
    [
        ([], True),
        ([did("a", timedelta(0))], False),
        ([did("a", 30 * DAY - MICROSECOND)], False),
        ([did("a", 30 * DAY)], True),
        ([did("a", DAY, kind="rate")], False),
        ([did("a", DAY, kind="impression")], True),
        ([did("a", DAY, known_at=CUTOFF + 400 * DAY)], False),
    ],
)
def test_inactive_is_who_did_none_of_the_kinds_in_the_half_open_horizon(
    con, make_store, after: list[dict], churned: bool
) -> None:
    store = make_store(interactions=[did("a", -DAY), *after])
    assert labels(con, store, INACTIVITY) == {"a": churned}


@pytest.mark.parametrize(
    ("row", "is_eligible"),
    [
        (spell("a", -MICROSECOND), True),
        (spell("a", timedelta(0)), False),
        (spell("a", -900 * DAY), True),
        (spell("a", -9 * DAY, timedelta(0)), True),
        (spell("a", -9 * DAY, -MICROSECOND), False),
        (spell("a", -9 * DAY, known_at=CUTOFF - MICROSECOND), True),
        (spell("a", -9 * DAY, known_at=CUTOFF), False),
    ],
)
def test_cancellation_looks_at_who_has_a_spell_that_runs(
    con, make_store, row: dict, is_eligible: bool
) -> None:
    found = labels(con, make_store(subscriptions=[spell("anchor", -DAY), row]), CANCELLATION)
    assert ("a" in found) == is_eligible
    assert found["anchor"] is False


@pytest.mark.parametrize(
    ("ends", "churned"),
    [
        (None, False),
        (timedelta(0), True),
        (30 * DAY - MICROSECOND, True),
        (30 * DAY, False),
    ],
)
def test_a_spell_that_ends_in_the_half_open_horizon_is_a_cancellation(
    con, make_store, ends: timedelta | None, churned: bool
) -> None:
    store = make_store(subscriptions=[spell("a", -90 * DAY, ends)])
    assert labels(con, store, CANCELLATION) == {"a": churned}


@pytest.mark.parametrize(
    ("other", "churned"),
    [
        (spell("a", 10 * DAY), False),  # the change of a plan
        (spell("a", 24 * DAY + DAY - MICROSECOND), False),  # the last day of grace
        (spell("a", 25 * DAY), True),
        (spell("a", 5 * DAY, 60 * DAY), False),  # begun before the end, and goes on
        (spell("a", 5 * DAY, 9 * DAY), True),
        (spell("a", -200 * DAY, -100 * DAY), True),
        (spell("a", -20 * DAY, known_at=CUTOFF + DAY), False),  # went on, and was known late
        (spell("b", 10 * DAY), True),
    ],
)
def test_who_begins_another_spell_within_the_grace_has_not_left(
    con, make_store, other: dict, churned: bool
) -> None:
    store = make_store(subscriptions=[spell("a", -90 * DAY, 10 * DAY + 5 * MICROSECOND), other])
    assert labels(con, store, CANCELLATION) == {"a": churned}


def test_of_two_running_spells_the_last_to_end_decides(con, make_store) -> None:
    both = [spell("a", -90 * DAY, 3 * DAY), spell("a", -80 * DAY, 50 * DAY)]
    assert labels(con, make_store(subscriptions=both), CANCELLATION) == {"a": False}
    open_ended = [spell("a", -90 * DAY, 3 * DAY), spell("a", -80 * DAY)]
    assert labels(con, make_store(subscriptions=open_ended), CANCELLATION) == {"a": False}


def test_grace_past_the_end_of_the_data_is_judged_by_what_is_known(con, make_store) -> None:
    store = make_store(subscriptions=[spell("a", -90 * DAY, 29 * DAY)])
    assert labels(con, store, CANCELLATION, data_end=CUTOFF + 30 * DAY) == {"a": True}


def listed(**said: str | None) -> list[dict]:
    return [{"customer_id": who, "active": what, "age": 30} for who, what in said.items()]


def test_a_given_label_is_the_customers_attribute(con, make_store) -> None:
    store = make_store(
        customers=listed(a="Yes", b="No", c=None, d="GONE", e="No", f="No"),
        interactions=[did(who, -400 * DAY) for who in "abcx"] + [did("f", timedelta(0))],
        subscriptions=[spell("d", -DAY)],
    )
    assert labels(con, store, GIVEN) == {"a": False, "b": True, "d": True}
    # nobody asks a label without a date how far it looks
    assert labels(con, store, GIVEN, data_end=CUTOFF) == {"a": False, "b": True, "d": True}


def test_a_number_or_a_truth_may_be_the_given_label(con, make_store) -> None:
    for said, left in ((1.0, "1"), (True, "True")):
        store = make_store(
            customers=[{"customer_id": "a", "active": said}, {"customer_id": "b", "active": None}],
            interactions=[did("a", -DAY), did("b", -DAY)],
        )
        rule = LabelRule(kind="given", column="active", left=(left,))
        assert labels(con, store, rule) == {"a": True}


@pytest.mark.parametrize("rows_per_pass", [10**6, 1])
def test_the_given_label_is_never_among_its_features(con, make_store, rows_per_pass: int) -> None:
    store = make_store(
        customers=listed(a="Yes", b="No", c=None),
        interactions=[did(who, -DAY) for who in "abc"],
    )
    options = {"active_days": 30, "rows_per_pass": rows_per_pass, "attributes": ["active", "age"]}
    frame, infos = feature_frame(con, store, [CUTOFF], rule=GIVEN, **options)
    assert "active" not in frame.columns
    assert infos[-1].name == "age"
    # of whom the label says nothing, a score may still be wanted
    assert frame.customer_id.tolist() == ["a", "b", "c"]


def test_a_given_label_that_the_customers_lack_is_named(con, make_store) -> None:
    store = make_store(customers=listed(a="Yes"), interactions=[did("a", -DAY)])
    rule = LabelRule(kind="given", column="activ", left=("No",))
    with pytest.raises(ContractError, match="did you mean 'active'"):
        labels(con, store, rule)


@pytest.mark.parametrize("rule", [INACTIVITY, CANCELLATION])
def test_a_horizon_past_the_end_of_the_data_is_refused(con, make_store, rule: LabelRule) -> None:
    store = make_store(interactions=[did("a", -DAY)], subscriptions=[spell("a", -DAY)])
    with pytest.raises(ContractError) as refused:
        labels(con, store, rule, data_end=CUTOFF + 29 * DAY)
    assert refused.value.code == "C-205"


def test_the_table_that_a_rule_reads_is_named_when_it_is_missing(con, make_store) -> None:
    store = make_store(interactions=[did("a", -DAY)])
    for rule, table in ((LabelRule(), "transactions"), (CANCELLATION, "subscriptions")):
        with pytest.raises(NotReadyError, match=table) as refused:
            labels(con, store, rule)
        assert refused.value.code == "C-206"


def test_money_of_the_horizon_is_told_under_every_rule(con, make_store) -> None:
    options = {
        "horizon_days": 30,
        "data_end": CUTOFF + 30 * DAY,
        "active_days": 30,
        "rows_per_pass": 10**6,
        "rule": INACTIVITY,
    }
    plays = [did("a", -DAY), did("b", -DAY)]
    bill = {"customer_id": "a", "occurred_at": CUTOFF + DAY, "amount": 8.0}
    with_bills, infos = labelled_frame(
        con, make_store(interactions=plays, transactions=[bill]), [CUTOFF], **options
    )
    without, _ = labelled_frame(con, make_store(interactions=plays), [CUTOFF], **options)
    assert with_bills.future_value.tolist() == [8.0, 0.0]
    assert without.future_value.tolist() == [0.0, 0.0]
    assert "recency_days" in {info.name for info in infos}
