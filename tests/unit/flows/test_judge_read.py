from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.errors import CipError
from cip.flows.judge_columns import cells_of, is_time, numbers_of, times_of
from cip.flows.judge_measure import judgeable
from cip.flows.judge_periods import periods_of
from cip.flows.judge_read import ReadFile, read_file
from cip.flows.judge_wanted import Wanted, wanted_of

ROWS = 120


def columns(**more: list) -> dict[str, list]:
    rng = np.random.default_rng(1)
    churned = rng.random(ROWS) < 0.4
    made = {
        "id": [f"C{k}" for k in range(ROWS)],
        "score": [f"{x:.3f}" for x in rng.random(ROWS)],
        "churned": ["yes" if left else "no" for left in churned],
    }
    return {**made, **more}


def write(folder: Path, table: dict[str, list], delimiter: str = ",") -> Path:
    lines = [delimiter.join(table)]
    lines += [delimiter.join(map(str, row)) for row in zip(*table.values(), strict=True)]
    path = folder / "file.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read(folder: Path, table: dict[str, list], delimiter: str = ",", **asked) -> ReadFile:
    path = write(folder, table, delimiter)
    return read_file(Wanted(str(path), **{"score": "score", "outcome": "churned", **asked}))


def refused(folder: Path, table: dict[str, list], **asked) -> CipError:
    with pytest.raises(CipError) as caught:
        read(folder, table, **asked)
    return caught.value


def with_cell(name: str, row: int, cell: str) -> dict[str, list]:
    table = columns()
    table[name][row] = cell
    return table


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_delimiter_and_decimal_comma_gives_the_same_score(
    tmp_path: Path, delimiter: str
) -> None:
    table = columns()
    plain = read(tmp_path, table).given.value
    if delimiter != ",":
        table["score"] = [cell.replace(".", ",") for cell in table["score"]]
    assert np.array_equal(read(tmp_path, table, delimiter).given.value, plain)


def test_parquet_with_types_reads_like_text(tmp_path: Path) -> None:
    table = columns()
    text = read(tmp_path, table)
    typed = {
        **table,
        "score": [float(cell) for cell in table["score"]],
        "churned": [cell == "yes" for cell in table["churned"]],
    }
    pq.write_table(pa.table(typed), tmp_path / "file.parquet")
    found = read_file(Wanted(str(tmp_path / "file.parquet"), "score", "churned"))
    assert np.array_equal(found.given.value, text.given.value)
    assert np.array_equal(found.outcome.churned, text.outcome.churned)


@pytest.mark.parametrize(
    ("left", "stayed"),
    [
        ("1", "0"),
        ("true", "false"),
        ("Yes", "No"),
        ("churned", "active"),
        ("Left", "Stayed"),
        ("ja", "nein"),
        ("1.0", "0.0"),
        ("cancelled", "renewed"),
    ],
)
def test_what_means_left_is_read_from_the_words(tmp_path: Path, left: str, stayed: str) -> None:
    table = columns()
    expected = [cell == "yes" for cell in table["churned"]]
    table["churned"] = [left if gone else stayed for gone in expected]
    outcome = read(tmp_path, table).outcome
    assert outcome.churned.tolist() == expected
    assert f"'{left}' means left and '{stayed}' means stayed" in outcome.sentence


def test_a_column_of_those_who_stay_is_turned(tmp_path: Path) -> None:
    table = columns()
    table["active"] = ["0" if cell == "yes" else "1" for cell in table["churned"]]
    turned = read(tmp_path, table, outcome="active").outcome
    assert turned.churned.tolist() == [cell == "yes" for cell in table["churned"]]


def test_a_date_of_leaving_is_an_outcome(tmp_path: Path) -> None:
    table = columns()
    table["gone"] = ["2025-03-04" if cell == "yes" else "" for cell in table["churned"]]
    outcome = read(tmp_path, table, outcome="gone").outcome
    assert outcome.churned.tolist() == [cell == "yes" for cell in table["churned"]]
    assert outcome.left_at is not None


def test_values_that_a_person_names_mean_left_and_all_others_stayed(tmp_path: Path) -> None:
    table = columns()
    table["churned"] = [("gone", "paused", "here")[k % 3] for k in range(ROWS)]
    outcome = read(tmp_path, table, left=("Gone", "paused")).outcome
    assert outcome.churned.sum() == 80
    assert "as you said" in outcome.sentence


