"""The block that shows which features know the future."""

from __future__ import annotations

from typing import Any

from cip.faces.dashboard.parts import leaks
from cip.models.leaks.suspect import Suspect
from cip.types import Estimate

THIN = "\u202f"
NASTY = "<img src=x onerror=alert(1)>"


def summary(*suspects: dict[str, Any], **changed: Any) -> dict[str, Any]:
    out = sorted(s["feature"] for s in suspects if s["state"] == "kept out")
    found = {"tested": ["a", "b"], "kept_out": out, "suspects": list(suspects), "notes": []}
    return {"leaks": {**found, **changed}}


def suspect(feature: str = "risk", state: str = "kept out") -> dict[str, Any]:
    evidence = Estimate(0.98, 0.961, 0.99, 0.999)
    made = Suspect(feature, "near_copy", f"{feature} tells.", "ROC-AUC", evidence, 0.95)
    return {"label": "purchase", "state": state, **made.as_dict()}


def test_a_suspect_stands_with_why_evidence_state_and_what_to_do() -> None:
    html = leaks.block(summary(suspect()))
    for said in ("risk tells.", "0.98", "0.96–0.99", "kept out", "Near-copy of the answer"):
        assert said in html
    assert "allow = [&quot;risk&quot;] into [churn]" in html
    assert "2 attributes looked at, 1 kept out" in html


def test_an_allowed_suspect_is_still_shown() -> None:
    html = leaks.block(summary(suspect(state="allowed")))
    assert "allowed" in html
    assert "none kept out" in html


def test_nothing_found_nothing_to_look_at_and_an_old_run_are_said_in_words() -> None:
    assert "None found: 2 attributes looked at" in leaks.block(summary())
    assert "<table" not in leaks.block(summary())
    assert "no column of the customers is a feature" in leaks.block(summary(tested=[]))
    assert "Run again" in leaks.block({})


def test_names_and_notes_of_the_data_are_escaped() -> None:
    html = leaks.block(summary(suspect(NASTY), notes=[NASTY]))
    assert "<img" not in html
