"""Forecasts are sealed when they are published, judged when their time has come, and stay so."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from tests.integration.invoices import EUROS, INVOICES

from cip.flows.actors import local_owner
from cip.flows.headlines import headlines
from cip.flows.ledger import Ledger, ledger
from cip.flows.run import run
from cip.flows.sealing import scores_seal
from cip.flows.steps import Silent
from cip.settings import Workspace

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

ACTOR = local_owner()
SPLIT = "2024-05-01"
SETTINGS = f"""{EUROS.format(name="Two loads")}{INVOICES}columns.known_at = "InvoiceDate"
[snapshot]
horizon_days = 60
active_days = 120
max_cutoffs = 3
[churn]
candidates = ["logistic_regression"]
[run]
draws = 50
"""


@dataclass(frozen=True)
class Story:
    """A workspace after a run in spring, the same run again, and one in summer."""

    workspace: Workspace
    spring: dict[str, Any]
    again: dict[str, Any]
    summer: dict[str, Any]


def _run(workspace: Workspace) -> dict[str, Any]:
    return run(workspace, actor=ACTOR, progress=Silent())


@pytest.fixture(scope="module")
def story(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("ledger")
    (folder / "cip.toml").write_text(SETTINGS, encoding="utf-8")
    lines = pacsv.read_csv(shop / "lines.csv")
    early = [str(at) < SPLIT for at in lines["InvoiceDate"].to_pylist()]
    pacsv.write_csv(lines.filter(early), folder / "lines.csv")
    workspace = Workspace(folder)
    spring, again = _run(workspace), _run(workspace)
    pacsv.write_csv(lines, folder / "lines.csv")
    return Story(workspace, spring, again, _run(workspace))


@pytest.fixture
def copied(story: Story, tmp_path: Path) -> Workspace:
    shutil.copytree(story.workspace.root, tmp_path / "copy")
    return Workspace(tmp_path / "copy")


def _bought(path: Path, first: str, end: str) -> set[str]:
    """Customers with an invoice above nothing in `[first, end)`, counted by hand."""
    paid: Counter[tuple[str, str]] = Counter()
    for row in pacsv.read_csv(path).to_pylist():
        if first <= str(row["InvoiceDate"]) < end:
            paid[row["Customer ID"], row["Invoice"]] += row["Quantity"] * row["Price"]
    return {who for (who, _), amount in paid.items() if amount > 0}


def _entries(found: Ledger) -> list[dict[str, Any]]:
    return [entry.as_dict() for entry in found.entries]


def _written(workspace: Workspace, statement: str) -> None:
    with sqlite3.connect(workspace.root / "records.sqlite") as db:
        assert db.execute(statement).rowcount == 1


def test_a_run_seals_what_it_publishes(story: Story) -> None:
    entry = story.spring["ledger"][-1]
    folder = story.workspace.published / story.spring["run_id"]
    assert entry["run_id"] == story.spring["run_id"]
    assert entry["state"] == "waiting"
    assert entry["forecast"]["scores_sha256"] == scores_seal(
        pq.read_table(folder / "customers.parquet")
    )
    assert entry["forecast"]["customers"] == story.spring["totals"]["customers"]
    money = story.spring["totals"]["expected_value_loss"]["value"]
    assert entry["forecast"]["loss"]["value"] == pytest.approx(money)
    assert entry["due"] == "2024-06-30"


def test_equal_inputs_give_byte_equal_scores(story: Story) -> None:
    first, second = (s["ledger"][-1]["forecast"] for s in (story.spring, story.again))
    assert first == second
    assert first["scores_sha256"] != story.summer["ledger"][-1]["forecast"]["scores_sha256"]


def test_what_has_fallen_due_is_judged_by_the_label_on_the_published_customers(
    story: Story,
) -> None:
    spring, again, summer = _entries(ledger(story.workspace, actor=ACTOR))
    assert (spring["state"], again["state"], summer["state"]) == ("judged", "judged", "waiting")
    outcome = spring["outcome"]
    assert outcome["customers"] == spring["forecast"]["customers"]
    assert outcome["not_found"] == 0
    assert outcome["judged_by"] == story.summer["run_id"]
    bought = _bought(story.workspace.root / "lines.csv", SPLIT, "2024-06-30")
    listed = pq.read_table(
        story.workspace.published / story.spring["run_id"] / "customers.parquet"
    ).to_pylist()
    left = [row for row in listed if row["customer_id"] not in bought]
    assert outcome["leavers"] == len(left)
    assert outcome["loss"] == pytest.approx(sum(row["clv_if_retained"] for row in left))
    low, high = outcome["forecast_leavers"]["low"], outcome["forecast_leavers"]["high"]
    assert outcome["leavers_inside"] == (low <= len(left) <= high)


def test_the_closing_headlines_say_what_came_due(story: Story) -> None:
    made = "Made at the end of 2024-04-30, for the days up to 2024-06-29"
    said = [line for line in headlines(story.summer) if line.startswith(made)]
    assert len(said) == 2
    for word in ("expected to leave", "left:", "Expected loss", "lost", "EUR"):
        assert word in said[0]
    assert not [line for line in headlines(story.spring) if line.startswith("Made at ")]


def test_the_commands_say_it_in_lines_and_as_json(story: Story, cip) -> None:
    told = cip("ledger", "-w", story.workspace.root)
    assert told.returncode == 0, told.stderr
    assert "known when the data hold all of" in told.stdout
    assert "3 forecasts; every line and every published list fits." in told.stdout
    found = json.loads(cip("ledger", "-w", story.workspace.root, "--json").stdout)
    assert found["fits"]
    assert [entry["state"] for entry in found["entries"]] == ["judged", "judged", "waiting"]


def test_a_changed_score_file_is_named(story: Story, copied: Workspace, cip) -> None:
    path = copied.published / story.again["run_id"] / "customers.parquet"
    table = pq.read_table(path)
    p = table["p_churn"].to_numpy().copy()
    p[3] += 1e-12
    where = table.column_names.index("p_churn")
    pq.write_table(table.set_column(where, "p_churn", [p]), path)
    told = cip("ledger", "-w", copied.root)
    assert told.returncode == 1
    assert f"Line 2 (forecast of run {story.again['run_id']}) does not fit" in told.stdout
    assert "does not hold the scores that were sealed" in told.stdout


def test_a_changed_line_is_named(copied: Workspace) -> None:
    _written(copied, "update ledger set content = replace(content, '5', '6') where line = 1")
    found = ledger(copied, actor=ACTOR)
    (said,) = found.misfits
    assert said.startswith("Line 1 (forecast of run")
    assert "it was changed after it was written" in said
    assert len(found.entries) == 2


def test_a_line_that_is_no_json_any_more_is_named_like_any_other(copied: Workspace) -> None:
    _written(copied, "update ledger set content = 'gone' where line = 3")
    assert "Line 3 (outcome" in ledger(copied, actor=ACTOR).misfits[0]


def test_a_line_that_was_taken_out_is_noticed_also_at_the_end(copied: Workspace) -> None:
    _written(copied, "delete from ledger where line = 5")
    (said,) = ledger(copied, actor=ACTOR).misfits
    assert said.startswith("The forecast of run")


def test_a_run_does_not_judge_a_list_that_is_not_the_sealed_one(
    story: Story, copied: Workspace
) -> None:
    for run_id in (story.spring["run_id"], story.again["run_id"]):
        (copied.published / run_id / "customers.parquet").write_bytes(b"PAR1 no more PAR1")
    _written(copied, "delete from ledger where line = 4")
    _written(copied, "delete from ledger where line = 3")
    summary = _run(copied)
    reasons = [entry["reason"] for entry in summary["ledger"][:2]]
    assert all("cannot be read" in reason for reason in reasons), reasons
    assert [entry["state"] for entry in summary["ledger"][:2]] == ["waiting", "waiting"]
