"""Features of one's own, end to end: the how-to's examples through run, lookup, export and pages.

And what happens to a Python file that nobody has trusted, or that has changed since.
"""

from __future__ import annotations

import csv
import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from cip.flows.actors import local_owner
from cip.flows.customer_facts import customer_facts
from cip.flows.results import open_results
from cip.flows.scorer import open_scorer
from cip.settings import find_workspace

pytestmark = pytest.mark.timeout(600)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "define-a-feature.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OWN = ("purchases_45d", "pieces_mean_120d", "recent_purchases_share")
OF_FILE = ("weekend_days_90d", "largest_line_60d")
Ended = subprocess.CompletedProcess[str]


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(PAGE.read_text("utf-8")) if kind == language]


def copied(shop: Path, folder: Path, more: str = "") -> Path:
    """The shop's workspace with the page's features; nothing is trusted yet."""
    folder.mkdir(parents=True)
    shutil.copy(shop / "lines.csv", folder)
    own, named = blocks("toml")
    text = (shop / "cip.toml").read_text(encoding="utf-8")
    assert named.startswith("[run]\n")
    text = text.replace("[run]\n", named, 1) + '[churn]\ncandidates = ["logistic_regression"]\n'
    (folder / "cip.toml").write_text(text + own + more, encoding="utf-8")
    (folder / "features.py").write_text(blocks("python")[0], encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Shell:
    """Commands of one user whose trust is kept in `state`."""

    folder: Path
    state: Path

    def __call__(self, command: str, **more: str) -> Ended:
        tools = Path(sys.executable).parent
        environment = {
            **os.environ,
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "XDG_STATE_HOME": str(self.state),
            **more,
        }
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory, shop: Path) -> Shell:
    """A folder in which every command of the page ended well."""
    folder = tmp_path_factory.mktemp("own")
    copied(shop, folder / "my-shop")
    shell = Shell(folder, folder / "state")
    for block in blocks("bash"):
        ended = shell(block)
        assert ended.returncode == 0, f"{block}\n{ended.stdout}\n{ended.stderr}"
    return shell


@pytest.fixture(scope="module")
def published(followed: Shell) -> Path:
    (folder,) = (followed.folder / "my-shop" / "published").iterdir()
    return folder


def test_the_model_learns_from_them_and_every_customer_has_them(followed, published) -> None:
    results = open_results(find_workspace(followed.folder / "my-shop"), actor=local_owner())
    described = {info["name"]: info for info in results.summary["churn"]["features"]}
    assert {*OWN, *OF_FILE} <= set(described)
    assert described["pieces_mean_120d"]["phrase"].startswith("Took {v} pieces a line")
    told = json.loads((followed.folder / "exported/models/feature_columns.json").read_text())
    assert {*OWN, *OF_FILE} <= {feature["name"] for feature in told["features"]}
    facts = {fact["fact"] for fact in results.summary["churn"]["importance"]}
    assert {"purchases 45d", "weekend days 90d"} <= facts
    features = pq.read_table(published / "features.parquet")
    for name in (*OWN, *OF_FILE):
        assert len(set(features[name].to_pylist())) > 5, name


def test_what_is_published_is_what_the_file_s_lines_say(followed, published) -> None:
    summary = open_results(find_workspace(followed.folder / "my-shop"), actor=local_owner()).summary
    features = pq.read_table(published / "features.parquet").to_pylist()
    end = max(row["InvoiceDate"] for row in _lines(followed)).date()
    assert summary["calendar"]["score"][:10] > end.isoformat()
    lately: dict[str, list[float]] = {}
    weekend: dict[str, set[Any]] = {}
    for row in _lines(followed):
        age = (end - row["InvoiceDate"].date()).days + 1
        if age <= 60:
            lately.setdefault(row["Customer ID"], []).append(row["Quantity"])
        if age <= 90 and row["InvoiceDate"].isoweekday() > 5:
            weekend.setdefault(row["Customer ID"], set()).add(row["InvoiceDate"].date())
    assert len(features) > 100
    for row in features:
        who = row["customer_id"]
        most = max(lately[who]) if who in lately else None
        assert (row["largest_line_60d"] == most) or (most is None and _nothing(row)), who
        assert row["weekend_days_90d"] == len(weekend.get(who, ())), who


def _nothing(row: dict[str, Any]) -> bool:
    value = row["largest_line_60d"]
    return value is None or math.isnan(value)


def _lines(followed: Shell) -> list[dict[str, Any]]:
    lines = pacsv.read_csv(followed.folder / "my-shop" / "lines.csv").to_pylist()
    return [row for row in lines if row["Customer ID"]]


def test_lookup_says_them_as_reasons_and_the_page_as_facts(followed, published) -> None:
    customers = pq.read_table(published / "customers.parquet").to_pylist()
    speaking = [row for row in customers if "pieces a line in the last 120 days" in row["reasons"]]
    who = speaking[0]["customer_id"]
    said = followed(f"cip lookup {who} -w my-shop")
    assert re.search(r"points  Took \d+(\.\d)? pieces a line in the last 120 days", said.stdout)
    results = open_results(find_workspace(followed.folder / "my-shop"), actor=local_owner())
    facts = {fact.name: fact for fact in customer_facts(results, who, actor=local_owner())}
    assert {*OWN, *OF_FILE} <= set(facts)
    assert facts["weekend_days_90d"].description == "Active days at a weekend, of the last 90."


