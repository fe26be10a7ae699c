"""Scoring files, model versions and the way back, on a small simulated shop."""

from __future__ import annotations

import csv
import json
import pickle
import shutil
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.errors import CipError, ContractError, NotFoundError, NotReadyError
from cip.flows.actors import local_owner
from cip.flows.live import open_live
from cip.flows.lookup import lookup
from cip.flows.model_folder import read_model
from cip.flows.results import current_run_id, open_results
from cip.flows.run import run
from cip.flows.score import Scored, score
from cip.flows.scorer import open_scorer
from cip.flows.steps import Silent
from cip.flows.versions import model, models, roll_back
from cip.settings import Workspace
from cip.stores.records import open_records
from cip.types import Principal

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

ACTOR = local_owner()
QUICK = "draws = 50\n[churn]\ncandidates = ['lightgbm']\n"


@pytest.fixture(scope="module")
def two(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str, str]:
    """A workspace with two published runs: the first with LightGBM, the second with another."""
    folder = tmp_path_factory.mktemp("models") / "shop"
    folder.mkdir()
    for name in ("lines.csv", "cip.toml"):
        shutil.copy(shop / name, folder / name)
    config = (folder / "cip.toml").read_text().replace("draws = 100\n", QUICK)
    (folder / "cip.toml").write_text(config)
    workspace = Workspace(folder)
    first = run(workspace, actor=ACTOR, progress=Silent())
    (folder / "cip.toml").write_text(config.replace("lightgbm", "logistic_regression"))
    second = run(workspace, actor=ACTOR, progress=Silent())
    assert first["churn"]["promoted"]
    assert second["churn"]["promoted"]
    return workspace, first["run_id"], second["run_id"]


@pytest.fixture
def copied(two: tuple[Workspace, str, str], tmp_path: Path) -> tuple[Workspace, str, str]:
    """The same in a folder that a test may spoil."""
    shutil.copytree(two[0].root, tmp_path / "copy")
    return Workspace(tmp_path / "copy"), *two[1:]


def _score(workspace: Workspace, file: Path, out: Path, **how: Any) -> Scored:
    return score(workspace, file, out, actor=ACTOR, progress=Silent(), **how)


def _published(workspace: Workspace, run_id: str, name: str = "customers") -> pa.Table:
    return pq.read_table(workspace.published / run_id / f"{name}.parquet")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_file_notebook_command_and_published_list_say_the_same(two, tmp_path, cip) -> None:
    workspace, _, run_id = two
    told = cip("export", tmp_path / "out", "-w", workspace.root)
    assert told.returncode == 0, told.stderr
    features = tmp_path / "out" / "user_features.csv"
    told = cip(
        "score", features, "-o", tmp_path / "s.csv", "-w", workspace.root, "--reasons", "--json"
    )
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["by"] == "features"
    listed = {row["customer_id"]: row for row in _published(workspace, run_id).to_pylist()}
    scored = _rows(tmp_path / "s.csv")
    assert [r["customer_id"] for r in scored] == [r["customer_id"] for r in _rows(features)]
    scorer = open_scorer(tmp_path / "out" / "models" / "churn_model")
    given = {r["customer_id"]: r for r in _published(workspace, run_id, "features").to_pylist()}
    for row in scored:
        was = listed[row["customer_id"]]
        one = scorer.predict_one(given[row["customer_id"]])
        assert float(row["p_churn"]) == was["p_churn"] == one.p_churn
        assert row["churn_band"] == was["churn_band"] == one.churn_band
        assert row["reasons"] == was["reasons"]
        assert row["main_reason"] == was["main_reason"]
    card = lookup(workspace, scored[0]["customer_id"], actor=ACTOR)
    assert card.customer.p_churn == float(scored[0]["p_churn"])


