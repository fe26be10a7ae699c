"""The commands as a user types them, on a small simulated shop."""

from __future__ import annotations

import csv
import json
import math
import shutil
from pathlib import Path

import pytest

from cip.flows.actors import local_owner
from cip.flows.export import export
from cip.flows.threshold import save_threshold
from cip.models.churn.model import from_artefacts
from cip.models.recommend.popularity import Popularity
from cip.settings import Workspace
from cip.stores.published import damage
from cip.stores.registry import read_artefacts


def test_a_run_publishes_churn_value_and_what_is_at_stake(ran) -> None:
    _, summary = ran
    assert summary["churn"]["verdicts"]["signal"]["word"] == "useful"
    assert summary["churn"]["champion"] in {"logistic_regression", "lightgbm", "xgboost"}
    for model in summary["churn"]["models"]:
        auc = model["test"]["roc_auc"]
        if model["name"] != "base_rate":
            assert auc["low"] < auc["value"] < auc["high"]
        assert list(model["test"])[-1] == "accuracy"
    loss = summary["totals"]["expected_value_loss"]
    assert 0 < loss["low"] < loss["value"] < loss["high"]
    assert (
        sum(s["customers"] for s in summary["priority_segments"]) == summary["totals"]["customers"]
    )
    assert len(summary["churn"]["features"]) >= 30


def test_the_published_files_are_whole_and_the_list_adds_up(ran) -> None:
    shop, summary = ran
    folder = shop / "published" / summary["run_id"]
    assert damage(folder) == []
    import pyarrow.parquet as pq

    customers = pq.read_table(folder / "customers.parquet").to_pylist()
    assert len(customers) == summary["totals"]["customers"]
    at_stake = sum(row["expected_value_loss"] for row in customers)
    assert at_stake == pytest.approx(summary["totals"]["expected_value_loss"]["value"])
    for row in customers[:50]:
        points = sum(reason["points"] for reason in json.loads(row["reasons"]))
        assert points == pytest.approx(row["p_churn"] - summary["churn"]["base_p"], abs=1e-6)
        assert row["clv_if_retained"] >= row["clv"]
        assert row["expected_value_loss"] == pytest.approx(row["p_churn"] * row["clv_if_retained"])


def test_a_second_run_on_the_same_file_loads_nothing_and_finds_the_same(ran, cip) -> None:
    shop, summary = ran
    ended = cip("run", "-w", shop, "--json")
    again = json.loads(ended.stdout)
    assert again["run_id"] != summary["run_id"]
    for part in ("churn", "value", "totals", "cells"):
        assert again[part] == summary[part]
    assert again["data"]["versions"] == summary["data"]["versions"]


def test_runs_lists_versions_metrics_with_intervals_and_verdicts(ran, cip) -> None:
    shop, summary = ran
    listed = json.loads(cip("runs", "-w", shop, "--json").stdout)
    entry = next(entry for entry in listed if entry["run_id"] == summary["run_id"])
    assert entry["state"] == "published"
    assert entry["data_versions"] == summary["data"]["versions"]
    assert entry["churn"]["verdicts"]["choice"]["sentence"]
    auc = entry["churn"]["models"][0]["test"]["roc_auc"]
    assert {"value", "low", "high", "level"} <= set(auc)
    assert sum(entry["is_current"] for entry in listed) == 1
    assert summary["run_id"] in cip("runs", "-w", shop).stdout


def test_lookup_says_why_in_sentences(ran, cip) -> None:
    shop, summary = ran
    import pyarrow.parquet as pq

    table = pq.read_table(shop / "published" / summary["run_id"] / "customers.parquet")
    customer_id = table["customer_id"][0].as_py()
    card = json.loads(cip("lookup", customer_id, "-w", shop, "--json").stdout)
    assert card["rank"] == 1
    assert card["reasons"]
    said = cip("lookup", customer_id, "-w", shop).stdout
    assert "points" in said
    assert "EUR" in said
    assert not any(feature["name"] in said for feature in summary["churn"]["features"])


