"""A run looks at the same customers whether days are stored or not, and after whatever happened."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.flows.actors import local_owner
from cip.flows.identity import merge_customers, unmerge_customers
from cip.flows.ingest import load
from cip.flows.job import Job, open_job
from cip.flows.look import Looked, look, open_lake
from cip.flows.steps import Silent
from cip.flows.suppress import KEY_VARIABLE, suppress
from cip.settings import Workspace

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

START = date(2024, 1, 1)
PAYMENTS = """
[sources.payments]
path = "payments.csv"
[tables.transactions]
source = "payments"
columns.customer_id = "who"
columns.occurred_at = "at"
columns.amount = "paid"
columns.transaction_id = "number"
[snapshot]
horizon_days = 28
min_history_days = 60
[run]
store_daily_from = 0
"""


@pytest.fixture(scope="module")
def settings(players) -> str:
    return players(PAYMENTS)


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory, settings: str) -> Path:
    """A workspace that stored its days and was seen to be right; copied before it is changed."""
    workspace = fresh(tmp_path_factory.mktemp("checked"), settings)
    check(workspace)
    return workspace.root


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checked: Path) -> Workspace:
    monkeypatch.setenv(KEY_VARIABLE, "0123456789abcdef0123456789abcdef")
    shutil.copytree(checked, tmp_path, dirs_exist_ok=True)
    return Workspace(tmp_path)


def fresh(root: Path, settings: str) -> Workspace:
    """A workspace that nothing was loaded into."""
    workspace = Workspace(root)
    workspace.config_path.write_text(settings, encoding="utf-8")
    fill(workspace, days=240)
    return workspace


def fill(workspace: Workspace, days: int, *, more: tuple[str, ...] = (), price: int = 7) -> None:
    """Forty customers, each with a rhythm and an end of its own, up to this day."""
    plays, payments = ["who,at,what"], ["who,at,paid,number"]
    for number in range(40):
        for day in range(number % 9, min(days, 120 + 5 * number), 2 + number % 5):
            plays.append(f"customer-{number:02},{START + timedelta(days=day)},play")
            if day % 3 == 0:
                amount = price if day == 6 else number + day % 11
                at = START + timedelta(days=day)
                payments.append(f"customer-{number:02},{at},{amount}.25,{number}-{day}")
    for name, lines in (("plays", [*plays, *more]), ("payments", payments)):
        text = "\n".join(lines) + "\n"
        (workspace.root / f"{name}.csv").write_text(text, encoding="utf-8")


def looked_at(workspace: Workspace) -> tuple[Job, Looked]:
    """What a run sees after it has loaded what is new."""
    job = open_job(workspace, actor=local_owner(), action="run", progress=Silent())
    loaded = load(job)
    with open_lake(job, loaded) as (con, lake):
        return job, look(job, con, lake)


def plainly(workspace: Workspace) -> Looked:
    """The same from the events alone."""
    settings = workspace.config_path.read_text(encoding="utf-8")
    other = settings.replace("store_daily_from = 0", "store_daily_from = 1000000")
    workspace.config_path.write_text(other, encoding="utf-8")
    try:
        job, looked = looked_at(workspace)
        assert "daily" not in {step["name"] for step in job.steps.done}
        return looked
    finally:
        workspace.config_path.write_text(settings, encoding="utf-8")


def check(workspace: Workspace) -> None:
    job, stored = looked_at(workspace)
    assert "daily" in {step["name"] for step in job.steps.done}
    plain = plainly(workspace)
    for name in ("train", "validation", "test"):
        one, other = getattr(stored, name), getattr(plain, name)
        assert one.churned.tolist() == other.churned.tolist()
        assert one.future_value.tolist() == other.future_value.tolist()
        same(one.features, other.features)
    same(stored.score, plain.score)
    assert stored.infos == plain.infos


def same(one, other) -> None:
    assert len(one) > 0
    assert one.customer_id.tolist() == other.customer_id.tolist()
    for name, values in one.columns.items():
        np.testing.assert_array_equal(values, other.columns[name], err_msg=name)


def holding(workspace: Workspace, customer: str) -> list[str]:
    """The files in whose rows or bytes the customer is."""
    return [
        file.name
        for file in workspace.daily.iterdir()
        if customer in ids_in(file) or customer.encode() in file.read_bytes()
    ]


def ids_in(file: Path) -> set[str]:
    try:
        return set(pq.read_table(file, columns=["customer_id"])["customer_id"].to_pylist())
    except pa.ArrowInvalid:  # no Parquet file
        return set()


def parts(workspace: Workspace) -> set[str]:
    return {file.name for file in workspace.daily.glob("*.parquet")}


def test_a_day_is_added_to_what_is_stored(workspace) -> None:
    before = parts(workspace)
    late = f"customer-07,{START + timedelta(days=100)},play"
    fill(workspace, days=241, more=(late,))
    check(workspace)
    assert before < parts(workspace)


def test_changed_payments_change_what_is_stored(workspace) -> None:
    fill(workspace, days=241, price=9)
    check(workspace)


def test_a_small_lake_stores_nothing(tmp_path: Path, settings: str) -> None:
    workspace = fresh(tmp_path, settings)
    plainly(workspace)
    assert not workspace.daily.exists()


def test_merged_customers_are_one_until_they_are_two(workspace) -> None:
    assert holding(workspace, "customer-03")
    merge_customers(workspace, "customer-03", "customer-04", why="same", actor=local_owner())
    check(workspace)
    assert not holding(workspace, "customer-03")
    unmerge_customers(workspace, "customer-03", actor=local_owner())
    check(workspace)
    assert holding(workspace, "customer-03")


def test_who_is_suppressed_is_in_no_stored_file(workspace) -> None:
    (workspace.daily / "kinds-of-a-process-that-died.parquet").write_text("customer-03")
    suppress(workspace, ["customer-03"], remove=True, actor=local_owner())
    assert not holding(workspace, "customer-03")
    check(workspace)
    assert not holding(workspace, "customer-03")


def test_deleting_what_is_stored_loses_nothing(workspace) -> None:
    for file in workspace.daily.glob("*"):
        file.unlink()
    workspace.daily.rmdir()
    check(workspace)
    assert parts(workspace)
