"""`cip judge` on files of every kind, from the command line, without a workspace."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from scipy.special import expit
from typer.testing import CliRunner

from cip.errors import CipError
from cip.faces.cli.main import app
from cip.flows.actors import local_owner
from cip.flows.judge import Judged, judge
from cip.flows.judge_wanted import Wanted
from cip.flows.steps import Silent
from cip.models.churn.model import fit_churn
from cip.models.resample import customer_folds
from cip.types import FeatureFrame, FeatureInfo, LabelledFrame

ROWS = 900
OPEN = "http://schemas.openxmlformats.org"
MAIN, LINKS = f"{OPEN}/spreadsheetml/2006/main", f"{OPEN}/officeDocument/2006/relationships"
PACKAGE = f"{OPEN}/package/2006"
KIND = "application/vnd.openxmlformats"
BOOK = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
    f'<Default Extension="rels" ContentType="{KIND}-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    f'ContentType="{KIND}-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r" '
    f'Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><sheets>'
    '<sheet name="Notes" sheetId="1" r:id="r1"/><sheet name="Scores" sheetId="2" r:id="r2"/>'
    "</sheets></workbook>",
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{LINKS}/worksheet" Target="worksheets/s1.xml"/>'
    f'<Relationship Id="r2" Type="{LINKS}/worksheet" Target="worksheets/s2.xml"/></Relationships>',
}


def customers(rows: int = ROWS, seed: int = 1) -> dict[str, Any]:
    """Customers whose score says too much: its log-odds are 1 too high."""
    rng = np.random.default_rng(seed)
    tenure = rng.gamma(2, 12, rows).round()
    logins = rng.poisson(8, rows).astype(np.float64)
    hidden = rng.normal(size=rows)
    margin = -1.0 - 0.04 * (tenure - 24) - 0.15 * (logins - 8) + hidden
    return {
        "customer": [f"C{k}" for k in range(rows)],
        "scored_on": [f"2025-0{1 + k % 4}-01" for k in range(rows)],
        "risk": expit(margin + 1).round(3),
        "tenure": tenure,
        "logins": logins,
        "churned": np.where(rng.random(rows) < expit(margin), "yes", "no").tolist(),
    }


def sheet(rows: list[list[Any]]) -> str:
    def cell(value: Any) -> str:
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        return f"<c><v>{value}</v></c>"

    lines = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    return f'<worksheet xmlns="{MAIN}"><sheetData>{lines}</sheetData></worksheet>'


def write(path: Path, columns: dict[str, Any]) -> Path:
    table = pa.table(columns)
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".csv":
        pc.write_csv(table, path, pc.WriteOptions(delimiter=";"))
    else:
        listed = [list(columns), *map(list, zip(*table.to_pydict().values(), strict=True))]
        with zipfile.ZipFile(path, "w") as book:
            for name, text in BOOK.items():
                book.writestr(name, text)
            book.writestr("xl/worksheets/s1.xml", sheet([["about"], ["our scores"]]))
            book.writestr("xl/worksheets/s2.xml", sheet(listed))
    return path


def judged(path: Path, **asked: Any) -> Judged:
    wanted = Wanted(str(path), **{"score": "risk", "outcome": "churned", **asked})
    return judge(wanted, actor=local_owner(), progress=Silent())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("judge")
    for ending in ("csv", "parquet", "xlsx"):
        write(where / f"scores.{ending}", customers())
    return where


@pytest.fixture(scope="module")
def verdict(folder: Path) -> Judged:
    return judged(folder / "scores.csv", as_of="scored_on", customer="customer")


@pytest.mark.parametrize("ending", ["parquet", "xlsx"])
def test_the_verdict_is_the_same_from_every_kind_of_file(
    folder: Path, verdict: Judged, ending: str
) -> None:
    other = judged(folder / f"scores.{ending}", as_of="scored_on", customer="customer")
    drop = {"file", "judged_at"}
    one, two = (
        {key: value for key, value in each.as_dict().items() if key not in drop}
        for each in (verdict, other)
    )
    assert one == two


def test_the_headline_says_that_it_ranks_and_that_it_says_too_much(verdict: Judged) -> None:
    said = verdict.said
    assert said.word == "rank with it only"
    assert said.headline.startswith("This score ranks leavers very well (ROC-AUC 0.8")
    assert "it says" in said.headline
    assert "before recalibrating" in said.headline
    assert "Recalibrate" in said.next_steps[0]
    assert "adds to them" in said.beside


def test_the_figures_are_those_of_the_rows(verdict: Judged) -> None:
    columns = customers()
    left = np.array(columns["churned"]) == "yes"
    above = columns["risk"][left][:, None] - columns["risk"][~left][None, :]
    auc = np.mean((above > 0) + (above == 0) / 2)
    figures = verdict.evidence.figures
    assert figures["roc_auc"].value == pytest.approx(auc)
    assert figures["brier"].value == pytest.approx(np.mean((columns["risk"] - left) ** 2))
    ratio = columns["risk"].sum() / left.sum()
    assert figures["predicted_over_realised"].value == pytest.approx(ratio)
    assert figures["calibration_intercept"].high < 0
    assert [period.name for period in verdict.evidence.trend.periods] == [
        f"2025-0{month}-01" for month in (1, 2, 3, 4)
    ]


def test_a_monotone_map_of_the_score_leaves_all_that_speaks_of_ranks(
    folder: Path, verdict: Judged
) -> None:
    columns = customers()
    columns["risk"] = 900 - 600 * columns["risk"] ** 3
    found = judged(write(folder / "turned.csv", columns), as_of="scored_on", customer="customer")
    assert found.evidence.score.kind == "points"
    assert found.evidence.score.direction.side == "safer"
    assert found.evidence.stated is None
    for name in ("roc_auc", "pr_auc", "top_decile_lift"):
        one, two = found.evidence.figures[name], verdict.evidence.figures[name]
        assert (one.value, one.low, one.high) == pytest.approx((two.value, two.low, two.high))
    assert found.evidence.gains.top == verdict.evidence.gains.top
    assert found.evidence.profit.best == verdict.evidence.profit.best


def test_a_score_that_says_the_truth_is_sound(folder: Path) -> None:
    columns = customers(3000, seed=5)
    margin = np.log(columns["risk"] / (1 - columns["risk"])) - 1
    columns["risk"] = expit(margin)
    found = judged(write(folder / "true.csv", columns))
    assert found.said.word == "sound"
    assert "taken at their word" in found.said.headline


def test_true_probabilities_of_few_rows_are_not_called_true(folder: Path) -> None:
    """They are, and within what chance gives: but so would others be that are not."""
    columns = customers(120, seed=5)
    margin = np.log(columns["risk"] / (1 - columns["risk"])) - 1
    columns["risk"] = expit(margin)
    found = judged(write(folder / "few.csv", columns))
    assert found.evidence.stated is not None
    assert found.evidence.stated.noise.high > 0.05
    assert (found.said.word, found.said.is_off, found.said.is_unsure) == (
        "rank with it only",
        False,
        True,
    )
    assert "at their word" not in found.said.headline
    assert "120 rows cannot show an error below" in found.said.headline
    assert "more rows" in found.said.next_steps[0]


def test_of_few_leavers_the_slope_is_not_shown(folder: Path) -> None:
    """One in fifty leaves: the error in sum is small, and the slope is anybody's guess."""
    rng = np.random.default_rng(4)
    p = expit(rng.normal(-4.2, 0.9, 2500))
    left = np.where(rng.random(2500) < p, "yes", "no").tolist()
    found = judged(write(folder / "rare.csv", {"risk": p, "churned": left}))
    assert found.evidence.stated is not None
    assert found.evidence.stated.noise.high < 0.05
    assert found.said.word == "rank with it only"
    assert "too bold or too shy 2,500 rows do not tell" in found.said.headline


