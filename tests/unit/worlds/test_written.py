"""Worlds as files: the same for the same seed, with their truth apart and out of everyone's way."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from cip import columns as c
from cip.flows.simulated import TRUTH_FOLDER, write_shop, write_streaming

SOURCE = Path(__file__).resolve().parents[3] / "src" / "cip"
WRITER = SOURCE / "flows" / "simulated.py"
CUSTOMERS = 300
# what joins a truth table to the data
KEYS = {c.CUSTOMER_ID, c.ITEM_ID, c.OCCURRED_AT, c.STARTED_AT}
WRITERS = [write_streaming, write_shop]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    made: dict[tuple[str, int, int], Path] = {}

    def write(writer: Callable[..., None], seed: int = 7, copy: int = 0) -> Path:
        key = writer.__name__, seed, copy
        if key not in made:
            made[key] = tmp_path_factory.mktemp(writer.__name__)
            writer(made[key], CUSTOMERS, seed=seed)
        return made[key]

    return write


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def columns_of(folder: Path) -> dict[str, set[str]]:
    return {path.stem: set(pq.read_schema(path).names) for path in folder.glob("*.parquet")}


@pytest.mark.parametrize("writer", WRITERS)
def test_equal_seeds_give_equal_bytes_and_other_seeds_others(writer, written):
    one, same, other = (
        contents(written(writer, seed, copy)) for seed, copy in ((7, 0), (7, 1), (8, 0))
    )
    assert one == same
    assert not {name for name in one if one[name] == other[name]}
    assert set(one) == set(other)


@pytest.mark.parametrize("writer", WRITERS)
def test_no_column_of_the_truth_is_in_the_data(writer, written):
    folder = written(writer)
    data, truth = columns_of(folder), columns_of(folder / TRUTH_FOLDER)
    assert set(truth) & set(data)
    told = set.union(*data.values())
    hidden = set.union(*truth.values()) - KEYS
    assert not hidden & told


def test_nothing_in_the_product_reads_worlds_or_their_truth():
    inside = [SOURCE / "worlds", WRITER]
    for path in SOURCE.rglob("*.py"):
        if any(path == own or own in path.parents for own in inside):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [a.name for a in node.names] if isinstance(node, ast.Import) else []
            assert not any(name.startswith("cip.worlds") for name in modules), path
            text = node.value if isinstance(node, ast.Constant) else None
            assert text not in {TRUTH_FOLDER, f"{TRUTH_FOLDER}/"}, path


@pytest.mark.parametrize("name", ["streaming", "generic", "online-retail", "netflix-2025"])
def test_no_preset_names_the_truth(name: str):
    text = (SOURCE / "flows" / "presets" / f"{name}.toml").read_text(encoding="utf-8")
    assert f"{TRUTH_FOLDER}/" not in text


def test_each_truth_row_of_treatments_and_impressions_has_its_row_in_the_data(written):
    folder = written(write_streaming)
    treatments = pq.read_table(folder / "treatments.parquet")
    truth = pq.read_table(folder / TRUTH_FOLDER / "treatments.parquet")
    for key in (c.CUSTOMER_ID, c.OCCURRED_AT):
        assert treatments[key].equals(truth[key])
    assert treatments.num_rows > 100
    rows = pq.read_table(folder / "interactions.parquet").to_pylist()
    shown = sorted(
        (row[c.OCCURRED_AT], row[c.CUSTOMER_ID], row[c.VALUE], row[c.ITEM_ID])
        for row in rows
        if row[c.KIND] in {"impression", "click"}
    )
    impressions = pq.read_table(folder / TRUTH_FOLDER / "impressions.parquet").to_pylist()
    told = sorted(
        (row[c.OCCURRED_AT], row[c.CUSTOMER_ID], row["place"], row[c.ITEM_ID])
        for row in impressions
    )
    assert shown == told
    assert len(told) > 1_000


def test_the_truth_of_the_months_multiplies_out_to_the_spells(written):
    folder = written(write_streaming)
    months = pq.read_table(folder / TRUTH_FOLDER / "months.parquet")
    ended = pq.read_table(folder / TRUTH_FOLDER / "subscriptions.parquet")["ended_by"].to_pylist()
    for how, column in (("cancelling", "cancelled"), ("payment", "lapsed")):
        assert ended.count(how) == np.sum(months[column].to_numpy()) > 0
    hazard = json.loads((folder / TRUTH_FOLDER / "parameters.json").read_text("utf-8"))["hazard"]
    plan = dict(zip(*(pq.read_table(folder / "customers.parquet")[k].to_pylist() for k in
                      (c.CUSTOMER_ID, c.PLAN)), strict=True))  # fmt: skip
    by_plan = dict(zip(("Basic", "Standard", "Premium"), hazard["plan"], strict=True))
    of = {name: months[name].to_numpy() for name in months.column_names}
    log_odds = (
        hazard["base"]
        - hazard["dissatisfaction"] * of["satisfaction"]
        + hazard["fall"] * of["fall"]
        + hazard["failed_payment"] * of["failed_payments"]
        + hazard["newness"] * of["newness"]
        - hazard["kept_price"] * of["kept_price"]
        + [by_plan[plan[who]] for who in of[c.CUSTOMER_ID]]
        + of["voucher"]
    )
    decides = ~np.isnan(of["p_cancel"])
    stated = 1 / (1 + np.exp(-log_odds[decides]))
    assert of["p_cancel"][decides] == pytest.approx(stated, rel=1e-12)


def test_regimes_differ_in_what_vouchers_do_and_not_in_who_gets_them(tmp_path: Path):
    for regime in ("none", "sleeping_dogs"):
        write_streaming(tmp_path / regime, CUSTOMERS, regime=regime)
    none, dogs = (
        pq.read_table(tmp_path / regime / TRUTH_FOLDER / "treatments.parquet")
        for regime in ("none", "sleeping_dogs")
    )
    assert not np.any(none["uplift"].to_numpy())
    assert not np.any(none["sleeping_dog"].to_numpy())
    asleep = dogs["sleeping_dog"].to_numpy()
    assert (dogs["uplift"].to_numpy()[asleep] <= 0).all()
    assert (dogs["uplift"].to_numpy()[~asleep] >= 0).all()
    assert 0.1 < asleep.mean() < 0.4
