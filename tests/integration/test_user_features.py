"""Features of one's own, end to end: the how-to's examples through run, lookup, export and pages.

And what happens to a Python file that nobody has trusted, or that has changed since.
"""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from tests.forked import Cip

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
class Mine:
    """`cip` on the workspace of one user whose trust is kept in `state`."""

    root: Path
    state: Path
    cip: Cip

    def __call__(self, *words: str, **more: str) -> Ended:
        return self.cip(*words, "-w", self.root, XDG_STATE_HOME=str(self.state), **more)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory, shop: Path, cip: Cip, follow) -> Mine:
    """A folder in which every command of the page ended well."""
    folder = tmp_path_factory.mktemp("own")
    copied(shop, folder / "my-shop")
    assert follow("define-a-feature", folder, XDG_STATE_HOME=str(folder / "state"))
    return Mine(folder / "my-shop", folder / "state", cip)


@pytest.fixture(scope="module")
def published(followed: Mine) -> Path:
    (folder,) = (followed.root / "published").iterdir()
    return folder


def test_the_model_learns_from_them_and_every_customer_has_them(followed, published) -> None:
    results = open_results(find_workspace(followed.root), actor=local_owner())
    described = {info["name"]: info for info in results.summary["churn"]["features"]}
    assert {*OWN, *OF_FILE} <= set(described)
    assert described["pieces_mean_120d"]["phrase"].startswith("Took {v} pieces a line")
    told = json.loads((followed.root.parent / "exported/models/feature_columns.json").read_text())
    assert {*OWN, *OF_FILE} <= {feature["name"] for feature in told["features"]}
    facts = {fact["fact"] for fact in results.summary["churn"]["importance"]}
    assert {"purchases 45d", "weekend days 90d"} <= facts
    features = pq.read_table(published / "features.parquet")
    for name in (*OWN, *OF_FILE):
        assert len(set(features[name].to_pylist())) > 5, name


def test_what_is_published_is_what_the_file_s_lines_say(followed, published) -> None:
    summary = open_results(find_workspace(followed.root), actor=local_owner()).summary
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


def _lines(followed: Mine) -> list[dict[str, Any]]:
    lines = pacsv.read_csv(followed.root / "lines.csv").to_pylist()
    return [row for row in lines if row["Customer ID"]]


def test_lookup_says_them_as_reasons_and_the_page_as_facts(followed, published) -> None:
    customers = pq.read_table(published / "customers.parquet").to_pylist()
    speaking = [row for row in customers if "pieces a line in the last 120 days" in row["reasons"]]
    who = speaking[0]["customer_id"]
    said = followed("lookup", who)
    assert re.search(r"points  Took \d+(\.\d)? pieces a line in the last 120 days", said.stdout)
    results = open_results(find_workspace(followed.root), actor=local_owner())
    facts = {fact.name: fact for fact in customer_facts(results, who, actor=local_owner())}
    assert {*OWN, *OF_FILE} <= set(facts)
    assert facts["weekend_days_90d"].description == "Active days at a weekend, of the last 90."


def test_the_export_has_them_with_their_words(followed) -> None:
    exported = followed.root.parent / "exported"
    with (exported / "user_features.csv").open(encoding="utf-8") as file:
        header = next(csv.reader(file))
    assert {*OWN, *OF_FILE} <= set(header)
    assert "Most pieces in one line in the last 60 days" in (exported / "columns.csv").read_text()


def test_the_scorer_asks_for_them_and_gives_the_published_risk(followed, published) -> None:
    exported = followed.root.parent / "exported"
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
    workspace = followed.root
    told = open_results(find_workspace(workspace), actor=local_owner()).summary["data"]
    assert told["user_features"]["file"] == "features.py"
    digest = sha256((workspace / "features.py").read_bytes()).hexdigest()
    assert told["user_features"]["sha256"] == digest
    names = [feature["name"] for feature in told["user_features"]["features"]]
    assert names == [*OWN, *OF_FILE]


Fresh = Callable[..., Mine]


@pytest.fixture
def fresh(shop: Path, tmp_path: Path, cip: Cip) -> Fresh:
    def make(more: str = "", code: str | None = None) -> Mine:
        folder = copied(shop, tmp_path / "my-shop", more)
        if code is not None:
            (folder / "features.py").write_text(code, encoding="utf-8")
        return Mine(folder, tmp_path / "state", cip)

    return make


def test_code_that_nobody_trusts_is_not_run(fresh: Fresh, tmp_path: Path) -> None:
    mine = fresh(code=f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    for command in ("run", "config check", "features list"):
        ended = mine(*command.split())
        assert ended.returncode == 1, ended.stdout
        assert ended.stderr.startswith("P-130: features.py is Python code that you have not")
    assert not (tmp_path / "ran").exists()
    assert not (mine.root / "lake").exists()


def test_trust_ends_when_the_file_changes_and_is_not_handed_on(fresh: Fresh) -> None:
    mine = fresh()
    assert mine("features", "list").returncode == 1
    trusted = mine("features", "trust")
    assert trusted.returncode == 0, trusted.stderr
    assert "weekend_days_90d (days): Active days at a weekend" in trusted.stdout
    assert mine("features", "list").returncode == 0
    other = replace(mine, state=mine.root.with_name("of another user"))
    assert other("features", "list").returncode == 1
    file = mine.root / "features.py"
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert mine("features", "list").returncode == 1
    digest = sha256(file.read_bytes()).hexdigest()
    named = mine("features", "list", CIP_TRUST_FEATURES=f"0123,{digest.upper()}")
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
    mine = fresh(more, code)
    digest = sha256((mine.root / "features.py").read_bytes()).hexdigest()
    ended = mine("run", CIP_TRUST_FEATURES=digest)
    assert ended.returncode in {1, 2}
    assert said in ended.stderr
    assert not (mine.root / "lake").exists()


def test_a_column_that_is_not_there_is_named_with_file_and_feature(fresh: Fresh) -> None:
    code = (
        "from cip.features import feature\n"
        "@feature(rows='activity', unit='', description='Wrong.')\n"
        "def wrong(days):\n    return days.minutes.sum()\n"
    )
    mine = fresh(code=code)
    assert mine("features", "trust").returncode == 0
    ended = mine("run")
    assert ended.returncode == 1
    assert "C-222: features.py: the feature wrong: 'Table' object has no attribute" in ended.stderr
    assert "its rows have" in ended.stderr
