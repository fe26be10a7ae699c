from __future__ import annotations

import ibis
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cip import columns as c
from cip.engine.connect import materialise
from cip.engine.rule import Rule, run_rules

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

ROWS = 40_000
NEGATIVE = Rule(
    "C-X",
    "amount",
    lambda rows: rows["amount"] < 0,
    "below zero",
    "mend them",
    action="drop",
    shown="amount",
)


def _table(negative: set[int]) -> ibis.Table:
    amounts = [-float(row) if row in negative else 1.0 for row in range(1, ROWS + 1)]
    return ibis.memtable(pa.table({c.SOURCE_ROW: range(1, ROWS + 1), "amount": amounts}))


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.sets(st.integers(1, ROWS), min_size=1, max_size=9))
def test_the_first_five_rows_are_shown_however_far_they_lie_apart(con, rows: set[int]) -> None:
    table = materialise(con, _table(rows))
    checked = run_rules(table, [NEGATIVE], "transactions")
    assert checked.rows.count().to_pyarrow().as_py() == ROWS - len(rows)
    (finding,) = checked.findings
    first = sorted(rows)[:5]
    assert (finding.rows, finding.first_row) == (len(rows), first[0])
    assert finding.rows_seen == tuple(first)
    assert finding.values_seen == tuple(f"{-float(row)}" for row in first)


@pytest.mark.parametrize("row", [1, ROWS])
def test_a_rule_that_sees_no_row_says_nothing(con, row: int) -> None:
    table = materialise(con, _table({row}))
    kept = table.filter(table[c.SOURCE_ROW] != row)
    assert run_rules(kept, [NEGATIVE], "transactions").findings == []