def test_parquet_in_and_out_gives_the_same_numbers(two, tmp_path) -> None:
    workspace, _, run_id = two
    features = _published(workspace, run_id, "features")
    pq.write_table(features, tmp_path / "in.parquet", row_group_size=100)
    done = _score(workspace, tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert done.rows == len(features)
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.column_names == ["customer_id", "p_churn", "churn_band"]
    listed = _published(workspace, run_id)
    was = dict(zip(listed["customer_id"].to_pylist(), listed["p_churn"].to_pylist(), strict=True))
    assert [was[who] for who in found["customer_id"].to_pylist()] == found["p_churn"].to_pylist()


def test_ids_alone_get_what_was_published_and_unknown_ones_a_note(two, tmp_path) -> None:
    workspace, _, run_id = two
    first = _published(workspace, run_id).to_pylist()[0]
    (tmp_path / "ids.csv").write_text(f"who\n{first['customer_id']}\nnobody\n")
    done = _score(workspace, tmp_path / "ids.csv", tmp_path / "out.csv", with_reasons=True)
    assert (done.by, done.rows, done.not_found) == ("ids", 2, 1)
    known, unknown = _rows(tmp_path / "out.csv")
    assert float(known["p_churn"]) == first["p_churn"]
    assert float(known["expected_value_loss"]) == first["expected_value_loss"]
    assert known["reasons"] == first["reasons"]
    assert known["note"] == ""
    assert (unknown["customer_id"], unknown["p_churn"]) == ("nobody", "")
    assert unknown["note"] == f"run {run_id} did not score this id"


def _features_csv(workspace: Workspace, run_id: str, path: Path, **changed: list[Any]) -> Path:
    rows = _published(workspace, run_id, "features").slice(0, 3).to_pylist()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for number, row in enumerate(rows):
            writer.writerow(row | {name: values[number] for name, values in changed.items()})
    return path


def test_a_column_that_lacks_is_one_clear_error_or_missing_in_every_row(two, tmp_path) -> None:
    workspace, _, run_id = two
    table = _published(workspace, run_id, "features").drop_columns(["recency_days"])
    pq.write_table(table, tmp_path / "in.parquet")
    with pytest.raises(ContractError, match=r"F-331.*lacks 1 of the \d+ features.*recency_days"):
        _score(workspace, tmp_path / "in.parquet", tmp_path / "out.csv")
    done = _score(workspace, tmp_path / "in.parquet", tmp_path / "out.csv", allow_missing=True)
    assert done.missing == ("recency_days",)
    assert "missing in every row: recency_days" in " ".join(done.lines())
    scorer = open_scorer(workspace.published / run_id)
    row = table.slice(0, 1).to_pylist()[0] | {"recency_days": None}
    assert float(_rows(tmp_path / "out.csv")[0]["p_churn"]) == scorer.predict_one(row).p_churn


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"recency_days": [1, "abc", 3]}, r"F-332: row 2, column recency_days: 'abc' is no number"),
        ({"recency_days": [1, 2, "1e200"]}, r"F-332: row 3, column recency_days.*beyond 1e\+100"),
        ({"recency_days": ["inf", 2, 3]}, r"F-332: row 1, column recency_days.*beyond"),
    ],
)
def test_a_wrong_value_is_named_with_row_and_column(two, tmp_path, changed, said) -> None:
    workspace, _, run_id = two
    file = _features_csv(workspace, run_id, tmp_path / "in.csv", **changed)
    out = tmp_path / "out.csv"
    out.write_text("before")
    with pytest.raises(ContractError, match=said):
        _score(workspace, file, out)
    assert out.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_unknown_categories_are_counted_and_empty_cells_are_missing(two, tmp_path) -> None:
    workspace, _, run_id = two
    file = _features_csv(
        workspace,
        run_id,
        tmp_path / "in.csv",
        country=["Mars", "", "=Venus"],
        recency_days=["", "nan", 3],
    )
    done = _score(workspace, file, tmp_path / "out.csv")
    assert done.unknown == {"country": 2}
    assert "country: 2 of 3 rows hold what is none of the levels" in " ".join(done.lines())
    scorer = open_scorer(workspace.published / run_id)
    rows = _published(workspace, run_id, "features").slice(0, 3).to_pylist()
    rows[0] |= {"country": "Mars", "recency_days": None}
    rows[1] |= {"country": None, "recency_days": None}
    rows[2] |= {"country": "Venus", "recency_days": 3}
    expected = [scorer.predict_one(row).p_churn for row in rows]
    assert [float(row["p_churn"]) for row in _rows(tmp_path / "out.csv")] == expected


def test_a_row_with_too_few_cells_stops_it_and_nothing_is_written(two, tmp_path) -> None:
    workspace, _, run_id = two
    file = _features_csv(workspace, run_id, tmp_path / "in.csv")
    file.write_text(file.read_text() + "C1,2\n")
    with pytest.raises(ContractError, match="F-333"):
        _score(workspace, file, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def _with_country(workspace: Workspace, run_id: str, country: pa.Array, path: Path) -> Path:
    table = _published(workspace, run_id, "features").slice(0, len(country))
    where = table.column_names.index("country")
    pq.write_table(table.set_column(where, "country", [country]), path)
    return path


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (pa.array([7, 0]), ["7", "0"]),
        (pa.array([7.0, float("nan")]), ["7", None]),
        (pa.array([True, None]), ["true", None]),
        (pa.array([0.5, 1e300]), ["0.5", "1e300"]),
    ],
)
def test_numbers_where_a_category_belongs_are_the_text_that_a_load_makes(
    two, tmp_path, values, text
) -> None:
    workspace, _, run_id = two
    by_number, by_text = (
        _rows_scored(workspace, _with_country(workspace, run_id, column, tmp_path / "in.parquet"))
        for column in (values, pa.array(text, pa.string()))
    )
    assert by_number == by_text