def test_empty_outcomes_and_scores_are_not_judged(tmp_path: Path) -> None:
    table = with_cell("churned", 3, "")
    table["score"][5] = "n/a"
    found = read(tmp_path, table)
    wanted = Wanted("file.csv", "score", "churned")
    assert judgeable(found, wanted).at.tolist() == [k for k in range(ROWS) if k not in {3, 5}]


@pytest.mark.parametrize(
    ("table", "asked", "code", "words"),
    [
        (columns(), {"score": "scor"}, "J-102", "did you mean 'score'"),
        (columns(), {"outcome": "nothing_like_it"}, "J-102", "'id', 'score', 'churned'"),
        (columns(), {"as_of": "when"}, "J-102", "has no column 'when'"),
        (with_cell("score", 6, "abc"), {}, "J-103", "not numeric in row 7: 'abc'"),
        (columns(), {"score": "id"}, "J-103", "not numeric in row 1 ('C0')"),
        (columns(score=[""] * ROWS), {}, "J-103", "is empty"),
        (with_cell("churned", 6, "maybe"), {}, "J-104", "has 3 values"),
        (columns(churned=[""] * ROWS), {}, "J-104", "is empty"),
        (columns(), {"left": ("gone",)}, "J-105", "nobody has churned 'gone'"),
        (columns(churned=["xq", "yq"] * 60), {}, "J-106", "'xq' or 'yq'"),
        (columns(churned=["1"] * ROWS), {}, "J-107", "holds '1' only"),
        (columns(churned=["1"] * ROWS), {"left": ("1",)}, "J-107", "holds '1' only"),
        (columns(churned=["yes"] * 5 + ["no"] * (ROWS - 5)), {}, "J-107", "5 left and 115 stayed"),
        (columns(), {"as_of": "id"}, "J-108", "no date in row 1: 'C0'"),
        (columns(), {"value": "id"}, "J-109", "no money in row 1: 'C0'"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_one_sentence(
    tmp_path: Path, table: dict[str, list], asked: dict, code: str, words: str
) -> None:
    error = refused(tmp_path, table, **asked)
    assert error.code == code
    assert words in f"{error.message} {error.hint}"
    assert error.hint


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CipError, match="there is no file") as caught:
        read_file(Wanted(str(tmp_path / "none.csv"), "score", "churned"))
    assert caught.value.code == "J-101"


def test_equal_scores_for_everybody_are_refused(tmp_path: Path) -> None:
    found = read(tmp_path, columns(score=["0.5"] * ROWS))
    with pytest.raises(CipError, match=r"is 0\.5 for everybody"):
        judgeable(found, Wanted("file.csv", "score", "churned"))


def test_too_few_with_a_score_are_refused(tmp_path: Path) -> None:
    table = columns()
    table["score"] = [
        "" if left == "yes" else score
        for score, left in zip(table["score"], table["churned"], strict=True)
    ]
    with pytest.raises(CipError, match="0 left and"):
        judgeable(read(tmp_path, table), Wanted("file.csv", "score", "churned"))


def test_money_that_cannot_be_is_a_wrong_setting() -> None:
    with pytest.raises(CipError, match="J-111"):
        wanted_of(money=(0.0, 10.0, 1.0), file="f", score="s", outcome="o")


@pytest.mark.parametrize(
    ("values", "ordered"),
    [
        (("red", "amber", "green"), ("green", "amber", "red")),
        (("C", "A", "B"), ("A", "B", "C")),
        (("high risk", "very low risk", "low risk"), ("very low risk", "low risk", "high risk")),
        (("high", "low", "medium"), ("low", "medium", "high")),
        (("Tier 2", "Tier 10", "Tier 1"), ("Tier 1", "Tier 2", "Tier 10")),
    ],
)
def test_categories_stand_in_the_order_that_people_know(
    tmp_path: Path, values: tuple[str, ...], ordered: tuple[str, ...]
) -> None:
    given = read(tmp_path, columns(score=[values[k % 3] for k in range(ROWS)])).given
    assert given.kind == "category"
    assert given.categories == ordered
    assert not given.is_learnt


HUNDREDS = [f"{x:.1f}" for x in np.random.default_rng(3).uniform(2, 98, ROWS)]
LEVELS = [str(1 + k % 5) for k in range(ROWS)]


@pytest.mark.parametrize(
    ("name", "values", "kind", "why"),
    [
        ("churn_probability", HUNDREDS, "percent", "its name says probability"),
        ("ChurnRisk", HUNDREDS, "percent", "its name says risk"),
        ("score_pct", HUNDREDS, "percent", "its name says pct"),
        ("risk_score", HUNDREDS, "points", "say --scale percent"),
        ("health", HUNDREDS, "points", "say --scale percent"),
        ("churn_risk", LEVELS, "points", "from 1 to 5"),
    ],
)
def test_a_score_up_to_100_is_percent_where_its_name_says_so_and_the_reading_is_said(
    tmp_path: Path, name: str, values: list[str], kind: str, why: str
) -> None:
    given = read(tmp_path, columns(**{name: values}), score=name).given
    assert given.kind == kind
    assert why in given.why


@pytest.mark.parametrize("scale", ["percent", "points"])
def test_what_the_person_says_of_the_scale_comes_first(tmp_path: Path, scale) -> None:
    for name in ("health", "churn_probability"):
        given = read(tmp_path, columns(**{name: HUNDREDS}), score=name, scale=scale).given
        assert (given.kind, given.why) == (scale, "as you said")


@pytest.mark.parametrize(
    ("values", "scale", "said"),
    [
        (HUNDREDS, "probability", "no probability, 0 to 1"),
        (["850", *HUNDREDS[1:]], "percent", "no percent, 0 to 100"),
        (["low", "high"] * 60, "percent", "categories"),
    ],
)
def test_a_scale_that_the_values_deny_is_refused(tmp_path: Path, values, scale, said: str) -> None:
    error = refused(tmp_path, columns(score=values), scale=scale)
    assert error.code == "J-103"
    assert said in error.message


def test_categories_without_an_order_are_to_be_learnt(tmp_path: Path) -> None:
    given = read(tmp_path, columns(score=["blue", "plum", "zinc"] * 40)).given
    assert given.is_learnt


@pytest.mark.parametrize(
    ("dates", "names"),
    [
        (["2025-01-01", "2025-02-01"], ("2025-01-01", "2025-02-01")),
        (
            [f"2025-{m:02d}-{d:02d}" for m in (1, 2, 3) for d in range(1, 28)],
            ("2025-01", "2025-02", "2025-03"),
        ),
        (
            [f"{y}-{m:02d}-03" for y in (2024, 2025) for m in range(1, 13)],
            tuple(f"{y} Q{q}" for y in (2024, 2025) for q in range(1, 5)),
        ),
        (
            [f"{y}-{m:02d}-03" for y in range(2015, 2025) for m in range(1, 13)],
            tuple(map(str, range(2015, 2025))),
        ),
    ],
)
def test_periods_are_the_finest_that_people_can_look_through(
    dates: list[str], names: tuple[str, ...]
) -> None:
    place, found = periods_of(np.array([*dates, "NaT"], dtype="datetime64[us]"))
    assert found == names
    assert place[-1] == -1
    assert place[0] == 0
    assert place[-2] == len(names) - 1


def test_columns_of_any_type_are_read_or_left_alone(tmp_path: Path) -> None:
    n = 4
    table = {
        "list": pa.array([[1]] * n),
        "bytes": pa.array([b"\xff"] * n),
        "clock": pa.array([1] * n, pa.time32("s")),
        "zoned": pa.array([0, None, 1, 2], pa.timestamp("ms", "Europe/Berlin")),
        "day": pa.array([0, None, 1, 2], pa.date32()),
        "coded": pa.array(["a", "b", None, "a"]).dictionary_encode(),
        "large": pa.array(["1,5", "2,5", "", "nan"], pa.large_string()),
        "decimal": pa.array([1, 2, None, 3], pa.decimal128(8, 2)),
    }
    path = tmp_path / "typed.parquet"
    pq.write_table(pa.table(table), path)
    columns = pq.read_table(path)
    for name in ("list", "bytes"):
        assert cells_of(columns[name]).texts == ()
    assert not is_time(columns["clock"])
    for name in ("zoned", "day"):
        at, odd = times_of(columns[name])
        assert is_time(columns[name])
        assert odd is None
        assert np.isnat(at).tolist() == [False, True, False, False]
    assert cells_of(columns["coded"]).as_text().tolist() == ["a", "b", None, "a"]
    assert numbers_of(columns["large"]).value[:2].tolist() == [1.5, 2.5]
    assert np.isnan(numbers_of(columns["decimal"]).value[2])


def test_endless_numbers_are_told_with_their_row(tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    score = [0.5] * 119 + [float("inf")]
    pq.write_table(pa.table(columns() | {"score": score}), path)
    with pytest.raises(CipError, match="not numeric in row 120: 'inf'"):
        read_file(Wanted(str(path), "score", "churned"))
