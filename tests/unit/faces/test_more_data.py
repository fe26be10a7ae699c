"""What would help where there is no signal names no table that the run has read."""

from __future__ import annotations

from typing import Any

import pytest

from cip.faces.dashboard.parts.plain import more_data


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({}, "(visits, contacts with service, prices)"),
        ({"interactions": 9, "subscriptions": 9}, "(contacts with service, payments)"),
        ({"transactions": 9}, "(visits, contacts with service)"),
    ],
)
def test_facts_of_tables_that_were_read_are_not_asked_for(rows: dict[str, int], said: str) -> None:
    summary: dict[str, Any] = {"data": {"first": "2024-01-01T00:00:00+00:00", "rows": rows}}
    assert said in more_data(summary)
    assert "longer history" in more_data(summary)
    assert "longer history" not in more_data({"shape": "plain", "data": {"rows": {}}})
