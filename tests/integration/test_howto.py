"""The how-to "Bring your own data" does what it says: its commands, in order, in a fresh folder."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(900)  # two whole runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, follow) -> Path:
    where = tmp_path_factory.mktemp("howto")
    assert len(follow("bring-your-own-data", where)) >= 6
    return where


def test_the_shop_of_the_page_is_mapped_as_the_page_says(folder: Path) -> None:
    config = tomllib.loads((folder / "my-shop" / "cip.toml").read_text(encoding="utf-8"))
    paid = config["tables"]["transactions"]
    assert paid["add_up"] is True
    assert paid["columns"]["customer_id"] == "Client"
    assert paid["columns"]["transaction_id"] == "Receipt No"
    assert paid["columns"]["amount"] == {"product": ["Pieces", "Unit price"]}
    assert config["tables"]["customers"]["attributes"] == {"country": "country"}
    assert config["workspace"]["currency"] == "GBP"
    assert config["snapshot"]["horizon_days"] == 60


def test_both_workspaces_of_the_page_have_a_published_run(folder: Path) -> None:
    for name in ("my-shop", "gym"):
        (run,) = (folder / name / "published").iterdir()
        assert (run / "customers.parquet").is_file(), name


def test_what_knows_the_answer_is_no_attribute_of_the_gym(folder: Path) -> None:
    config = tomllib.loads((folder / "gym" / "cip.toml").read_text(encoding="utf-8"))
    assert config["churn"]["label"] == {"kind": "given", "column": "exited", "left": ["1"]}
    assert "exit_reason" not in config["tables"]["customers"]["attributes"]
