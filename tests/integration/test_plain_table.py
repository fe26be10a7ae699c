"""One customer table with a label and no time, as a user has it: from CSV to results."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import roc_auc_score
from tests.plain import HEAD

from cip.models.churn.model import from_artefacts
from cip.stores.registry import read_artefacts
from cip.worlds.plain import PlainConfig, PlainWorld, simulate_plain

CONFIG = f"""{HEAD}[tables.customers.attributes]
contract = "Contract"
tenure = "Tenure"
monthly_charges = "MonthlyCharges"
support_calls = "SupportCalls"
region = "Region"
churn = "Churn"
[churn]
candidates = ["logistic_regression", "lightgbm", "random_forest"]
label = {{ kind = "given", column = "churn", left = ["Yes"] }}
[value]
monthly = "monthly_charges"
[segments]
k = 3
[run]
draws = 100
"""
EMPTY = 150


def write(folder: Path, world: PlainWorld, said: list[Any], config: str = CONFIG) -> Path:
    folder.mkdir(exist_ok=True)
    columns = {**world.columns, "Churn": pa.array(said, pa.string())}
    pacsv.write_csv(pa.table(columns), folder / "table.csv")
    (folder / "cip.toml").write_text(config, encoding="utf-8")
    return folder


WORLD = simulate_plain(PlainConfig(customers=1_500))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, cip) -> tuple[Path, dict[str, Any]]:
    """A workspace after its run: 1,500 customers, of 150 the table does not say who left."""
    said = [None] * EMPTY + WORLD.columns["Churn"][EMPTY:].tolist()
    workspace = write(tmp_path_factory.mktemp("plain") / "ws", WORLD, said)
    ended = cip("run", "-w", workspace, "--json")
    assert ended.returncode == 0, ended.stderr
    return workspace, json.loads(ended.stdout)


def customers_of(workspace: Path, summary: dict[str, Any]) -> list[dict[str, Any]]:
    folder = workspace / "published" / summary["run_id"]
    return pq.read_table(folder / "customers.parquet").to_pylist()


def test_the_model_comes_close_to_what_can_be_known(ran) -> None:
    _, summary = ran
    churn = summary["churn"]
    best = roc_auc_score(WORLD.left[EMPTY:], WORLD.p_left[EMPTY:])
    chosen = next(m for m in churn["models"] if m["name"] == churn["chosen"])
    assert best - 0.03 < chosen["test"]["roc_auc"]["value"] < best + 0.01
    assert churn["verdicts"]["signal"]["word"] == "useful"
    assert churn["base_rate"]["value"] == pytest.approx(WORLD.left[EMPTY:].mean())
    assert churn["cross_validation"]["folds"] == 5
    assert sum(churn["cross_validation"]["chosen_in"].values()) == 5
    assert summary["leaks"]["kept_out"] == []


def test_the_run_says_what_cannot_be_known_and_has_no_dates(ran) -> None:
    _, summary = ran
    assert summary["shape"] == "plain"
    assert summary["calendar"]["test"] is summary["data"]["first"] is None
    assert len(summary["unknown"]) == 6
    assert "customer table does not say" in summary["recommendations"]["reason"]
    assert summary["value"]["verdict"]["word"] == "not tested"


def test_numbers_of_a_csv_file_are_numbers(ran) -> None:
    _, summary = ran
    kinds = {feature["name"]: feature["kind"] for feature in summary["churn"]["features"]}
    assert kinds == {
        "contract": "category",
        "tenure": "number",
        "monthly_charges": "number",
        "support_calls": "number",
        "region": "category",
    }


def test_the_list_to_act_on_holds_nobody_who_has_left(ran) -> None:
    workspace, summary = ran
    rows = customers_of(workspace, summary)
    here = summary["totals"]["customers"]
    assert len(rows) == 1_500
    assert here + summary["totals"]["left_customers"] == 1_500
    assert summary["totals"]["left_customers"] == WORLD.left[EMPTY:].sum()
    assert not any(row["has_left"] for row in rows[:here])
    assert all(row["churn"] == "Yes" and row["rank"] > here for row in rows[here:])
    assert sum(cell["customers"] for cell in summary["cells"]) == here
    at_stake = sum(row["expected_value_loss"] for row in rows)
    assert at_stake == pytest.approx(summary["totals"]["expected_value_loss"]["value"])
    unlabelled = [row for row in rows if row["churn"] is None]
    assert len(unlabelled) == EMPTY
    assert all(row["p_churn"] is not None and not row["has_left"] for row in unlabelled)


def test_the_model_that_is_handed_on_scores_those_without_a_label_alike(ran, cip) -> None:
    workspace, summary = ran
    ended = cip("export", workspace.parent / "out", "-w", workspace)
    assert ended.returncode == 0, ended.stderr
    files, manifest = read_artefacts(workspace.parent / "out" / "models" / "churn_model")
    model = from_artefacts(manifest["name"], files)
    row = next(r for r in customers_of(workspace, summary) if r["churn"] is None)
    margin = model.margin_one({name: row[name] for name in model.features})
    assert 1 / (1 + np.exp(-margin)) == pytest.approx(row["p_churn"], abs=1e-9)
    with (workspace.parent / "out" / "churn_scored.csv").open(encoding="utf-8") as lines:
        scored = list(csv.DictReader(lines))
    assert len(scored) == 1_500
    assert scored[0]["has_left"] == "False"


def test_every_exported_table_has_a_header_and_words_that_fit_a_table_without_time(
    ran, cip, tmp_path: Path
) -> None:
    workspace, _ = ran
    assert cip("export", tmp_path, "-w", workspace).returncode == 0
    for file in tmp_path.glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as lines:
            header = next(csv.reader(lines))
        assert header, file.name
    with (tmp_path / "ratings_data.csv").open(encoding="utf-8") as lines:
        assert lines.read().split() == ["customer_id,item_id,stars,day"]
    with (tmp_path / "columns.csv").open(encoding="utf-8") as lines:
        said = {row["column"]: row["description"] for row in csv.DictReader(lines)}
    assert not [text for text in said.values() if text.endswith("()")]
    assert "cutoff" not in said["part"]
    assert "held out" in said["part"]


def test_a_customer_is_looked_up_and_who_has_left_is_said_to(ran, cip) -> None:
    workspace, summary = ran
    rows = customers_of(workspace, summary)
    first, last = (cip("lookup", rows[n]["customer_id"], "-w", workspace).stdout for n in (0, -1))
    assert "rank 1 of" in first
    assert "at stake" in first
    assert "(typical" in first
    assert "has left already" in last
    card = json.loads(cip("lookup", rows[-1]["customer_id"], "-w", workspace, "--json").stdout)
    assert card["has_left"] is True
    assert card["as_of"] is None


def test_the_headlines_speak_of_those_still_here(ran, cip) -> None:
    workspace, summary = ran
    said = cip("runs", "-w", workspace).stdout
    assert f"of {summary['totals']['customers']:,} customers still here" in said


def test_a_run_without_a_value_says_why_there_is_no_money(tmp_path: Path, cip) -> None:
    bare = CONFIG.replace('[value]\nmonthly = "monthly_charges"\n', "")
    bare = bare.replace(', "lightgbm", "random_forest"', "")
    workspace = write(tmp_path / "ws", WORLD, WORLD.columns["Churn"].tolist(), bare)
    ended = cip("run", "-w", workspace)
    assert ended.returncode == 0, ended.stderr
    assert "what they are worth is not known" in ended.stdout
    assert "What cannot be known without dates" in ended.stdout
    assert "by risk" in cip("lookup", "C-00000", "-w", workspace).stdout or (
        "has left already" in cip("lookup", "C-00000", "-w", workspace).stdout
    )


def test_a_column_that_gives_the_answer_away_is_kept_out(tmp_path: Path, cip) -> None:
    world = simulate_plain(PlainConfig(customers=900))
    why = np.where(world.left, "price", None)
    leaky = PlainWorld({**world.columns, "Reason": why}, world.p_left, world.left)
    config = CONFIG.replace('region = "Region"', 'region = "Region"\nchurn_reason = "Reason"')
    workspace = write(tmp_path / "ws", leaky, world.columns["Churn"].tolist(), config)
    ended = cip("run", "-w", workspace, "--json")
    assert ended.returncode == 0, ended.stderr
    summary = json.loads(ended.stdout)
    assert summary["leaks"]["kept_out"] == ["churn_reason"]
    assert "churn_reason" not in {f["name"] for f in summary["churn"]["features"]}
    assert "churn_reason" in customers_of(workspace, summary)[0]


def test_one_customer_or_one_answer_is_one_clear_error(tmp_path: Path, cip) -> None:
    one = simulate_plain(PlainConfig(customers=1))
    for name, world, said in (
        ("one", one, ["Yes"]),
        ("all", WORLD, ["Yes"] * 1_500),
        ("blank", WORLD, [None] * 1_500),
    ):
        ended = cip("run", "-w", write(tmp_path / name, world, said))
        assert ended.returncode == 1
        assert "Traceback" not in ended.stderr
        assert ended.stderr.count("C-212") == 1, ended.stderr


@pytest.mark.shared_data
def test_telco_gives_the_figures_that_are_published_for_it(tmp_path: Path, cip) -> None:
    shared = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    path, workspace = shared / "telco" / "telco_customer_churn.parquet", tmp_path / "ws"
    made = cip("init", workspace, "--preset", "telco", "--data", path)
    assert made.returncode == 0, made.stderr
    ended = cip("run", "-w", workspace, "--json")
    assert ended.returncode == 0, ended.stderr
    summary = json.loads(ended.stdout)
    churn = summary["churn"]
    chosen = next(m for m in churn["models"] if m["name"] == churn["chosen"])
    assert 0.84 < chosen["test"]["roc_auc"]["value"] < 0.855
    assert chosen["test"]["log_loss"]["value"] < 0.415
    assert churn["base_rate"]["value"] == pytest.approx(0.2654, abs=1e-4)
    assert churn["verdicts"]["signal"]["word"] == "useful"
    assert summary["totals"]["customers"] == 5_174
    assert summary["leaks"]["kept_out"] == []
