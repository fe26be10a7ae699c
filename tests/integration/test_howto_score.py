"""The how-to "Score a file, ..." does what it says: its commands, in order, in a fresh folder."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(900)  # two whole runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, follow) -> Path:
    where = tmp_path_factory.mktemp("howto")
    assert len(follow("score-and-look-back", where)) == 8
    return where


def test_every_customer_of_the_page_is_scored(folder: Path) -> None:
    with (folder / "scores.csv").open(newline="") as file:
        scored = list(csv.DictReader(file))
    assert list(scored[0])[:3] == ["customer_id", "p_churn", "churn_band"]
    assert len(scored) > 100


def test_the_unknown_id_of_the_page_has_a_note(folder: Path) -> None:
    with (folder / "known.csv").open(newline="") as file:
        last = list(csv.DictReader(file))[-1]
    assert last["customer_id"] == "nobody"
    assert "did not score" in last["note"]


def test_the_first_forecast_of_the_page_was_judged(folder: Path) -> None:
    found = json.loads((folder / "ledger.json").read_text(encoding="utf-8"))
    assert found["fits"]
    assert [entry["state"] for entry in found["entries"]] == ["judged", "waiting"]