def test_a_probability_from_0_to_100_is_read_as_such_by_its_name_or_when_told(
    folder: Path,
) -> None:
    columns = customers()
    percents = 100 * columns.pop("risk")
    file = write(
        folder / "named.csv", {"churn_probability": percents, "health": percents, **columns}
    )
    named = judged(file, score="churn_probability")
    told = judged(file, score="health", scale="percent")
    silent = judged(file, score="health")
    assert [one.evidence.score.kind for one in (named, told, silent)] == [
        "percent",
        "percent",
        "points",
    ]
    assert "its name says probability" in named.said.how_read[2]
    assert "as you said" in told.said.how_read[2]
    assert "say --scale percent" in silent.said.how_read[2]
    assert named.evidence.figures["ece"].value == told.evidence.figures["ece"].value


def test_noise_is_not_to_be_acted_on(folder: Path) -> None:
    columns = customers()
    columns["risk"] = np.random.default_rng(9).random(ROWS)
    found = judged(write(folder / "noise.csv", columns))
    assert found.said.word == "do not use"
    assert "not shown to rank" in found.said.headline
    assert found.said.next_steps[0].startswith("Contact nobody")
    assert found.evidence.rival.over_rival.high < 0


def test_a_score_that_is_turned_the_wrong_way_is_said_so(folder: Path) -> None:
    found = judged(folder / "scores.csv", higher_is="safer")
    assert found.said.word == "do not use"
    assert "points the wrong way" in found.said.headline
    assert found.evidence.figures["roc_auc"].value < 0.3