def test_an_unknown_customer_is_one_clear_line_and_json_when_asked(ran, cip) -> None:
    shop, _ = ran
    ended = cip("lookup", "nobody", "-w", shop)
    assert ended.returncode == 1
    assert ended.stderr.startswith("F-202: ")
    assert "Traceback" not in ended.stderr
    told = json.loads(cip("lookup", "nobody", "-w", shop, "--json").stdout)
    assert told["ok"] is False
    assert told["error"]["code"] == "F-202"


def test_export_writes_lists_that_add_up_and_describes_every_column(ran, cip, tmp_path) -> None:
    shop, summary = ran
    out = tmp_path / "out"
    written = json.loads(cip("export", out, "-w", shop, "--json").stdout)
    assert written["churn_scored.csv"] == summary["totals"]["customers"]
    assert written["user_features.csv"] == summary["totals"]["customers"]
    described = {row["column"] for row in _read(out / "columns.csv")}
    lists = [name for name in written if name.endswith(".csv")]
    assert {"cluster_personas.csv", "test_predictions.csv", "ratings_data.csv"} <= set(lists)
    for name in lists:
        rows = _read(out / name)
        assert len(rows) == written[name]
        if rows:
            assert set(rows[0]) <= described, name


def test_exported_models_are_safe_files_that_give_the_same_scores(ran, cip, tmp_path) -> None:
    shop, summary = ran
    for _ in range(2):  # a second export replaces the first
        assert cip("export", tmp_path, "-w", shop).returncode == 0
    files, manifest = read_artefacts(tmp_path / "models" / "churn_model")
    model = from_artefacts(manifest["name"], files)
    features = _read(tmp_path / "user_features.csv")
    wanted = {
        row["customer_id"]: float(row["p_churn"]) for row in _read(tmp_path / "churn_scored.csv")
    }
    kinds = {f["name"]: f["kind"] for f in summary["churn"]["features"]}
    explainer = json.loads((tmp_path / "models" / "explainer.json").read_text())
    for row in features[:40]:
        values = {
            name: (float(row[name]) if row[name] else None)
            if kinds[name] == "number"
            else row[name]
            for name in model.features
        }
        p = 1 / (1 + math.exp(-model.margin_one(values)))
        assert p == pytest.approx(wanted[row["customer_id"]], rel=1e-12)
        base, contributions = model.contributions_one(values)
        assert base == explainer["base_margin"]
        assert base + contributions.sum() == pytest.approx(model.margin_one(values), abs=1e-5)
    names = json.loads((tmp_path / "models" / "feature_columns.json").read_text())["features"]
    assert [feature["name"] for feature in names] == list(model.features)
    assert explainer["base_p"] == summary["churn"]["base_p"]
    assert explainer["base_p"] == pytest.approx(1 / (1 + math.exp(-explainer["base_margin"])))
    lists, _ = read_artefacts(tmp_path / "models" / "recommender")
    assert len(Popularity.from_artefacts(lists).order) > 0