def test_the_export_has_them_with_their_words(followed) -> None:
    exported = followed.folder / "exported"
    with (exported / "user_features.csv").open(encoding="utf-8") as file:
        header = next(csv.reader(file))
    assert {*OWN, *OF_FILE} <= set(header)
    assert "Most pieces in one line in the last 60 days" in (exported / "columns.csv").read_text()


def test_the_scorer_asks_for_them_and_gives_the_published_risk(followed, published) -> None:
    exported = followed.folder / "exported"
    scorer = open_scorer(exported / "models" / "churn_model")
    assert {*OWN, *OF_FILE} <= {info.name for info in scorer.infos}
    with (exported / "user_features.csv").open(encoding="utf-8") as file:
        row = next(csv.DictReader(file))
    values = {
        info.name: (row[info.name] or None)
        if info.kind == "category"
        else float(row[info.name] or "nan")
        for info in scorer.infos
    }
    risks = pq.read_table(published / "customers.parquet").to_pylist()
    risk = next(each["p_churn"] for each in risks if each["customer_id"] == row["customer_id"])
    assert scorer.predict_one(values).p_churn == risk
    other = values | {"purchases_45d": values["purchases_45d"] + 3}
    assert scorer.predict_one(other).p_churn != risk


def test_the_run_names_the_file_that_it_trusted(followed) -> None:
    workspace = followed.folder / "my-shop"
    told = open_results(find_workspace(workspace), actor=local_owner()).summary["data"]
    assert told["user_features"]["file"] == "features.py"
    digest = sha256((workspace / "features.py").read_bytes()).hexdigest()
    assert told["user_features"]["sha256"] == digest
    names = [feature["name"] for feature in told["user_features"]["features"]]
    assert names == [*OWN, *OF_FILE]


Fresh = Callable[..., Shell]


@pytest.fixture
def fresh(shop: Path, tmp_path: Path) -> Fresh:
    def make(more: str = "", code: str | None = None) -> Shell:
        folder = copied(shop, tmp_path / "my-shop", more)
        if code is not None:
            (folder / "features.py").write_text(code, encoding="utf-8")
        return Shell(tmp_path, tmp_path / "state")

    return make


def test_code_that_nobody_trusts_is_not_run(fresh: Fresh) -> None:
    shell = fresh(code="from pathlib import Path\nPath('ran').write_text('yes')\n")
    for command in ("cip run", "cip config check", "cip features list"):
        ended = shell(f"{command} -w my-shop")
        assert ended.returncode == 1, ended.stdout
        assert ended.stderr.startswith("P-130: features.py is Python code that you have not")
    assert not (shell.folder / "ran").exists()
    assert not (shell.folder / "my-shop" / "lake").exists()


def test_trust_ends_when_the_file_changes_and_is_not_handed_on(fresh: Fresh) -> None:
    shell = fresh()
    assert shell("cip features list -w my-shop").returncode == 1
    trusted = shell("cip features trust -w my-shop")
    assert trusted.returncode == 0, trusted.stderr
    assert "weekend_days_90d (days): Active days at a weekend" in trusted.stdout
    assert shell("cip features list -w my-shop").returncode == 0
    other = Shell(shell.folder, shell.folder / "of another user")
    assert other("cip features list -w my-shop").returncode == 1
    file = shell.folder / "my-shop" / "features.py"
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert shell("cip features list -w my-shop").returncode == 1
    digest = sha256(file.read_bytes()).hexdigest()
    named = shell("cip features list -w my-shop", CIP_TRUST_FEATURES=f"0123,{digest.upper()}")
    assert named.returncode == 0, named.stderr


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ('[features.spend_7d]\ntable = "transactions"\nof = "count"\n', None, "C-220"),
        ('[features.country]\ntable = "transactions"\nof = "count"\n', None, "an attribute"),
        ("", "undefined()\n", "features.py:1: NameError"),
        ("", "a = 1\n", "S-163: features.py defines no feature"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_read(
    fresh: Fresh, more: str, code: str | None, said: str
) -> None:
    shell = fresh(more, code)
    digest = sha256((shell.folder / "my-shop" / "features.py").read_bytes()).hexdigest()
    ended = shell("cip run -w my-shop", CIP_TRUST_FEATURES=digest)
    assert ended.returncode in {1, 2}
    assert said in ended.stderr
    assert not (shell.folder / "my-shop" / "lake").exists()


def test_a_column_that_is_not_there_is_named_with_file_and_feature(fresh: Fresh) -> None:
    code = (
        "from cip.features import feature\n"
        "@feature(rows='activity', unit='', description='Wrong.')\n"
        "def wrong(days):\n    return days.minutes.sum()\n"
    )
    shell = fresh(code=code)
    ended = shell("cip features trust -w my-shop && cip run -w my-shop")
    assert ended.returncode == 1
    assert "C-222: features.py: the feature wrong: 'Table' object has no attribute" in ended.stderr
    assert "its rows have" in ended.stderr