def test_a_permuted_outcome_is_never_called_useful(folder: Path) -> None:
    columns = customers(200)
    rng = np.random.default_rng(11)
    for _ in range(5):
        columns["churned"] = rng.permutation(columns["churned"]).tolist()
        path = write(folder / "permuted.csv", {k: columns[k] for k in ("risk", "churned")})
        assert judged(path).said.word == "do not use"


def test_a_score_made_after_leaving_is_grave(folder: Path) -> None:
    columns = customers()
    columns["cancelled_on"] = [
        "2024-12-31" if left == "yes" and k % 2 else "2025-09-09" if left == "yes" else ""
        for k, left in enumerate(columns["churned"])
    ]
    found = judged(write(folder / "late.csv", columns), as_of="scored_on")
    assert found.said.word == "do not use"
    assert "had left, by cancelled_on, when their score was made" in found.said.headline
    assert "cancelled_on" in found.evidence.left_out


def test_what_gives_the_answer_away_is_no_column_of_our_model(folder: Path) -> None:
    columns = customers()
    columns["band"] = np.digitize(columns["risk"], [0.3, 0.6]).tolist()
    columns["reason"] = ["price" if left == "yes" else "" for left in columns["churned"]]
    columns["note"] = [f"note {k}" for k in range(ROWS)]
    found = judged(write(folder / "leaks.csv", columns), customer="customer")
    assert set(found.evidence.rival.columns) == {"tenure", "logins"}
    left_out = found.evidence.left_out
    assert left_out["band"] == "it is the score again"
    assert "says the same of everybody" in left_out["reason"]
    assert left_out["note"] == "it names rows or persons"
    assert left_out["scored_on"] == "it is a date"


def test_a_file_of_two_columns_has_no_model_beside_it(folder: Path) -> None:
    columns = {key: customers()[key] for key in ("risk", "churned")}
    found = judged(write(folder / "two.csv", columns))
    assert "no other column" in found.said.beside


def test_several_rows_of_a_customer_widen_the_intervals(folder: Path) -> None:
    columns = customers(300)
    thrice = {key: np.repeat(np.array(values), 3).tolist() for key, values in columns.items()}
    path = write(folder / "thrice.csv", thrice)
    alone, together = judged(path), judged(path, customer="customer")
    assert "customer looks like the customer, and repeats" in alone.said.signs[0]
    assert "300 of 300 customers have several rows" in together.said.signs[0]
    width = [
        each.evidence.figures["roc_auc"].high - each.evidence.figures["roc_auc"].low
        for each in (alone, together)
    ]
    assert width[1] > 1.4 * width[0]


def test_values_in_money_take_the_place_of_one_for_all(folder: Path) -> None:
    columns = customers() | {"worth": [f"{100 + k % 7},50" for k in range(ROWS)]}
    columns["worth"][3] = ""
    found = judged(write(folder / "worth.csv", columns), value="worth")
    assert found.evidence.paid == ROWS - 1
    assert "worth for each customer kept" in " ".join(found.said.next_steps)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["judge", *arguments])


