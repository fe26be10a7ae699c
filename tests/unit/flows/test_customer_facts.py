"""What a face may read of one customer beyond the list: facts in words, and what to show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from cip.access import roles
from cip.errors import NotAllowedError
from cip.flows import customer_facts as flow
from cip.flows.operating_point import read_curves, read_outcome
from cip.flows.results import Results
from cip.stores.published import write_table
from cip.stores.run_tables import RunTables
from cip.types import Principal

VIEWER = Principal("bob", "viewer")
SUMMARY: dict[str, Any] = {
    "churn": {
        "features": [
            {"name": "days", "description": "Days since.", "unit": "days"},
            {"name": "dropped", "description": "Not published.", "unit": ""},
        ]
    }
}


def listed(place: int, rating: float | None) -> dict[str, Any]:
    return {
        "customer_id": "a",
        "place": place,
        "item_id": f"i{place}",
        "title": f"Title {place}",
        "category": None,
        "fit": 0.5,
        "because": None,
        "is_fallback": False,
        "predicted_rating": rating,
    }


def opened(folder: Path) -> Results:
    nothing: Any = None
    return Results("run", SUMMARY, nothing, nothing, RunTables(folder))


@pytest.fixture
def results(tmp_path: Path) -> Results:
    write_table(tmp_path, "features", pa.table({"customer_id": ["a", "b"], "days": [3.0, 5.0]}))
    rows = [listed(2, float("nan")), listed(1, 4.5)]
    write_table(tmp_path, "recommendations", pa.Table.from_pylist(rows))
    return opened(tmp_path)


def test_a_fact_has_words_a_value_and_what_is_usual(results: Results) -> None:
    assert flow.customer_facts(results, "a", actor=VIEWER) == (
        flow.Fact("days", "Days since.", "days", 3.0, 4.0),
    )


def test_a_list_comes_in_order_and_a_rating_that_is_no_number_is_none(results: Results) -> None:
    first, second = flow.recommendations(results, "a", actor=VIEWER)
    assert (first.place, first.predicted_rating) == (1, 4.5)
    assert (second.place, second.predicted_rating) == (2, None)


def test_an_older_run_has_none_of_it(tmp_path: Path) -> None:
    older = opened(tmp_path)
    assert flow.customer_facts(older, "a", actor=VIEWER) == ()
    assert flow.recommendations(older, "a", actor=VIEWER) == ()
    assert read_outcome(older, actor=VIEWER) is None
    assert read_curves(older, actor=VIEWER).roc == {}


@pytest.mark.parametrize("read", [flow.customer_facts, flow.recommendations])
def test_reading_asks_for_the_permission(
    results: Results, read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(roles.PERMISSIONS, "viewer", frozenset())
    with pytest.raises(NotAllowedError):
        read(results, "a", actor=VIEWER)