def _rows_scored(workspace: Workspace, file: Path) -> list[dict[str, str]]:
    out = file.with_name("out.csv")
    _score(workspace, file, out)
    return _rows(out)


def test_a_time_where_a_category_belongs_is_refused(two, tmp_path) -> None:
    workspace, _, run_id = two
    when = pa.array([datetime(2024, 5, 1), None], pa.timestamp("us"))  # noqa: DTZ001
    file = _with_country(workspace, run_id, when, tmp_path / "in.parquet")
    with pytest.raises(ContractError, match=r"F-332: row 1, column country: .* is no text but"):
        _score(workspace, file, tmp_path / "out.csv")


def test_a_file_without_rows_is_refused_and_nothing_is_written(two, tmp_path) -> None:
    workspace, _, run_id = two
    file = _features_csv(workspace, run_id, tmp_path / "in.csv")
    file.write_text(file.read_text().splitlines()[0] + "\n")
    with pytest.raises(ContractError, match=r"F-335: .*in.csv has no rows below its header"):
        _score(workspace, file, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_names_that_are_only_written_otherwise_are_told(two, tmp_path) -> None:
    workspace, _, run_id = two
    table = _published(workspace, run_id, "features").rename_columns(
        {"recency_days": "Recency Days", "country": "COUNTRY"}
    )
    pq.write_table(table, tmp_path / "in.parquet")
    with pytest.raises(ContractError) as refused:
        _score(workspace, tmp_path / "in.parquet", tmp_path / "out.csv")
    assert "rename Recency Days to recency_days, COUNTRY to country" in str(refused.value)


def test_a_file_that_is_not_there_and_a_role_that_may_not(two, tmp_path) -> None:
    with pytest.raises(NotFoundError, match="F-334"):
        _score(two[0], tmp_path / "no.csv", tmp_path / "out.csv")
    viewer = Principal("Vi", "viewer")
    with pytest.raises(CipError, match="P-001"):
        score(two[0], tmp_path / "a", tmp_path / "b", actor=viewer, progress=Silent())
    with pytest.raises(CipError, match="P-001"):
        roll_back(two[0], actor=viewer)


def test_a_version_says_what_made_it(two, cip) -> None:
    workspace, first, second = two
    newest, oldest = models(workspace, actor=ACTOR)
    assert (newest.version.lineage.run_id, newest.state) == (second, "champion")
    assert (oldest.version.lineage.run_id, oldest.state) == (first, "retired")
    found = model(workspace, "1", actor=ACTOR).as_dict()
    assert found == model(workspace, first, actor=ACTOR).as_dict()
    summary = json.loads((workspace.published / first / "run.json").read_text())
    assert found["model"] == "lightgbm"
    assert found["verdict"] == "useful"
    assert found["data_versions"] == summary["data"]["versions"]
    assert found["seed"] == summary["seed"]
    assert found["environment"] == summary["environment"]
    assert found["metrics"]["roc_auc"]["value"] > 0.5
    _, manifest = read_model(workspace.published / first / "model")
    assert found["schema_hash"] == manifest["schema_hash"]
    told = cip("models", "-w", workspace.root)
    assert told.stdout.startswith("*    2  champion")
    shown = cip("models", "show", "2", "-w", workspace.root).stdout
    for word in ("data", "code", "settings", "machine", "manifest", "roc_auc"):
        assert word in shown
    assert "F-321" in cip("models", "show", "9", "-w", workspace.root).stderr


def test_rollback_moves_the_one_pointer_and_is_audited(copied, tmp_path) -> None:
    workspace, first, second = copied
    done = roll_back(workspace, actor=ACTOR)
    assert (done.run_id, done.before) == (first, second)
    assert current_run_id(workspace, actor=ACTOR) == first
    assert [m.state for m in models(workspace, actor=ACTOR)] == ["retired", "champion"]
    with open_records(workspace.records_url) as records:
        (line,) = [line for line in records.audit() if line.action == "roll back"]
    assert (line.subject, line.detail, line.actor) == (first, {"before": second}, ACTOR.name)
    (tmp_path / "ids.csv").write_text("customer_id\nnobody\n")
    assert _score(workspace, tmp_path / "ids.csv", tmp_path / "o.csv").run_id == first
    with pytest.raises(NotReadyError, match="F-322"):
        roll_back(workspace, actor=ACTOR)
    with pytest.raises(NotReadyError, match="F-323"):
        roll_back(workspace, "1", actor=ACTOR)
    assert roll_back(workspace, second, actor=ACTOR).run_id == second


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _remanifest(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"format": 1', '"format":  1'))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: _flip(f / "model" / "model.txt"), r"F-324.*missing or changed: model/model.txt"),
        (lambda f: _flip(f / "customers.parquet"), r"F-324.*customers.parquet"),
        (lambda f: (f / "lookup.sqlite").unlink(), r"F-324.*lookup.sqlite"),
        (_remanifest, r"F-324.*manifest was changed"),
        (lambda f: (f / "model" / "x.pkl").write_bytes(pickle.dumps({})), r"A-004.*x.pkl"),
        (shutil.rmtree, "P-104"),
    ],
)
def test_rollback_refuses_what_is_not_what_was_published(copied, spoil, said) -> None:
    workspace, first, second = copied
    spoil(workspace.published / first)
    with pytest.raises(CipError, match=said):
        roll_back(workspace, actor=ACTOR)
    assert current_run_id(workspace, actor=ACTOR) == second