def test_the_command_says_the_verdict_first_and_writes_the_report(
    folder: Path, tmp_path: Path
) -> None:
    report = tmp_path / "verdict.html"
    path = str(folder / "scores.csv")
    ended = run(path, "--score", "risk", "--outcome", "churned", "--html", str(report))
    assert ended.exit_code == 0
    said = [line for line in ended.stdout.splitlines() if line]
    assert said[0].startswith("This score ranks leavers very well")
    page = report.read_text(encoding="utf-8")
    assert "Can you rely on the score risk?" in page
    assert "<script" not in page
    assert not list(tmp_path.glob("cip.toml"))


def test_as_json_the_whole_verdict_is_one_object(folder: Path) -> None:
    path = str(folder / "scores.csv")
    ended = run(path, "--score", "risk", "--outcome", "churned", "--json")
    said = json.loads(ended.stdout)
    assert said["ok"] is True
    assert said["word"] == "rank with it only"
    assert said["counts"]["judged"] == ROWS
    assert len(said["steps"]) == 10
    assert len(said["profit"]["share"]) == len(said["gains"]["value"]) == 101


def test_a_report_that_cannot_be_written_is_a_wrong_setting(folder: Path) -> None:
    path = str(folder / "scores.csv")
    ended = run(path, "--score", "risk", "--outcome", "churned", "--html", str(folder))
    assert isinstance(ended.exception, CipError)
    assert ended.exception.code == "S-151"


def test_both_directions_at_once_are_refused(folder: Path) -> None:
    both = ("--higher-is-safer", "--higher-is-riskier")
    ended = run(str(folder / "scores.csv"), "--score", "risk", "--outcome", "churned", *both)
    assert isinstance(ended.exception, CipError)
    assert ended.exception.code == "S-150"


@pytest.mark.shared_data
def test_telco_s_own_model_is_sound_and_no_better_than_ours(
    shared_data: Path, tmp_path: Path
) -> None:
    table = pq.read_table(shared_data / "telco" / "telco_customer_churn.parquet")
    columns = {name: table[name].to_pylist() for name in table.column_names}
    columns["risk"] = _out_of_fold(table)
    path = tmp_path / "telco.parquet"
    pq.write_table(pa.table(columns), path)
    found = judged(path, outcome="Churn", customer="customerID")
    assert found.said.word == "sound"
    assert 0.83 < found.evidence.figures["roc_auc"].value < 0.86
    assert found.evidence.rival.adds.low < 0.003
    assert not [sign for sign in found.evidence.signs if sign.is_grave]


def _out_of_fold(table: pa.Table) -> np.ndarray:
    """Logistic regression's p_churn of each customer, learnt on the other folds."""
    left = np.array(table["Churn"].to_pylist()) == "Yes"
    who = np.array(table["customerID"].to_pylist(), dtype=np.object_)
    names = [n for n in table.column_names if n not in {"Churn", "customerID", "TotalCharges"}]
    columns = {
        n: np.array(table[n].to_pylist(), dtype=np.float64)
        if pa.types.is_integer(table[n].type) or pa.types.is_floating(table[n].type)
        else np.array([str(v) for v in table[n].to_pylist()], dtype=np.object_)
        for n in names
    }
    infos = [
        FeatureInfo(n, "number" if v.dtype.kind == "f" else "category", "", n, "{v}", n)
        for n, v in columns.items()
    ]
    frame = FeatureFrame(who, np.full(len(who), np.datetime64("NaT", "us")), columns)
    rows = LabelledFrame(frame, left, np.full(len(who), np.nan))
    folds = customer_folds(who, 5, seed=3, strata=left)
    p = np.empty(len(who))
    for fold in range(5):
        train = rows.take(folds != fold)
        model = fit_churn("logistic_regression", train, infos, seed=1, threads=1)
        p[folds == fold] = model.predict(frame.take(folds == fold))
    return p


def test_the_how_to_does_what_it_says(tmp_path: Path, follow) -> None:
    assert len(follow("judge-a-score", tmp_path)) == 3
    said = json.loads((tmp_path / "verdict.json").read_text("utf-8"))
    assert said["score"]["higher_is"] == "safer"
    assert said["profit"]["costs"]["clv"] == 350
    assert "health_score" in (tmp_path / "verdict.html").read_text("utf-8")
