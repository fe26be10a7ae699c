"""The report is one file that loads nothing, and no word of the data is markup."""

from __future__ import annotations

import re

from cip.engine.policies import PolicyLine
from cip.faces.report.check import check_report
from cip.flows.check import CheckReport
from cip.flows.readiness import Readiness
from cip.types import Finding

EVIL = "<img src=x onerror=\"alert('1')\">"


def report() -> CheckReport:
    finding = Finding(
        code="C-102",
        severity="error",
        table=EVIL,
        column=EVIL,
        rows=2,
        total_rows=9,
        message=EVIL,
        remedy=EVIL,
        first_row=3,
        example=EVIL,
        source=EVIL,
        rows_seen=(3, 4),
        values_seen=(EVIL,),
    )
    return CheckReport(
        workspace=EVIL,
        rows={EVIL: 7},
        findings=(finding,),
        sources={EVIL: 9},
        policies=(PolicyLine(EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, 1, 9),),
        verdicts=(Readiness("churn", "thin", EVIL, EVIL, {}),),
    )


def test_every_word_of_the_user_is_escaped() -> None:
    page = check_report(report())
    assert "<img" not in page
    assert page.count("&lt;img") >= 12


def test_the_page_asks_no_host_and_runs_no_script() -> None:
    page = check_report(report())
    assert not re.search(r"<script|<link|@import|url\(|(?:https?:)?//[a-z0-9]", page)
    assert "default-src 'none'" in page


def test_both_themes_are_there() -> None:
    assert "color-scheme: light dark" in check_report(report())


def test_rows_values_and_remedy_stand_with_a_finding() -> None:
    page = check_report(report())
    assert "2 of 9 rows" in page
    assert "3, 4" in page
    assert "would refuse" in page