def test_an_export_leaves_no_model_of_an_earlier_run_behind(ran, cip, tmp_path) -> None:
    shop, _ = ran
    later, out = tmp_path / "later", tmp_path / "out"
    shutil.copytree(shop, later)
    assert cip("export", out, "-w", later).returncode == 0
    (out / "notes.txt").write_text("mine")
    for lists in (later / "published").glob("*/recommender"):
        shutil.rmtree(lists)
    assert cip("export", out, "-w", later).returncode == 0
    assert not (out / "models" / "recommender").exists()
    assert (out / "models" / "churn_model" / "manifest.json").is_file()
    assert (out / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("written", [1, 4])
def test_an_export_that_stopped_half_way_can_be_made_again(
    ran, tmp_path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    shop, _ = ran
    out, write, names = tmp_path / "out", Path.write_text, []

    def full_disk(path: Path, text: str, **how: str) -> int:
        names.append(path.name)
        if len(names) > written:
            raise OSError("no space left on device")
        return write(path, text, **how)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", full_disk)
        with pytest.raises(OSError, match="no space"):
            export(Workspace(shop), out, actor=local_owner())
    assert len(list(out.iterdir())) == written
    assert export(Workspace(shop), out, actor=local_owner())["churn_scored.csv"] > 0


@pytest.mark.parametrize("name", ["findings.csv", "models/explainer.json"])
def test_a_file_that_no_export_wrote_is_never_overwritten(ran, cip, tmp_path, name: str) -> None:
    shop, _ = ran
    mine = tmp_path / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    refused = cip("export", tmp_path, "-w", shop)
    assert refused.returncode != 0
    assert refused.stderr.startswith("F-211: ")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]
    assert mine.read_text() == "mine"


def test_check_finds_a_bad_row_with_its_number_and_stores_nothing(shop, cip, tmp_path) -> None:
    bad = _copy(shop, tmp_path / "bad")
    lines = (bad / "lines.csv").read_text(encoding="utf-8").splitlines()
    names = lines[0].replace('"', "").split(",")
    cells = lines[3].split(",")
    cells[names.index("Quantity")] = "many"
    lines[3] = ",".join(cells)
    (bad / "lines.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    ended = cip("check", "-w", bad)
    assert ended.returncode == 1
    assert "many" in ended.stdout
    assert "row 3" in ended.stdout
    refused = cip("run", "-w", bad)
    assert refused.returncode == 1
    assert "C-100" in refused.stderr
    assert not (bad / "lake").exists()


def test_an_empty_folder_says_which_command_makes_a_workspace(cip, tmp_path) -> None:
    ended = cip("run", "-w", tmp_path)
    assert ended.returncode == 3
    assert "cip init" in ended.stderr


def test_a_workspace_without_a_run_says_which_command_makes_one(shop, cip, tmp_path) -> None:
    fresh = _copy(shop, tmp_path / "fresh")
    ended = cip("lookup", "C1", "-w", fresh)
    assert ended.returncode == 3
    assert "cip run" in ended.stderr


def test_init_check_and_config_check_lead_to_a_run(shop, cip, tmp_path) -> None:
    payments = tmp_path / "payments.csv"
    payments.write_text(
        "customer_id,transaction_id,occurred_at,amount\nC1,T1,2024-01-01,10\nC2,T2,2024-02-01,20\n",
        encoding="utf-8",
    )
    workspace = tmp_path / "mine"
    assert cip("init", workspace, "--data", payments).returncode == 0
    assert "is right" in cip("config", "check", "-w", workspace).stdout
    assert "transactions: 2 rows" in cip("check", "-w", workspace).stdout
    again = cip("init", workspace, "--data", payments)
    assert again.returncode == 2
    assert "exists already" in again.stderr
    short = cip("run", "-w", workspace)
    assert short.returncode == 1
    assert "C-201" in short.stderr


def test_a_longer_file_adds_only_its_new_rows_known_from_now_on(shop, cip, tmp_path) -> None:
    grown = _copy(shop, tmp_path / "grown")
    whole = (grown / "lines.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (grown / "lines.csv").write_text("".join(whole[:-20]), encoding="utf-8")
    first = json.loads(cip("ingest", "-w", grown, "--json").stdout)["tables"]
    (grown / "lines.csv").write_text("".join(whole), encoding="utf-8")
    second = json.loads(cip("ingest", "-w", grown, "--json").stdout)["tables"]
    assert second["interactions"]["new"] == 20
    assert second["interactions"]["same"] == first["interactions"]["new"]
    third = json.loads(cip("ingest", "-w", grown, "--json").stdout)["tables"]
    assert third["interactions"]["new"] == third["transactions"]["new"] == 0
    assert third["interactions"]["version"] == second["interactions"]["version"]


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _copy(shop: Path, target: Path) -> Path:
    target.mkdir()
    for name in ("lines.csv", "cip.toml"):
        shutil.copy(shop / name, target / name)
    return target


def test_a_threshold_saved_on_the_page_is_the_next_run_s(ran, cip, tmp_path) -> None:
    shop, first = ran
    assert first["churn"]["threshold"] != 0.35
    later = tmp_path / "saved"
    shutil.copytree(shop, later)
    save_threshold(Workspace(later), 0.35, actor=local_owner())
    summary = json.loads(cip("run", "-w", later, "--json").stdout)
    assert summary["churn"]["threshold"] == 0.35
