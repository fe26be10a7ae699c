"""A planted leak is named, kept out, and put back by hand; one that changes is seen to change."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv as pacsv
import pytest
from numpy.random import Generator

PEOPLE = """
[sources.people]
path = "people.csv"
[tables.customers]
source = "people"
columns.customer_id = "id"
attributes.country = "country"
"""
RISK = 'attributes.risk_score = "risk"\nattribute_types.risk_score = "number"\n'
TIER = 'attributes.tier = "tier"\n'
QUICK = '[churn]\ncandidates = ["logistic_regression"]\n'
Last = dict[str, tuple[datetime, str]]


def last_purchases(folder: Path) -> Last:
    """When each customer last bought, and their country."""
    found: Last = {}
    for row in pacsv.read_csv(folder / "lines.csv").to_pylist():
        if row["Quantity"] > 0:
            earlier = found.get(row["Customer ID"], (row["InvoiceDate"], ""))[0]
            found[row["Customer ID"]] = (max(earlier, row["InvoiceDate"]), row["Country"])
    return found


def write_people(folder: Path, last: Last, column: str, value: Callable[[str, bool], str]) -> None:
    """`people.csv`: id, country, and a column that is made of who has not bought for 60 days."""
    end = max(when for when, _ in last.values())
    with (folder / "people.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "country", column])
        for who, (when, country) in sorted(last.items()):
            writer.writerow([who, country, value(who, (end - when).days >= 60)])


def plant(folder: Path, shop: Path, more: str, after: str = "") -> Last:
    """The shop's workspace with customers from a file of their own."""
    folder.mkdir(parents=True)
    (folder / "lines.csv").write_bytes((shop / "lines.csv").read_bytes())
    text = (shop / "cip.toml").read_text(encoding="utf-8")
    start, end = text.index("[tables.customers]"), text.index("[tables.items]")
    text = text[:start] + PEOPLE + more + text[end:] + after
    (folder / "cip.toml").write_text(text, encoding="utf-8")
    return last_purchases(folder)


def run(cip: Any, folder: Path) -> dict[str, Any]:
    ended = cip("run", "-w", folder, "--json")
    assert ended.returncode == 0, ended.stderr
    summary: dict[str, Any] = json.loads(ended.stdout)
    return summary


def auc_of(summary: dict[str, Any], name: str) -> float:
    model = next(m for m in summary["churn"]["models"] if m["name"] == name)
    return float(model["test"]["roc_auc"]["value"])


def noisy(rng: Generator) -> Callable[[str, bool], str]:
    return lambda _, gone: f"{gone + rng.normal(0, 0.2):.4f}"


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory, shop: Path, cip) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("leaks") / "planted"
    last = plant(folder, shop, RISK)
    write_people(folder, last, "risk", noisy(np.random.default_rng(3)))
    return folder, run(cip, folder)


def test_a_risk_score_is_kept_out_and_the_model_is_as_without_it(planted, ran, cip) -> None:
    folder, summary = planted
    assert summary["leaks"]["kept_out"] == ["risk_score"]
    assert "risk_score" not in {info["name"] for info in summary["churn"]["features"]}
    _, honest = ran
    for name in ("logistic_regression", "lightgbm"):
        assert auc_of(summary, name) == pytest.approx(auc_of(honest, name), abs=1e-9)
    assert any("known_at is not mapped" in note for note in summary["leaks"]["notes"])
    told = cip("leaks", "-w", folder)
    assert told.stdout.startswith("risk_score: kept out")
    assert json.loads(cip("leaks", "-w", folder, "--json").stdout)["kept_out"] == ["risk_score"]


def test_the_customer_s_card_and_the_files_of_the_run_do_not_use_it(planted) -> None:
    import pyarrow.parquet as pq

    folder, summary = planted
    published = folder / "published" / summary["run_id"]
    assert "risk_score" not in pq.read_schema(published / "features.parquet").names
    reasons = pq.read_table(published / "customers.parquet", columns=["reasons"])
    assert not any("isk score" in text for text in reasons["reasons"].to_pylist())
    assert "risk_score" in pq.read_schema(published / "customers.parquet").names


def test_allowed_by_hand_it_is_used_and_still_shown(shop: Path, tmp_path: Path, cip) -> None:
    folder = tmp_path / "allowed"
    last = plant(folder, shop, RISK, QUICK + 'allow = ["risk_score"]\n')
    write_people(folder, last, "risk", noisy(np.random.default_rng(3)))
    summary = run(cip, folder)
    assert summary["leaks"]["kept_out"] == []
    assert [s["state"] for s in summary["leaks"]["suspects"]] == ["allowed"]
    assert auc_of(summary, "logistic_regression") > 0.9
    assert "risk_score" in {info["name"] for info in summary["churn"]["features"]}


def test_an_attribute_that_changes_for_leavers_is_seen_once_there_are_two_loads(
    shop: Path, tmp_path: Path, cip
) -> None:
    folder, rng = tmp_path / "two", np.random.default_rng(4)
    last = plant(folder, shop, TIER, QUICK)
    tiers = {who: str(rng.choice(["A", "B", "C"])) for who in sorted(last)}
    write_people(folder, last, "tier", lambda who, _: tiers[who])
    assert cip("ingest", "-w", folder).returncode == 0

    def later(who: str, gone: bool) -> str:
        return str(rng.choice(["A", "B", "C"])) if gone else tiers[who]

    write_people(folder, last, "tier", later)
    summary = run(cip, folder)
    (suspect,) = summary["leaks"]["suspects"]
    assert (suspect["feature"], suspect["kind"]) == ("tier", "changes_later")
    assert suspect["state"] == "kept out"
    assert "0.0\u202f% of those who stayed" in suspect["sentence"]
