"""What was found in the data, what was decided about it, and who a customer is, on the pages."""

from __future__ import annotations

from typing import Any

from cip.faces.dashboard.parts import evidence, profile, telling
from cip.flows.results import Customer
from cip.types import Finding

NASTY = "<img src=x onerror=alert(1)>"
SUMMARY: dict[str, Any] = {
    "workspace": {"currency": "USD"},
    "calendar": {"score": "2025-07-01T00:00:00+00:00"},
    "churn": {
        "features": [],
        "base_p": 0.3,
        "definition": "no play",
        "verdicts": {"signal": {"word": "useful"}},
    },
    "value": {
        "horizon_days": 365,
        "verdict": {"word": "useful"},
        "unknown": {"customers": 3, "reason": "no running subscription is known"},
    },
    "totals": {"customers": 9},
}


def customer(clv: float | None) -> Customer:
    return Customer(
        rank=1,
        customer_id="C1",
        name=None,
        p_churn=0.3,
        churn_band="Low",
        clv=clv,
        clv_if_retained=clv,
        expected_value_loss=clv,
        clv_band="Low",
        priority_segment="Low CLV / Low churn",
        p_alive=None,
        last_purchase_days=1.0,
        purchase_days=None,
        main_reason=None,
    )


def test_a_file_is_called_by_its_name_in_what_was_seen() -> None:
    path = "/home/ann/exports/lines.parquet"
    found = Finding("C-114", "info", path, "", 3, 9, f"{path} has 3 of 9 rows twice", "look")
    read = {"findings": [found.as_dict()], "sources": [], "first": None, "end": None}
    run = {"run_id": "r", "actor": "a", "seed": 1, "environment": {}, "data": read}
    html = evidence.data(run)
    assert "lines.parquet has 3 of 9 rows twice" in html
    assert "/home/ann" not in html


def test_a_finding_of_no_table_is_shown_as_it_stands() -> None:
    found = Finding("C-100", "error", "", "", 0, 0, "the file cannot be read", "look")
    read = {"findings": [found.as_dict()], "sources": [], "first": None, "end": None}
    run = {"run_id": "r", "actor": "a", "seed": 1, "environment": {}, "data": read}
    assert "the file cannot be read" in evidence.data(run)


def test_findings_of_one_table_are_told_apart_by_their_source() -> None:
    found = Finding("C-117", "warning", "interactions", "occurred_at", 3, 9, "late", "look")
    findings = [{**found.as_dict(), "source": source} for source in ("watch", NASTY)]
    run = {
        "run_id": "r",
        "actor": "a",
        "seed": 1,
        "environment": {},
        "data": {"findings": findings, "sources": [], "first": None, "end": None},
    }
    html = evidence.data(run)
    assert ">Source<" in html
    assert ">watch<" in html
    assert NASTY not in html


def test_policies_that_met_no_odd_row_are_folded_away() -> None:
    def line(policy: str, rows: int) -> dict[str, Any]:
        said = f"{policy} said"
        return {"table": "t", "policy": policy, "sentence": said, "rows": rows, "total": 9}

    lines = [line("duplicates", 3), line("guests", 0), line("late_rows", 9)]
    shown, folded = evidence.policies({"policies": lines}).split("<details", 1)
    assert "duplicates said" in shown
    assert "guests said" not in shown
    assert "late_rows said" not in shown
    assert "2 policies more" in folded
    assert "guests said" in folded
    assert evidence.policies({}) == ""


def test_who_they_are_tells_plan_price_and_since_when() -> None:
    features = {
        "current_plan": "Premium",
        "current_price": 13.5,
        "spell_months": 1.0,
        "first_active_days": 181.0,
        "minutes_90d": None,
    }
    assert telling.pairs(features, SUMMARY) == [
        ("Plan", "Premium"),
        ("Price a month", "13.50 USD"),
        ("Subscribed for", "1 month"),
        ("First active", "2025-01-01"),
    ]
    assert "Premium" in profile.known(customer(5.0), SUMMARY, features)
    assert telling.pairs({}, SUMMARY) == []


def test_a_value_that_nobody_knows_is_said_to_be_unknown_and_why() -> None:
    known, unknown = (" ".join(profile.cards(customer(c), SUMMARY)) for c in (0.0, None))
    assert "no running subscription is known" in unknown
    assert "no running subscription is known" not in known
