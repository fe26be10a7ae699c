"""Who is looked at, what happened after, and that passes do not matter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from cip.contract.config import LabelRule
from cip.engine.passes import plan_passes
from cip.engine.snapshot import feature_frame, labelled_and_score, labelled_frame
from cip.errors import ContractError, NotReadyError

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

CUTOFF = datetime(2024, 3, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
ANCHOR = {"customer_id": "anchor", "occurred_at": CUTOFF - DAY, "amount": 1.0}


def paid(customer: str, occurred: datetime, amount: float = 5.0, **more) -> dict:
    return {"customer_id": customer, "occurred_at": occurred, "amount": amount, **more}


@pytest.mark.parametrize(
    ("event", "is_eligible"),
    [
        (paid("a", CUTOFF - 30 * DAY), True),
        (paid("a", CUTOFF - 30 * DAY - MICROSECOND), False),
        (paid("a", CUTOFF - MICROSECOND), True),
        (paid("a", CUTOFF), False),
        (paid("a", CUTOFF - DAY, known_at=CUTOFF - MICROSECOND), True),
        (paid("a", CUTOFF - DAY, known_at=CUTOFF), False),
        (paid("a", CUTOFF - DAY, amount=0.0), False),
        (paid("a", CUTOFF - DAY, amount=-5.0), False),
    ],
)
def test_eligible_is_who_bought_in_the_window_as_known_before_the_cutoff(
    con, make_store, event: dict, is_eligible: bool
) -> None:
    store = make_store(transactions=[ANCHOR, event])
    frame, _ = feature_frame(con, store, [CUTOFF], active_days=30, rows_per_pass=10**6)
    assert ("a" in frame.customer_id) == is_eligible
    assert "anchor" in frame.customer_id


def labels(con, store, horizon_days: int = 30, data_end: datetime = CUTOFF + 30 * DAY) -> dict:
    frame, _ = labelled_frame(
        con,
        store,
        [CUTOFF],
        horizon_days=horizon_days,
        data_end=data_end,
        active_days=30,
        rows_per_pass=10**6,
    )
    values = zip(frame.churned.tolist(), frame.future_value.tolist(), strict=True)
    return dict(zip(frame.features.customer_id.tolist(), values, strict=True))


@pytest.mark.parametrize(
    ("after", "churned", "value"),
    [
        ([], True, 0.0),
        ([(timedelta(0), 5.0)], False, 5.0),
        ([(30 * DAY - MICROSECOND, 5.0)], False, 5.0),
        ([(30 * DAY, 5.0)], True, 0.0),
        ([(-MICROSECOND, 5.0)], True, 0.0),
        ([(DAY, -5.0)], True, -5.0),
        ([(DAY, 0.0)], True, 0.0),
        ([(DAY, 8.0), (2 * DAY, -5.0)], False, 3.0),
    ],
)
def test_the_label_looks_at_the_half_open_horizon(con, make_store, after, churned, value) -> None:
    events = [paid("anchor", CUTOFF + shift, amount) for shift, amount in after]
    assert labels(con, make_store(transactions=[ANCHOR, *events])) == {"anchor": (churned, value)}


def test_the_label_knows_what_became_known_late(con, make_store) -> None:
    late = paid("anchor", CUTOFF + DAY, known_at=CUTOFF + 400 * DAY)
    assert labels(con, make_store(transactions=[ANCHOR, late])) == {"anchor": (False, 5.0)}


def test_a_horizon_past_the_end_of_the_data_is_refused_and_not_called_churn(
    con, make_store
) -> None:
    store = make_store(transactions=[ANCHOR])
    assert labels(con, store, data_end=CUTOFF + 30 * DAY) == {"anchor": (True, 0.0)}
    with pytest.raises(ContractError, match="past the data's last day") as refused:
        labels(con, store, data_end=CUTOFF + 30 * DAY - MICROSECOND)
    assert refused.value.code == "C-205"


@pytest.fixture(scope="module")
def many(make_store):
    rng = np.random.default_rng(11)
    rows = [
        paid(
            f"c{rng.integers(0, 150)}",
            CUTOFF - timedelta(days=float(rng.uniform(-90, 400))),
            float(rng.choice([-2.0, 3.5, 7.0])),
        )
        for _ in range(900)
    ]
    # fewer buckets than the transactions have
    actions = [
        {**row, "kind": "play", "item_id": "tea", "quantity": 1.0}
        for row in rows
        if int(row["customer_id"][1:]) < 8
    ]
    for action in actions:
        del action["amount"]
    return make_store(transactions=rows, interactions=actions)


def frame_in_passes(con, store, rows_per_pass: int, on_pass=None):
    return labelled_frame(
        con,
        store,
        [CUTOFF - 60 * DAY, CUTOFF],
        horizon_days=60,
        data_end=CUTOFF + 90 * DAY,
        active_days=120,
        rows_per_pass=rows_per_pass,
        on_pass=on_pass,
    )


@pytest.fixture(scope="module")
def in_one_pass(con, many):
    return frame_in_passes(con, many, 10**6)


@pytest.mark.parametrize("rows_per_pass", [400, 250])
def test_passes_of_any_size_give_the_same_frame(con, many, in_one_pass, rows_per_pass: int) -> None:
    told = []
    whole, infos = in_one_pass
    parts, same_infos = frame_in_passes(con, many, rows_per_pass, lambda *said: told.append(said))
    assert len(told) > 1
    assert [number for number, _, _ in told] == list(range(1, len(told) + 1))
    assert sum(rows for _, _, rows in told) == len(whole) > 100
    assert infos == same_infos
    assert whole.features.customer_id.tolist() == parts.features.customer_id.tolist()
    np.testing.assert_array_equal(whole.features.cutoff, parts.features.cutoff)
    np.testing.assert_array_equal(whole.churned, parts.churned)
    np.testing.assert_array_equal(whole.future_value, parts.future_value)
    for info in infos:
        np.testing.assert_allclose(
            whole.features.columns[info.name],
            parts.features.columns[info.name],
            rtol=1e-12,
            err_msg=info.name,
        )


def test_one_look_gives_what_two_looks_give(con, many) -> None:
    score = CUTOFF + 60 * DAY
    terms = {"active_days": 120, "rows_per_pass": 10**6}
    end = {"horizon_days": 60, "data_end": CUTOFF + 90 * DAY}
    cutoffs = [CUTOFF - 60 * DAY, CUTOFF]
    known, infos = labelled_frame(con, many, cutoffs, **end, **terms)
    alone, _ = feature_frame(con, many, [score], **terms)
    seen = labelled_and_score(con, many, cutoffs, score, **end, **terms)
    both, scored = seen.known, seen.score
    assert infos == seen.infos
    assert len(scored) > 50
    np.testing.assert_array_equal(known.churned, both.churned)
    np.testing.assert_array_equal(known.future_value, both.future_value)
    for one, other in ((known.features, both.features), (alone, scored)):
        assert one.customer_id.tolist() == other.customer_id.tolist()
        np.testing.assert_array_equal(one.cutoff, other.cutoff)
        for name, values in one.columns.items():
            np.testing.assert_array_equal(values, other.columns[name], err_msg=name)


def test_one_look_answers_every_label_as_a_look_of_its_own_does(con, make_store, many) -> None:
    customers = [{"customer_id": f"c{n}", "left": ["yes", "no", None][n % 3]} for n in range(170)]
    store = make_store(customers=customers)
    store.rows |= many.rows
    for path in {path for table in many.rows for path in many.files(table)}:
        (store.folder / Path(path).name).write_bytes(Path(path).read_bytes())
    rules = (
        LabelRule(kind="inactivity", active_kinds=("play",)),
        LabelRule(kind="given", column="left", left=("yes",)),
    )
    score, cutoffs = CUTOFF + 60 * DAY, [CUTOFF - 60 * DAY, CUTOFF]
    terms = {"active_days": 120, "rows_per_pass": 800, "horizon_days": 60}
    terms["data_end"] = CUTOFF + 90 * DAY
    seen = labelled_and_score(con, store, cutoffs, score, others=rules, **terms)
    alone = [labelled_frame(con, store, cutoffs, **terms)[0]]
    alone += [
        labelled_frame(
            con, store, [score] if rule.kind == "given" else cutoffs, rule=rule, **terms
        )[0]
        for rule in rules
    ]
    sizes = [len(frame) for frame in alone]
    assert min(sizes) > 5
    assert len(set(sizes)) == 3
    for together, own in zip((seen.known, *seen.others), alone, strict=True):
        assert together.features.customer_id.tolist() == own.features.customer_id.tolist()
        np.testing.assert_array_equal(together.features.cutoff, own.features.cutoff)
        np.testing.assert_array_equal(together.churned, own.churned)
        np.testing.assert_array_equal(together.future_value, own.future_value)
        for name, values in own.features.columns.items():
            np.testing.assert_array_equal(values, together.features.columns[name], err_msg=name)
    scored, _ = feature_frame(con, store, [score], active_days=120, rows_per_pass=10**6)
    assert seen.score.customer_id.tolist() == scored.customer_id.tolist()


def test_one_look_refuses_a_horizon_past_the_end_too(con, many) -> None:
    with pytest.raises(ContractError, match="C-205"):
        labelled_and_score(
            con,
            many,
            [CUTOFF],
            CUTOFF + 60 * DAY,
            horizon_days=60,
            data_end=CUTOFF + 59 * DAY,
            active_days=120,
            rows_per_pass=10**6,
        )


def test_rows_are_sorted_by_cutoff_and_customer_and_typed_as_the_models_expect(
    in_one_pass,
) -> None:
    frame, infos = in_one_pass
    keys = list(zip(frame.features.cutoff, frame.features.customer_id, strict=True))
    assert keys == sorted(set(keys))
    assert frame.features.cutoff.dtype == np.dtype("datetime64[us]")
    assert frame.features.customer_id.dtype == np.dtype(object)
    assert frame.churned.dtype == np.dtype(bool)
    assert {frame.features.columns[info.name].dtype for info in infos} == {np.dtype(float)}
    assert 0 < frame.churned.mean() < 1


def test_a_cutoff_at_which_nobody_is_eligible_gives_no_rows(con, make_store) -> None:
    store = make_store(transactions=[ANCHOR])
    frame, infos = feature_frame(
        con, store, [CUTOFF - 900 * DAY], active_days=30, rows_per_pass=10**6
    )
    assert len(frame) == 0
    assert set(frame.columns) == {info.name for info in infos}


def test_without_transactions_there_is_nothing_to_look_at(con, make_store) -> None:
    with pytest.raises(NotReadyError, match="no transactions"):
        feature_frame(con, make_store(), [CUTOFF], active_days=30, rows_per_pass=10**6)


def test_a_pass_takes_as_many_buckets_as_the_row_budget_allows(con, make_store) -> None:
    store = make_store()
    store.rows = {
        "transactions": {3: 10, 1: 10, 2: 50, 5: 1, 7: 0},
        "interactions": {1: 20, 9: 99},
    }
    assert plan_passes(con, store, 10**6, "transactions") == [[1, 2, 3, 5]]
    assert plan_passes(con, store, 90, "transactions") == [[1, 2, 3], [5]]
    assert plan_passes(con, store, 60, "transactions") == [[1], [2, 3], [5]]
    assert plan_passes(con, store, 1, "transactions") == [[1], [2], [3], [5]]
