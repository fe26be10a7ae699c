"""A workspace that the code of an earlier commit published opens with today's code, everywhere."""

from __future__ import annotations

import csv
import sqlite3
import tarfile
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from streamlit.testing.v1 import AppTest

from cip.flows.actors import local_owner
from cip.flows.export import export
from cip.flows.headlines import headlines
from cip.flows.results import Wanted, find_customer, list_customers, open_results
from cip.flows.runs import runs
from cip.settings import WORKSPACE_VARIABLE, Workspace
from cip.stores import migrations

pytestmark = [
    pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

OWNER = local_owner()
DATA = Path(__file__).resolve().parents[1] / "data"
RUN = "20261122-224724-6c172c"


def packed(root: Path) -> Workspace:
    """The workspace as it was published, unpacked into `root`."""
    with tarfile.open(DATA / "workspace-8c600b8.tar.gz") as archive:
        archive.extractall(root, filter="data")
    return Workspace(root)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Read by every test, changed by none but for what opening it changes."""
    return packed(tmp_path_factory.mktemp("old"))


def revision(workspace: Workspace) -> str:
    with sqlite3.connect(workspace.root / "records.sqlite") as records:
        ((found,),) = records.execute("select version_num from alembic_version")
    records.close()
    return str(found)


def test_records_are_carried_to_the_newest_form_and_the_run_is_there(tmp_path: Path) -> None:
    workspace = packed(tmp_path)
    assert revision(workspace) == "0002"
    (listed,) = runs(workspace, actor=OWNER, limit=5)
    assert (listed.run.run_id, listed.is_current) == (RUN, True)
    newest = ScriptDirectory(str(Path(migrations.__path__[0]))).get_current_head()
    assert revision(workspace) == newest != "0002"


def test_every_customer_is_listed_and_the_riskiest_has_reasons(old: Workspace) -> None:
    results = open_results(old, actor=OWNER)
    assert results.run_id == RUN
    everybody = list_customers(results, Wanted(), actor=OWNER, size=1_000).customers
    assert len(everybody) == results.summary["totals"]["customers"] > 50
    riskiest = max(everybody, key=lambda who: who.p_churn)
    assert find_customer(results, riskiest.customer_id, actor=OWNER).reasons
    assert all(headlines(results.summary))


@pytest.mark.parametrize("page", ["overview", "lookup", "clusters", "performance", "about", "data"])
def test_every_page_opens(old: Workspace, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(old.root))
    script = f"from cip.faces.dashboard.screens import {page}\n{page}.page()"
    app = AppTest.from_string(script, default_timeout=60)
    results = open_results(old, actor=OWNER)
    first = list_customers(results, Wanted(), actor=OWNER).customers[0]
    app.query_params["customer"] = first.customer_id
    app.run()
    assert not app.exception
    html = " ".join(str(block.proto.body) for block in app.get("html"))
    assert html
    if page == "lookup":
        assert first.customer_id in html


def test_the_run_is_exported_with_its_models(old: Workspace, tmp_path: Path) -> None:
    rows = export(old, tmp_path, actor=OWNER)
    with (tmp_path / "churn_scored.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == rows["churn_scored.csv"] > 50
    assert (tmp_path / "models").is_dir()
