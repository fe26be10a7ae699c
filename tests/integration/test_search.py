"""A whole run that searches for settings, and what it leaves behind."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cip.flows.demo import write_streaming
from cip.flows.headlines import headlines


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, cip) -> tuple[Path, dict[str, Any], str]:
    folder = tmp_path_factory.mktemp("search")
    write_streaming(folder / "data", customers=900)
    made = cip("init", folder / "ws", "--preset", "streaming", "--data", folder / "data")
    assert made.returncode == 0, made.stderr
    path = folder / "ws" / "cip.toml"
    given = 'candidates = ["logistic_regression"]\nsearch_seconds = 900\n'
    given += 'origins = 1\npromote = "weak"\n'
    text = path.read_text(encoding="utf-8").replace("[churn]\n", f"[churn]\n{given}", 1)
    assert given in text
    path.write_text(f"{text}\n[run]\ndraws = 100\n", encoding="utf-8")
    ended = cip("run", "-w", folder / "ws", "--json")
    assert ended.returncode == 0, ended.stderr
    return folder / "ws", json.loads(ended.stdout), ended.stderr


def test_the_summary_says_what_was_tried_and_what_came_of_it(searched) -> None:
    _, summary, _ = searched
    found = summary["churn"]["search"]
    (one,) = found["found"]
    assert one["name"] == "logistic_regression"
    assert one["tried"] == 8  # all there are: it need not use up its seconds
    assert found["seconds"] < found["budget_seconds"] == 900
    assert any(line.startswith("Settings: ") for line in headlines(summary))
    best = {"logistic_regression": one["best"]} if one["departs"] else {}
    assert summary["churn"]["settings"] == best
    assert tomllib.loads(found["toml"]) == ({"churn": {"settings": best}} if best else {})


def test_the_model_carries_its_settings_with_its_lineage(searched) -> None:
    workspace, summary, _ = searched
    folder = workspace / "published" / summary["run_id"] / "model"
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["settings"] == summary["churn"]["settings"]


def test_an_earlier_date_is_looked_at_where_a_model_serves(searched) -> None:
    _, summary, _ = searched
    verdict = summary["churn"]["steadiness"]
    if summary["churn"]["promoted"]:
        assert len(summary["churn"]["origins"]) == 1
        assert verdict["word"] in {"held steady", "drifted"}
    else:
        assert verdict["word"] == "not looked at"
    assert any(line.startswith("Order through time: ") for line in headlines(summary))
