"""A run is published whole or not at all, and is never changed afterwards."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.errors import CipError, NotFoundError
from cip.stores import published as p
from cip.stores.customers import CUSTOMER_COLUMNS, attribute_names, write_customers

SUMMARY = {"format": 1, "run_id": "r1", "totals": {"customers": 2}}


def customers(n: int = 3) -> pa.Table:
    columns: dict[str, object] = {name: [None] * n for name in CUSTOMER_COLUMNS}
    columns |= {
        "rank": range(1, n + 1),
        "customer_id": [f"C{k}" for k in range(n)],
        "p_churn": [0.5] * n,
        "expected_value_loss": [float(n - k) for k in range(n)],
        "reasons": ["[]"] * n,
        "country": ["DE"] * n,
    }
    return pa.table(columns)


def seal(published: Path, run_id: str = "r1") -> Path:
    staging = p.stage_run(published, run_id)
    p.write_summary(staging, SUMMARY)
    write_customers(staging, customers())
    p.write_table(staging, "curve", pa.table({"x": [0.0, 1.0]}))
    p.write_file(staging, "model/booster.txt", b"tree")
    return p.seal_run(staging, published, run_id)


def test_a_sealed_run_gives_back_what_was_written(tmp_path: Path) -> None:
    seal(tmp_path)
    folder = p.run_folder(tmp_path, "r1")
    assert p.read_summary(folder) == SUMMARY
    assert (folder / "model/booster.txt").read_bytes() == b"tree"
    assert pq.read_table(folder / "curve.parquet")["x"].to_pylist() == [0.0, 1.0]
    listed = pq.read_table(folder / "customers.parquet")
    assert listed["rank"].to_pylist() == [1, 2, 3]
    assert attribute_names(listed.column_names) == ["country"]


def test_the_manifest_names_every_file_and_notices_a_changed_byte(tmp_path: Path) -> None:
    folder = seal(tmp_path)
    named = json.loads((folder / "manifest.json").read_text())["files"]
    assert set(named) == {
        "run.json",
        "customers.parquet",
        "curve.parquet",
        "lookup.sqlite",
        "model/booster.txt",
    }
    assert p.damage(folder) == []
    (folder / "model/booster.txt").write_bytes(b"Tree")
    (folder / "curve.parquet").unlink()
    assert p.damage(folder) == ["curve.parquet", "model/booster.txt"]


def test_renaming_is_the_last_act_so_a_killed_seal_leaves_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(self: Path, target: Path) -> Path:
        assert (self / "manifest.json").is_file()
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        seal(tmp_path)
    with pytest.raises(NotFoundError):
        p.run_folder(tmp_path, "r1")
    assert p.sweep(tmp_path) == ["r1"]


def test_everything_is_flushed_before_the_folder_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts: list[str] = []
    flush, rename = p._to_disk, Path.rename

    def noted_flush(path: Path) -> None:
        acts.append(path.name)
        flush(path)

    def noted_rename(self: Path, target: Path) -> Path:
        acts.append("rename")
        return rename(self, target)

    monkeypatch.setattr(p, "_to_disk", noted_flush)
    monkeypatch.setattr(Path, "rename", noted_rename)
    seal(tmp_path)
    before = acts[: acts.index("rename")]
    assert {"run.json", "manifest.json", "booster.txt", "model", ".making-r1"} <= set(before)
    assert acts[acts.index("rename") + 1 :] == [tmp_path.name]


def test_a_sweep_removes_what_was_left_half_made_and_no_sealed_run(tmp_path: Path) -> None:
    folder = seal(tmp_path)
    p.write_file(p.stage_run(tmp_path, "r2"), "part", b"x")
    assert p.sweep(tmp_path) == ["r2"]
    assert [path.name for path in tmp_path.iterdir()] == ["r1"]
    assert p.damage(folder) == []
    assert p.sweep(tmp_path / "nowhere") == []


def test_a_published_run_is_not_made_again(tmp_path: Path) -> None:
    seal(tmp_path)
    with pytest.raises(CipError, match="published already"):
        p.stage_run(tmp_path, "r1")


@pytest.mark.parametrize("run_id", ["../r1", "a/b", ".making-r1", "", "..", "r" * 101])
def test_a_name_that_is_a_path_is_refused(tmp_path: Path, run_id: str) -> None:
    seal(tmp_path)
    with pytest.raises(CipError, match="cannot name a run"):
        p.stage_run(tmp_path, run_id)
    with pytest.raises(NotFoundError):
        p.run_folder(tmp_path / "below", run_id)


def test_a_summary_with_nan_or_of_another_format_is_refused(tmp_path: Path) -> None:
    staging = p.stage_run(tmp_path, "r1")
    with pytest.raises(CipError, match="not JSON"):
        p.write_summary(staging, {"format": 1, "p": math.nan})
    with pytest.raises(CipError, match="format 2"):
        p.write_summary(staging, {"format": 2})
    p.write_file(staging, "run.json", b'{"format": 7}')
    with pytest.raises(CipError, match="reads 1"):
        p.read_summary(staging)


def test_customers_out_of_order_twice_or_lacking_a_column_are_refused(tmp_path: Path) -> None:
    good = customers()
    twice = good.set_column(1, "customer_id", pa.array(["C0", "C0", "C1"]))
    for bad, said in (
        (good.take([1, 0, 2]), "order of rank"),
        (twice, "twice"),
        (good.drop_columns(["clv"]), "lack the columns clv"),
    ):
        with pytest.raises(CipError, match=said):
            write_customers(tmp_path, bad)


def test_nan_becomes_null_in_the_list(tmp_path: Path) -> None:
    table = customers().set_column(3, "p_churn", pa.array([0.5, math.nan, None]))
    write_customers(tmp_path, table)
    assert pq.read_table(tmp_path / "customers.parquet")["p_churn"].to_pylist() == [0.5, None, None]
