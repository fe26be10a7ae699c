"""Leaks are found with evidence, and honest columns are left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from cip.models.leaks.bounds import auc
from cip.models.leaks.find import Found, find_suspects
from cip.models.leaks.rows import Rows
from cip.models.resample import customer_folds

N = 1200
SHARED = Path(__file__).resolve().parents[4] / ".." / "shared" / "data"


def honest(rng: np.random.Generator, n: int = N) -> tuple[dict[str, Any], np.ndarray]:
    """Recency with ROC-AUC about .78, tenure, price, a plan, mostly empty comments; who left."""
    recency, tenure = rng.normal(size=n), rng.integers(1, 73, n).astype(float)
    churned = recency + rng.normal(0, 1.2, n) > 0.95
    comment = np.array([f"text {k}" for k in rng.integers(0, 400, n)], dtype=object)
    comment[rng.random(n) < 0.6] = None
    columns = {
        "recency": np.where(rng.random(n) < 0.05, np.nan, recency),
        "tenure": tenure,
        "price": rng.uniform(20, 110, n).round(2),
        "plan": np.array(["basic", "standard", "premium"], dtype=object)[rng.integers(0, 3, n)],
        "comment": comment,
    }
    return columns, churned


def found(columns: dict[str, Any], churned: np.ndarray, **more: Any) -> Found:
    who = np.array([f"c{k:05d}" for k in range(len(churned))], dtype=object)
    who = more.pop("customer_id", who)
    rows = Rows(columns, churned, who, customer_folds(who, 5, seed=1), more.pop("period", None))
    return find_suspects(rows, seed=1, draws=150, **more)


def texts(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    return np.where(where, values, None).astype(object)


def leak(name: str, churned: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    n = len(churned)
    words = np.array(["price", "moved", "quality"], dtype=object)[rng.integers(0, 3, n)]
    some = rng.random(n)
    return {
        "risk_score": lambda: churned + rng.normal(0, 0.3, n),
        "weak_risk_score": lambda: churned + rng.normal(0, 0.45, n),
        "churn_reason": lambda: texts(words, churned),
        "partly_filled_reason": lambda: texts(words, churned & (some < 0.4)),
        "free_text_reason": lambda: texts(np.array([f"t{k}" for k in range(n)]), churned),
        "status": lambda: np.where(churned, "closed", np.where(some < 0.5, "active", "gold")),
        "last_contact_reason": lambda: np.where(
            churned & (some < 0.4), "cancellation", np.where(some < 0.7, "delivery", "none")
        ),
        "exit_fee": lambda: np.where(churned, rng.uniform(5, 50, n), 0.0),
        "next_bill": lambda: np.where(churned, np.nan, rng.uniform(5, 50, n)),
        "copy": lambda: churned.astype(float),
    }[name]()


@pytest.mark.parametrize(
    "name",
    [
        "risk_score",
        "churn_reason",
        "partly_filled_reason",
        "free_text_reason",
        "status",
        "last_contact_reason",
        "exit_fee",
        "next_bill",
        "copy",
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_near_copy_of_the_answer_is_kept_out_and_nothing_else_is(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns, churned = honest(rng)
    values = leak(name, churned, rng)
    columns[name] = values if values.dtype.kind == "f" else values.astype(object)
    (suspect,) = found(columns, churned).suspects
    assert (suspect.feature, suspect.kind, suspect.is_kept_out) == (name, "near_copy", True)
    assert suspect.bound < suspect.evidence.low <= suspect.evidence.value <= suspect.evidence.high


def test_a_change_that_only_some_stayers_have_is_weighed_exactly() -> None:
    rng = np.random.default_rng(14)
    columns, churned = honest(rng)
    changed = np.zeros(N, dtype=bool)
    changed[np.flatnonzero(~churned)[:15]] = True
    (suspect,) = found(columns, churned, changed={"plan": changed}).suspects
    assert not suspect.is_kept_out


def test_the_sentence_says_where_leavers_differ() -> None:
    rng = np.random.default_rng(3)
    columns, churned = honest(rng)
    columns["why"] = leak("partly_filled_reason", churned, rng)
    (suspect,) = found(columns, churned).suspects
    filled = sum(value is not None for value in columns["why"])
    assert suspect.sentence.startswith(
        f"Where it is filled in, {filled} of {filled} customers left"
    )
    assert 'allow = ["why"]' in suspect.remedy


def test_a_score_far_above_all_others_is_too_good_to_be_known_before() -> None:
    rng = np.random.default_rng(4)
    columns, churned = honest(rng, 3000)
    columns["risk"] = leak("weak_risk_score", churned, rng)
    (suspect,) = found(columns, churned).suspects
    assert (suspect.feature, suspect.kind) == ("risk", "too_good")
    assert "recency" in suspect.sentence
    assert 0.85 == suspect.bound < suspect.evidence.low < suspect.evidence.value < 0.95


def test_many_strong_columns_are_an_easy_question_and_no_leak() -> None:
    rng = np.random.default_rng(5)
    columns, churned = honest(rng, 3000)
    columns |= {f"use_{k}": churned + rng.normal(0, 0.6, 3000) for k in range(5)}
    assert found(columns, churned).suspects == ()


def test_a_column_known_to_be_right_in_time_is_never_a_suspect_but_compared_with() -> None:
    rng = np.random.default_rng(6)
    columns, churned = honest(rng, 3000)
    columns["inactive_days"] = churned + rng.normal(0, 0.5, 3000)
    columns["attribute"] = churned + rng.normal(0, 0.55, 3000)
    told = found(columns, churned, tested=["attribute", "plan"])
    assert told.tested == ("plan", "attribute")
    assert told.suspects == ()


@pytest.mark.parametrize("seed", range(10))
def test_honest_columns_with_a_recency_of_auc_78_are_left_alone(seed: int) -> None:
    columns, churned = honest(np.random.default_rng(100 + seed))
    assert 0.74 < auc(churned, np.nan_to_num(columns["recency"])) < 0.86
    assert found(columns, churned).suspects == ()


def test_a_range_in_which_nearly_all_leave_is_a_good_feature_not_a_leak() -> None:
    rng = np.random.default_rng(7)
    columns, _ = honest(rng, 4000)
    idle = rng.exponential(30, 4000)
    churned = rng.random(4000) < np.where(idle > 90, 0.99, 0.25)
    assert found({**columns, "idle_days": idle}, churned).suspects == ()


def test_a_contract_that_holds_customers_is_no_leak() -> None:
    rng = np.random.default_rng(8)
    columns, _ = honest(rng, 4000)
    yearly = rng.random(4000) < 0.25
    churned = rng.random(4000) < np.where(yearly, 0.02, 0.35)
    columns["contract"] = np.where(yearly, "two years", "a month").astype(object)
    assert found(columns, churned).suspects == ()


@pytest.mark.parametrize(("customers", "seed"), [(120, 0), (400, 1), (400, 2)])
def test_nothing_is_suspected_among_500_columns_of_noise(customers: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {f"n{k}": rng.normal(size=customers) for k in range(300)}
    for k in range(200):
        values = np.array([f"v{v}" for v in rng.integers(0, 2 + k, customers)], dtype=object)
        values[rng.random(customers) < 0.5] = None
        columns[f"c{k}"] = values
    assert found(columns, rng.random(customers) < 0.4).suspects == ()


def test_an_email_is_learnt_from_no_customer_about_himself() -> None:
    """At three dates the same customers leave: their address tells nothing of others."""
    rng = np.random.default_rng(9)
    leaves = rng.random(400) < 0.4
    email = np.array([f"{k}@x.org" for k in range(400)] * 3, dtype=object)
    told = found(
        {"email": email},
        np.tile(leaves, 3),
        customer_id=email.copy(),
        period=np.repeat(range(3), 400),
    )
    assert told.suspects == ()


def test_with_too_few_leavers_nothing_is_said_and_the_reason_is() -> None:
    told = found({"copy": np.arange(100.0)}, np.arange(100) < 19)
    assert told.suspects == ()
    assert "20 customers leave" in told.reason


def test_an_attribute_that_tells_of_the_last_date_only_was_written_later() -> None:
    rng = np.random.default_rng(10)
    period = np.repeat(range(3), N)
    churned = rng.random(3 * N) < 0.3
    noise = rng.normal(0, 1.0, 3 * N)
    steady = 0.6 * churned + rng.normal(0, 1.0, 3 * N)
    who = np.array([f"c{k}" for k in range(3 * N)], dtype=object)
    told = found(
        {"note": np.where(period == 2, 1.4 * churned, 0.1 * churned) + noise, "steady": steady},
        churned,
        customer_id=who,
        period=period,
        period_names=["2024-01-01", "2024-04-01", "2024-07-01"],
    )
    (suspect,) = told.suspects
    assert (suspect.feature, suspect.kind) == ("note", "no_validity")
    assert "2024-01-01" in suspect.sentence
    assert "2024-07-01" in suspect.sentence


@pytest.mark.parametrize(
    ("left", "stayed", "kept_out"),
    [(0.25, 0.02, True), (0.02, 0.25, True), (0.02, 0.02, False), (0.5, 0.5, True)],
)
def test_what_changes_for_leavers_or_for_many_is_kept_out(
    left: float, stayed: float, kept_out: bool
) -> None:
    rng = np.random.default_rng(11)
    columns, churned = honest(rng)
    changed = rng.random(N) < np.where(churned, left, stayed)
    told = found(columns, churned, changed={"plan": changed, "price": np.zeros(N, dtype=bool)})
    (suspect,) = told.suspects
    assert (suspect.feature, suspect.kind) == ("plan", "changes_later")
    assert suspect.is_kept_out is kept_out
    assert f"{int(changed.sum()):,} of 1,200 customers" in suspect.sentence


def test_a_total_that_is_tenure_times_price_is_a_fact_and_stays() -> None:
    rng = np.random.default_rng(12)
    columns, churned = honest(rng)
    columns["total"] = columns["tenure"] * columns["price"] * rng.uniform(0.97, 1.03, N)
    columns["fee"] = rng.uniform(20, 110, N)
    columns["both"] = columns["price"] + columns["fee"]
    told = {suspect.feature: suspect for suspect in found(columns, churned).suspects}
    assert {name: s.is_kept_out for name, s in told.items()} == {"total": False, "both": False}
    assert "tenure × price" in told["total"].sentence
    assert "price + fee" in told["both"].sentence


def test_a_total_that_also_holds_the_final_bill_is_kept_out() -> None:
    rng = np.random.default_rng(13)
    columns, churned = honest(rng)
    final = np.where(churned, rng.uniform(5, 15, N), 0.0)
    columns["total"] = columns["tenure"] * columns["price"] + final
    (suspect,) = found(columns, churned).suspects
    assert (suspect.feature, suspect.kind, suspect.is_kept_out) == ("total", "derived", True)
    assert suspect.sentence.startswith("It is tenure × price and something more")


@pytest.mark.shared_data
def test_of_telco_only_the_total_is_named_and_it_stays() -> None:
    table = pq.read_table(SHARED / "telco" / "telco_customer_churn.parquet")
    columns: dict[str, Any] = {}
    for name in table.column_names:
        values = table[name].to_numpy()
        is_number = values.dtype.kind in "if"
        columns[name] = values.astype(float) if is_number else values.astype(object)
    churned = columns.pop("Churn") == "Yes"
    told = found(columns, churned, customer_id=columns.pop("customerID"))
    (suspect,) = told.suspects
    assert (suspect.feature, suspect.kind) == ("TotalCharges", "derived")
    assert not suspect.is_kept_out
    assert "tenure × MonthlyCharges" in suspect.sentence
