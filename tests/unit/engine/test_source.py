from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cip.contract.mapping import Overlap, Source
from cip.engine.source import clean_source
from cip.errors import ContractError

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

SHEETS = Source(path="book.xlsx", overlap=Overlap(part="sheet"))


@pytest.fixture
def stage(tmp_path_factory) -> Callable[..., Path]:
    """`stage(a=[...])`: these columns and `source_row` as a staged file."""

    def write(**columns: list) -> Path:
        path = tmp_path_factory.mktemp("staged") / "source.parquet"
        rows = len(next(iter(columns.values())))
        source_row = pa.array(range(1, rows + 1), pa.int64())
        pq.write_table(pa.table({**columns, "source_row": source_row}), path)
        return path

    return write


def kept_rows(checked) -> list[int]:
    return sorted(checked.rows.to_pyarrow()["source_row"].to_pylist())


def test_a_row_that_a_later_part_repeats_is_counted_once(con, stage) -> None:
    staged = stage(sheet=["1", "1", "2", "2"], line=["a", "b", "b", "c"])
    checked = clean_source(con, staged, SHEETS)
    assert kept_rows(checked) == [1, 2, 4]
    (finding,) = checked.findings
    assert (finding.code, finding.rows, finding.total_rows) == ("C-114", 1, 4)
    assert "1 of 4 rows" in finding.message


def test_equal_lines_of_one_part_are_all_kept(con, stage) -> None:
    staged = stage(sheet=["1", "1", "2", "2", "2"], line=["a", "a", "a", "a", "a"])
    checked = clean_source(con, staged, SHEETS)
    assert kept_rows(checked) == [1, 2, 5]  # the most that any part has: three
    repetition = checked.rows.order_by("source_row").to_pyarrow()["_repetition"].to_pylist()
    assert repetition == [0, 1, 2]


def test_empty_cells_are_equal_to_each_other(con, stage) -> None:
    staged = stage(sheet=["1", "2"], line=pa.array([None, None], pa.string()))
    assert kept_rows(clean_source(con, staged, SHEETS)) == [1]


def test_without_overlap_every_row_stays(con, stage) -> None:
    checked = clean_source(con, stage(line=["a", "a", "b"]), Source(path="lines.csv"))
    assert kept_rows(checked) == [1, 2, 3]
    assert checked.findings == []


def test_a_part_column_that_is_not_there_is_named_with_its_neighbour(con, stage) -> None:
    with pytest.raises(ContractError, match="'sheet'") as refused:
        clean_source(con, stage(Sheets=["1"], line=["a"]), SHEETS)
    assert refused.value.code == "C-101"
    assert refused.value.hint == "did you mean 'Sheets'?"


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=st.lists(st.tuples(st.sampled_from("12"), st.sampled_from("abc")), min_size=1))
def test_the_union_holds_each_row_as_often_as_the_part_that_has_most(con, stage, lines) -> None:
    sheets, texts = (list(column) for column in zip(*lines, strict=True))
    checked = clean_source(con, stage(sheet=sheets, line=texts), SHEETS)
    kept = Counter(checked.rows.to_pyarrow()["line"].to_pylist())
    parts = [Counter(text for sheet, text in lines if sheet == part) for part in "12"]
    assert kept == parts[0] | parts[1]


@pytest.mark.shared_data
def test_the_sheets_of_online_retail_share_22_523_rows(con, shared_data, tmp_path) -> None:
    retail = pq.read_table(shared_data / "online-retail-ii" / "online_retail_ii.parquet")
    assert retail["Customer ID"].null_count == 243_007
    staged = tmp_path / "staged.parquet"
    source_row = pa.array(range(1, len(retail) + 1), pa.int64())
    pq.write_table(retail.append_column("source_row", source_row), staged)
    checked = clean_source(con, staged, SHEETS)
    assert checked.findings[0].rows == 22_523
    assert checked.rows.count().to_pyarrow().as_py() == 1_067_370 - 22_523
