from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cip.engine.repeats import numbered

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

CELLS = st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from(["x", "", None]))


def expected(rows: Sequence[tuple]) -> list[int]:
    seen: Counter[tuple] = Counter()
    made = []
    for row in rows:
        made.append(seen[row])
        seen[row] += 1
    return made


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(CELLS, min_size=1, max_size=12))
def test_equal_rows_are_numbered_in_the_order_of_the_source(con, tmp_path, rows) -> None:
    table = pa.table(
        {
            "one": pa.array([row[0] for row in rows], pa.string()),
            "two": pa.array([row[1] for row in rows], pa.string()),
            "source_row": range(1, len(rows) + 1),
        }
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    read = con.read_parquet(tmp_path / "rows.parquet")
    both = numbered(con, read, ["one", "two"], "number").order_by("source_row").to_pyarrow()
    assert both["number"].to_pylist() == expected(rows)
    assert both.schema.field("number").type == pa.int64()
    assert both.column_names == ["one", "two", "source_row", "number"]
    single = numbered(con, read, ["one"], "number").order_by("source_row").to_pyarrow()
    assert single["number"].to_pylist() == expected([(row[0],) for row in rows])