def test_rollback_refuses_a_model_of_another_schema(copied) -> None:
    workspace, _, second = copied
    with open_records(workspace.records_url) as records, records.writing(ACTOR) as writing:
        writing.connection.exec_driver_sql("update versions set schema_hash = 'another'")
    with pytest.raises(ContractError, match=r"F-324.*another schema"):
        roll_back(workspace, actor=ACTOR)
    assert current_run_id(workspace, actor=ACTOR) == second


def test_a_run_from_before_versions_were_kept_is_no_version_but_can_serve_again(copied) -> None:
    workspace, first, _ = copied
    with open_records(workspace.records_url) as records, records.writing(ACTOR) as writing:
        writing.connection.exec_driver_sql("delete from versions where version = 1")
    assert len(models(workspace, actor=ACTOR)) == 1
    with pytest.raises(NotReadyError, match="F-322"):
        roll_back(workspace, actor=ACTOR)
    assert roll_back(workspace, first, actor=ACTOR).run_id == first


def test_a_model_folder_of_yesterday_scores_all_the_same(copied, tmp_path) -> None:
    workspace, _, second = copied
    features = _published(workspace, second, "features")
    before = open_scorer(workspace.published / second).predict(features, with_reasons=True)
    path = workspace.published / second / "model" / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["serving"], manifest["schema_hash"]
    path.write_text(json.dumps(manifest))
    assert (
        open_scorer(workspace.published / second)
        .predict(features, with_reasons=True)
        .equals(before)
    )


def test_scoring_refuses_a_spoilt_model(copied, tmp_path) -> None:
    workspace, _, second = copied
    _flip(workspace.published / second / "model" / "linear.json")
    (tmp_path / "ids.csv").write_text("customer_id\nnobody\n")
    with pytest.raises(ContractError, match=r"F-325.*model/linear.json are missing or not what"):
        _score(workspace, tmp_path / "ids.csv", tmp_path / "out.csv")


def _moved(model: Path) -> None:
    """Everybody's risk is raised, and the manifest beside the file says so."""
    path, listed = model / "linear.json", model / "manifest.json"
    told = json.loads(path.read_text())
    told["intercept"] += 3
    path.write_text(json.dumps(told))
    manifest = json.loads(listed.read_text())
    manifest["files"]["linear.json"] = {
        "sha256": sha256(path.read_bytes()).hexdigest(),
        "size": path.stat().st_size,
    }
    listed.write_text(json.dumps(manifest))


def test_a_model_that_was_moved_with_its_own_manifest_scores_nobody(copied, tmp_path) -> None:
    workspace, _, second = copied
    folder = workspace.published / second
    before = open_scorer(folder).model
    _moved(folder / "model")
    assert open_scorer(folder).model.core.intercept == pytest.approx(before.core.intercept + 3)
    (tmp_path / "ids.csv").write_text("customer_id\nnobody\n")
    with pytest.raises(ContractError, match=r"F-325.*model/"):
        _score(workspace, tmp_path / "ids.csv", tmp_path / "out.csv")
    with pytest.raises(ContractError, match="F-325"):
        open_live(open_results(workspace, actor=ACTOR), actor=ACTOR)


def test_a_run_whose_manifest_was_changed_scores_nobody(copied, tmp_path) -> None:
    workspace, _, second = copied
    _remanifest(workspace.published / second)
    (tmp_path / "ids.csv").write_text("customer_id\nnobody\n")
    with pytest.raises(ContractError, match=r"F-325.*its manifest was changed"):
        _score(workspace, tmp_path / "ids.csv", tmp_path / "out.csv")
