"""A whole run with attributes that are called as nobody should call them, in both shapes."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from tests.integration.invoices import EUROS, INVOICES

from cip.contract.guess.toml import value_of
from cip.engine.features import CATALOGUE
from cip.errors import CipError
from cip.flows.actors import local_owner
from cip.flows.decide import beside_results
from cip.flows.export import export
from cip.flows.ingest import ingest
from cip.flows.propose import look_at, propose, write
from cip.flows.results import Customer, Wanted, list_customers, open_results
from cip.flows.run import run
from cip.flows.steps import Silent
from cip.settings import WORKSPACE_VARIABLE, Workspace
from cip.worlds.plain import PlainConfig, simulate_plain
from cip.worlds.shop import ShopConfig, invoice_lines, simulate_shop

pytestmark = [
    pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

OWNER = local_owner()
OF_THE_CATALOGUE = CATALOGUE[0].info.name
NAMES = (
    *("first", "count", "customer_id ", "day", "age", "p_churn", "segment", "risk", "value"),
    *("index", "select", '"quoted"', "'single'", "a.b", "a b", "{v}", "{usual}", "%s", "=cmd"),
    *("<script>", "\N{GRINNING FACE}", "x" * 300, "Rank", "clv", "key", "has_left", "n", "-1"),
    *("churned", "future_value", "cutoff_day", "known_day", "customer_id_right", "said", "votes"),
    *("_name", "label Churn", "attribute age", "line\nbreak", "back\\slash", "plays"),
)
TAKEN = ("known_at", "cutoff", "name", "bucket", "revision", "Row_Key", "CUSTOMER_ID")
HEAD = f"""{EUROS.format(name="Names")}[sources.people]
path = "people.csv"
[tables.customers]
source = "people"
columns.customer_id = "Customer ID"
"""
RUN = """
[run]
draws = 100
[segments]
k = 3
"""
EVENTS = f"""{INVOICES}[snapshot]
horizon_days = 60
active_days = 120
max_cutoffs = 3
[churn]
candidates = ["logistic_regression"]
"""
PLAIN = """
[churn]
candidates = ["logistic_regression"]
label = { kind = "given", column = "Churn", left = ["Yes"] }
"""


@dataclass(frozen=True)
class Case:
    """A run, and what the file says: attribute to customer to value."""

    workspace: Workspace
    summary: dict[str, Any]
    said: dict[str, dict[str, Any]]


def people(root: Path, ids: Sequence[str], more: dict[str, Any], names: Sequence[str]) -> dict:
    """`people.csv` with a number or a text under each name; what it says."""
    rng = np.random.default_rng(1)
    columns: dict[str, Sequence[Any]] = {"Customer ID": list(ids), **more}
    for place, name in enumerate(names):
        texts = rng.choice(["=1+1", "b", "<b>c</b>"], len(ids)).tolist()
        columns[name] = texts if place % 2 else np.round(rng.normal(50, 9, len(ids)), 1).tolist()
    with (root / "people.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(columns)
        out.writerows(zip(*columns.values(), strict=True))
    return {name: dict(zip(ids, columns[name], strict=True)) for name in names}


def table(root: Path, names: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """One customer table without time."""
    world = simulate_plain(PlainConfig(customers=300, strength=3.0))
    known = {name: world.columns[name].tolist() for name in ("Tenure", "Churn")}
    said = people(root, world.columns["customerID"].tolist(), known, names)
    return HEAD + attributes(("Tenure", "Churn", *names)) + PLAIN + RUN, said


def events(root: Path, names: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Payments, and a customer table beside them."""
    lines = dict(invoice_lines(simulate_shop(ShopConfig(customers=400, days=500, seed=3))))
    with (root / "lines.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(lines)
        out.writerows(zip(*map(np.ndarray.tolist, map(np.asarray, lines.values())), strict=True))
    ids = sorted(set(np.asarray(lines["Customer ID"]).astype(str).tolist()))
    return HEAD + attributes(names) + EVENTS + RUN, people(root, ids, {}, names)


def attributes(names: Sequence[str]) -> str:
    """Every column under its own name, every second one of `NAMES` a number."""
    kinds = {name: "number" for name in names if name in NAMES[::2]}
    found = {name: name for name in names}
    return f"attributes = {value_of(found)}\nattribute_types = {value_of(kinds)}\n"


SHAPES: dict[str, Callable[[Path, Sequence[str]], tuple[str, dict[str, Any]]]] = {
    "table": table,
    "events": events,
}


@pytest.fixture(scope="module", params=sorted(SHAPES))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Each shape, every column under the name that the file gives it."""
    workspace = Workspace(tmp_path_factory.mktemp(request.param))
    names = (*NAMES, *((OF_THE_CATALOGUE,) if request.param == "table" else ()))
    config, said = SHAPES[request.param](workspace.root, names)
    workspace.config_path.write_text(config, encoding="utf-8")
    return Case(workspace, run(workspace, actor=OWNER, progress=Silent()), said)


def everybody_of(case: Case) -> Sequence[Customer]:
    results = open_results(case.workspace, actor=OWNER)
    return list_customers(results, Wanted(), actor=OWNER, size=1_000).customers


def test_every_customer_has_the_values_of_the_file(case: Case) -> None:
    everybody = everybody_of(case)
    assert len(everybody) > 200
    called = dict(zip(case.said, beside_results(case.said), strict=True))
    for name, by_customer in case.said.items():
        seen = {who.customer_id: who.attributes[called[name]] for who in everybody}
        assert seen == {who: by_customer[who] for who in seen}, name


def test_every_attribute_is_a_feature_and_a_fact_of_its_own(case: Case) -> None:
    features = {feature["name"]: feature for feature in case.summary["churn"]["features"]}
    assert set(case.said) <= set(features)
    facts = [fact["fact"] for fact in case.summary["churn"]["importance"]]
    assert len(facts) == len(set(facts))


def test_exports_hold_the_columns_and_run_nothing(case: Case, tmp_path: Path) -> None:
    export(case.workspace, tmp_path, actor=OWNER)
    with (tmp_path / "churn_scored.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    called = beside_results(case.said)
    neutral = {f"'{name}" if name[0] in "=-" else name for name in called}
    assert neutral <= set(header)
    assert {"'=1+1", "b", "<b>c</b>"} == {row[header.index("count")] for row in rows}
    for file in tmp_path.glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as opened:
            cells = [cell for row in csv.reader(opened) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "@"))], file.name


@pytest.mark.parametrize("page", ["overview", "lookup", "clusters", "performance", "about", "data"])
def test_pages_show_the_names_as_text(
    case: Case, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(case.workspace.root))
    script = f"from cip.faces.dashboard.screens import {page}\n{page}.page()"
    app = AppTest.from_string(script, default_timeout=60)
    app.query_params["customer"] = next(iter(case.said["first"]))
    app.run()
    assert not app.exception
    html = " ".join(str(block.proto.body) for block in app.get("html"))
    assert html
    assert "<script>" not in html
    assert "<b>c</b>" not in html


@pytest.mark.parametrize("name", TAKEN)
def test_a_name_that_the_product_writes_is_refused_by_that_name(tmp_path: Path, name: str) -> None:
    config, _ = table(tmp_path, ())
    config = config.replace("attributes = { ", f'attributes = {{ {name} = "Tenure", ')
    (tmp_path / "cip.toml").write_text(config, encoding="utf-8")
    with pytest.raises(CipError, match=rf"tables\.customers\.attributes.*'{name}'") as refused:
        ingest(Workspace(tmp_path), actor=OWNER, progress=Silent())
    assert refused.value.code == "C-116"


def test_a_feature_of_the_catalogue_keeps_its_name(tmp_path: Path) -> None:
    config, _ = events(tmp_path, [OF_THE_CATALOGUE.upper()])
    (tmp_path / "cip.toml").write_text(config, encoding="utf-8")
    with pytest.raises(CipError, match=OF_THE_CATALOGUE.upper()) as refused:
        run(Workspace(tmp_path), actor=OWNER, progress=Silent())
    assert refused.value.code == "C-204"


def test_columns_that_differ_in_capitals_only_are_refused_by_file_and_name(tmp_path: Path) -> None:
    config, _ = table(tmp_path, ["Shade", "shade"])
    (tmp_path / "cip.toml").write_text(config.replace("shade", "hue", 1), encoding="utf-8")
    with pytest.raises(CipError, match=r"people\.csv has columns 'Shade' and 'shade'") as refused:
        ingest(Workspace(tmp_path), actor=OWNER, progress=Silent())
    assert refused.value.code == "C-006"
    (tmp_path / "cip.toml").write_text(config, encoding="utf-8")
    with pytest.raises(CipError, match="'Shade' and 'shade' differ in capitals only"):
        ingest(Workspace(tmp_path), actor=OWNER, progress=Silent())


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_what_is_proposed_has_clean_names_and_loads(shape: str, tmp_path: Path) -> None:
    names = (
        *NAMES[::2],
        "known_at",
        "cutoff",
        "bucket",
        "revision",
        "original_id",
        OF_THE_CATALOGUE,
    )
    SHAPES[shape](tmp_path, names)
    files = [str(path) for path in sorted(tmp_path.glob("*.csv"))]
    look = look_at(files, tmp_path, actor=OWNER)
    proposal = propose(look)
    (customers,) = [t for t in proposal.tables if t.name == "customers"]
    assert len(customers.attributes) > 15
    assert all(re.fullmatch(r"\w+", name) for name in customers.attributes)
    if shape == "events":
        assert OF_THE_CATALOGUE not in customers.attributes
    loaded = ingest(write(look, proposal, actor=OWNER), actor=OWNER, progress=Silent())
    assert loaded.tables["customers"].arrival.new > 100
