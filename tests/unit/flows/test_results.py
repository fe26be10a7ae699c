"""What a face may read of a published run, and for whom."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cip.access import roles
from cip.errors import NotAllowedError, NotFoundError, NotReadyError
from cip.flows import results as flow
from cip.flows.csv_text import csv_text
from cip.flows.results import Results, Wanted
from cip.settings import Workspace
from cip.stores.customers import CUSTOMER_COLUMNS, write_customers
from cip.stores.published import seal_run, stage_run, write_summary
from cip.stores.records import open_records
from cip.types import Principal, Reason

OWNER = Principal("ann", "owner")
VIEWER = Principal("bob", "viewer")
N = 60


def table() -> pa.Table:
    columns: dict[str, Any] = {name: [None] * N for name in CUSTOMER_COLUMNS}
    columns |= {
        "rank": range(1, N + 1),
        "customer_id": [f"{1000 + k}" for k in range(N)],
        "name": [None if k else "=cmd()" for k in range(N)],
        "p_churn": [(k % 10) / 10 for k in range(N)],
        "churn_band": ["High" if k % 10 >= 6 else "Low" for k in range(N)],
        "clv": [float(k) if k else None for k in range(N)],
        "clv_band": ["Low"] * N,
        "expected_value_loss": [float(N - k) for k in range(N)],
        "priority_segment": ["Low CLV / High churn"] * N,
        "reasons": [json.dumps([{"fact": "f", "sentence": "why", "points": 0.25}])] * N,
        "country": ["DE"] * N,
    }
    return pa.table(columns)


def publish(workspace: Workspace) -> str:
    workspace.root.mkdir(parents=True, exist_ok=True)
    with open_records(workspace.records_url) as records:
        run_id = records.start_run(
            OWNER, data_versions={}, config_fingerprint="f", code_version="0", seed=1
        )
        staging = stage_run(workspace.published, run_id)
        churn = {"verdicts": {"signal": {"word": "useful"}}}
        write_summary(staging, {"format": 1, "run_id": run_id, "churn": churn, "value": {}})
        write_customers(staging, table())
        seal_run(staging, workspace.published, run_id)
        records.finish_run(run_id, seconds=1.0, summary={})
        records.publish(run_id, OWNER)
    return run_id


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = Workspace(tmp_path_factory.mktemp("results") / "shop")
    publish(made)
    return made


@pytest.fixture(scope="module")
def opened(workspace: Workspace) -> Results:
    return flow.open_results(workspace, actor=VIEWER)


def test_a_workspace_without_a_run_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError) as caught:
        flow.open_results(Workspace(tmp_path), actor=OWNER)
    assert f"cip run -w {tmp_path}" in caught.value.hint
    assert flow.current_run_id(Workspace(tmp_path), actor=OWNER) is None
    assert flow.published_runs(Workspace(tmp_path), actor=OWNER) == []


def test_the_current_run_is_opened_and_an_earlier_one_by_name(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "two")
    first, second = publish(workspace), publish(workspace)
    assert flow.open_results(workspace, actor=VIEWER).run_id == second
    assert flow.open_results(workspace, first, actor=VIEWER).summary["run_id"] == first
    listed = {run.run_id for run in flow.published_runs(workspace, actor=VIEWER)}
    assert listed == {first, second}
    with pytest.raises(NotFoundError):
        flow.open_results(workspace, "../two", actor=VIEWER)


def test_a_customer_comes_with_reasons_and_attributes(opened: Results) -> None:
    found = flow.find_customer(opened, "1001", actor=VIEWER)
    assert (found.rank, found.title, found.clv) == (2, "1001", 1.0)
    assert found.reasons == (Reason("f", "why", 0.25),)
    assert found.attributes == {"country": "DE"}
    with pytest.raises(NotFoundError, match="no customer '9'"):
        flow.find_customer(opened, "9", actor=VIEWER)


def test_a_page_has_25_rows_and_the_totals_of_the_whole_list(opened: Results) -> None:
    first = flow.list_customers(opened, Wanted(), actor=VIEWER)
    third = flow.list_customers(opened, Wanted(), actor=VIEWER, page=3)
    assert [c.rank for c in first.customers] == list(range(1, 26))
    assert [c.rank for c in third.customers] == list(range(51, 61))
    assert third.first == 51
    assert first.totals.customers == N
    assert first.totals.expected_value_loss == N * (N + 1) / 2
    assert flow.list_customers(opened, Wanted(), actor=VIEWER, page=-1) == first


def test_what_is_wanted_is_filtered_and_ordered(opened: Results) -> None:
    wanted = Wanted(churn_band="High", order="clv")
    shown = flow.list_customers(opened, wanted, actor=VIEWER)
    assert shown.totals.customers == 24
    assert all(c.churn_band == "High" for c in shown.customers)
    assert shown.customers[0].customer_id == "1059"


def test_search_finds_part_of_the_id(opened: Results) -> None:
    found = flow.search_customers(opened, "105", actor=VIEWER, limit=3)
    assert [c.customer_id for c in found] == ["1050", "1051", "1052"]


def test_the_export_holds_the_filter_s_rows_and_no_formula(opened: Results) -> None:
    text = flow.export_customers(opened, Wanted(churn_band="Low"), actor=OWNER)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 36
    assert rows[0]["name"] == "'=cmd()"
    assert float(rows[0]["expected_value_loss"]) == 60.0
    assert "reasons" not in rows[0]


def test_whose_value_nobody_knows_has_no_band_of_it_in_the_export(opened: Results) -> None:
    text = flow.export_customers(opened, Wanted(churn_band="Low"), actor=OWNER)
    unknown, known, *_ = csv.DictReader(io.StringIO(text))
    assert (unknown["clv"], unknown["clv_band"], unknown["priority_segment"]) == ("", "", "")
    assert (known["clv_band"], known["priority_segment"]) == ("Low", "Low CLV / High churn")


@pytest.mark.parametrize("role", ["viewer", "service"])
def test_who_may_not_export_is_refused(opened: Results, role: Any) -> None:
    with pytest.raises(NotAllowedError):
        flow.export_customers(opened, Wanted(), actor=Principal("bob", role))


Both = tuple[Workspace, Results]
READS: dict[str, Callable[[Both], object]] = {
    "open": lambda both: flow.open_results(both[0], both[1].run_id, actor=VIEWER),
    "current": lambda both: flow.current_run_id(both[0], actor=VIEWER),
    "runs": lambda both: flow.published_runs(both[0], actor=VIEWER),
    "find": lambda both: flow.find_customer(both[1], "1001", actor=VIEWER),
    "search": lambda both: flow.search_customers(both[1], "10", actor=VIEWER),
    "list": lambda both: flow.list_customers(both[1], Wanted(), actor=VIEWER),
    "cells": lambda both: flow.cells_by_segment(both[1], actor=VIEWER),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_every_read_asks_for_the_permission(
    workspace: Workspace,
    opened: Results,
    read: Callable[[Both], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read((workspace, opened))
    monkeypatch.setitem(roles.PERMISSIONS, "viewer", frozenset())
    with pytest.raises(NotAllowedError):
        read((workspace, opened))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_no_exported_text_begins_like_a_formula(text: str) -> None:
    written = csv_text(["a"], [{"a": text}])
    back = list(csv.reader(io.StringIO(written, newline="")))[1][0]
    assert back[0] not in "=+-@\t\r"
    assert back.removeprefix("'") == text.removeprefix("'")


def test_numbers_keep_their_sign_and_none_is_empty() -> None:
    assert csv_text(["a", "b"], [{"a": -1.5, "b": None}]) == "a,b\r\n-1.5,\r\n"
