"""A staged source file, with the rows that overlapping parts repeat counted once."""

from __future__ import annotations

from pathlib import Path

import ibis
from ibis.expr.types import Table

from cip import columns as c
from cip.contract.mapping import Source
from cip.engine.connect import materialise, read_files
from cip.engine.marks import REPETITION
from cip.engine.near import missing_column
from cip.engine.repeats import numbered
from cip.engine.rule import Checked
from cip.types import Finding


def clean_source(con: ibis.BaseBackend, staged: Path, source: Source) -> Checked:
    """The rows of a staged file, materialised once for all tables that read it.

    `staged` is a Parquet copy of the user's file with an int64 column `source_row` (1-based).
    Every row gets its repetition: 0 for the first of equal rows, 1 for the next.  With
    `source.overlap`, equal rows are numbered inside each part, and the n-th of them is counted
    once over all parts, where it comes first: a multiset union.  Equal lines inside one part stay.

    Raises: ContractError C-101 when the column that names the parts is missing.
    """
    rows = read_files(con, [str(staged)])
    if source.overlap is None:
        return Checked(materialise(con, numbered(con, rows, _content(rows), REPETITION)), [])
    part = source.overlap.part
    if part not in rows.columns:
        raise missing_column(f"the overlap of {source.path}", part, _content(rows))
    content = [column for column in _content(rows) if column != part]
    told = _numbered(rows, [part], content, REPETITION)
    seen = _numbered(told, [REPETITION], content, "_seen")
    kept = materialise(con, seen.filter(seen["_seen"] == 0).drop("_seen"))
    return Checked(kept, _overlap_found(rows, kept, source.path, part))


def _content(rows: Table) -> list[str]:
    return [column for column in rows.columns if column != c.SOURCE_ROW]


def _numbered(rows: Table, within: list[str], content: list[str], name: str) -> Table:
    number = ibis.row_number().over(group_by=[*within, *content], order_by=c.SOURCE_ROW)
    return rows.mutate(number.name(name))


def _overlap_found(rows: Table, kept: Table, path: str, part: str) -> list[Finding]:
    total = rows.count().to_pyarrow().as_py()
    removed = total - kept.count().to_pyarrow().as_py()
    if not removed:
        return []
    return [
        Finding(
            code="C-114",
            severity="info",
            table=path,
            column=part,
            rows=removed,
            total_rows=total,
            message=(
                f"{path} has {removed:,} of {total:,} rows that an earlier {part} "
                "already holds word for word: counted once."
            ),
            remedy="overlap names the column whose parts repeat each other",
        )
    ]
