"""From a cleaned source to one canonical table, with everything that was seen on the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import reduce
from typing import Final

import ibis
from ibis.expr.types import StringValue, Table

from cip import columns as c
from cip.contract.mapping import FromColumn, Origin, TableMapping
from cip.contract.tables import TABLES, ColumnType, TableName
from cip.engine.attributes import one_row_each
from cip.engine.bucket import bucket_expr
from cip.engine.checks import (
    KEY_REPETITION,
    REPETITION,
    amount_rules,
    key_rules,
    raw,
    row_rules,
    unreadable,
)
from cip.engine.connect import materialise
from cip.engine.near import missing_column
from cip.engine.rule import Checked, run_rules
from cip.engine.typed import read_origin, source_columns
from cip.errors import ContractError
from cip.types import Finding

_BETWEEN: Final = "\x1f"  # the unit separator: stands in no id that a person typed
_AGAIN: Final = "_again"
_NOTHING: Final = "\x1e"  # an empty cell inside a joined key


def canonicalise(
    con: ibis.BaseBackend,
    source: Table,
    name: TableName,
    mapping: TableMapping,
    *,
    now: datetime,
    as_of: date | None = None,
) -> Checked:
    """The canonical rows of table `name`, read from `source` as `clean_source` gives it.

    Columns: the mapped canonical ones and the attributes, `source_row` (the smallest of the rows
    that made this one), `row_key` (equal for the same fact in a later load) and, for tables with
    a customer, `bucket`.  Times are UTC microseconds, numbers float64.  Times after `now` and one
    day are findings; rows after the day `as_of` are left out.  The rows are materialised.

    Raises: ContractError C-101 when the mapping names a column that the source does not have.
    """
    origins = _origins(source, name, mapping)
    kinds = _kinds(source, name, mapping)
    read = _read(source, origins, kinds)
    checked = run_rules(read, row_rules(name, mapping, kinds, now, as_of), name)
    if TABLES[name].time is None:
        made = one_row_each(materialise(con, checked.rows), name, list(kinds))
    else:
        made = _events(checked.rows, name, mapping, list(kinds))
    rows = materialise(con, _with_bucket(_with_row_key(made.rows, name, list(kinds))))
    findings = [*checked.findings, *made.findings, *_none_left(rows, source, name)]
    return Checked(rows, findings)


def together(parts: Sequence[Table]) -> Table:
    """The rows of all parts of one table; a column that a part does not have is null there."""
    columns = {name: part[name].type() for part in parts for name in part.columns}
    aligned = [
        part.select(
            part[name] if name in part.columns else ibis.null(kind).name(name)
            for name, kind in columns.items()
        )
        for part in parts
    ]
    return reduce(Table.union, aligned)


def _origins(source: Table, name: TableName, mapping: TableMapping) -> dict[str, Origin]:
    attributes = {name: FromColumn(column=column) for name, column in mapping.attributes.items()}
    taken = next((attribute for attribute in attributes if attribute in _own_names(name)), None)
    if taken is not None:
        raise ContractError(
            "C-116",
            f"tables.{name}.attributes: {taken!r} is a column that the product writes itself.",
            "give the attribute another name",
        )
    origins: dict[str, Origin] = {**mapping.columns, **attributes}
    present = [column for column in source.columns if column not in (c.SOURCE_ROW, REPETITION)]
    for column, origin in origins.items():
        for wanted in source_columns(origin):
            if wanted not in present:
                raise missing_column(f"{name}.{column} (source {mapping.source})", wanted, present)
    return origins


def _own_names(name: TableName) -> set[str]:
    own = {c.SOURCE_ROW, c.ROW_KEY, c.BUCKET, c.KNOWN_AT, c.CUTOFF}
    return own | {column.name for column in TABLES[name].columns}


def _kinds(source: Table, name: TableName, mapping: TableMapping) -> dict[str, ColumnType]:
    """Types of the mapped columns, in the canonical order, then of the attributes."""
    kinds: dict[str, ColumnType] = {
        column.name: column.type
        for column in TABLES[name].columns
        if column.name in mapping.columns
    }
    for attribute, column in mapping.attributes.items():
        numeric = source[column].type().is_numeric() or attribute in mapping.limits
        kinds[attribute] = mapping.attribute_types.get(attribute, "number" if numeric else "text")
    return kinds


def _read(source: Table, origins: dict[str, Origin], kinds: dict[str, ColumnType]) -> Table:
    made = {}
    for column, kind in kinds.items():
        reading = read_origin(source, origins[column], column, kind)
        made[column] = reading.value
        made[raw(column)] = reading.raw
        made[unreadable(column)] = reading.unreadable
    return source.select(**made, **{name: source[name] for name in (c.SOURCE_ROW, REPETITION)})


def _events(rows: Table, name: TableName, mapping: TableMapping, columns: list[str]) -> Checked:
    key = TABLES[name].key
    if mapping.add_up:
        added = _add_up(rows, key, columns)
        return run_rules(added, amount_rules(name, mapping.policy), name)
    rules = amount_rules(name, mapping.policy)
    if key:
        number = ibis.row_number().over(group_by=list(key), order_by=c.SOURCE_ROW)
        rows = rows.mutate(number.name(KEY_REPETITION))
        rules = (*key_rules(name, mapping.policy), *rules)
    checked = run_rules(rows, rules, name)
    return Checked(checked.rows.select(*columns, c.SOURCE_ROW), checked.findings)


def _add_up(rows: Table, key: tuple[str, ...], columns: list[str]) -> Table:
    """One row a key: the amounts' sum, the first time, known when the last line was known.

    The sum is rounded to a millionth: the order in which an engine adds is not to be seen.
    """
    made = {c.AMOUNT: rows[c.AMOUNT].sum().round(6), c.OCCURRED_AT: rows[c.OCCURRED_AT].min()}
    if c.KNOWN_AT in columns:
        made[c.KNOWN_AT] = rows[c.KNOWN_AT].max()
    made[c.SOURCE_ROW] = rows[c.SOURCE_ROW].min()
    return rows.group_by(list(key)).aggregate(**made).select(*columns, c.SOURCE_ROW)


def _with_row_key(rows: Table, name: TableName, columns: list[str]) -> Table:
    """Keyed tables: the key, joined.  Others: MD5 of the content and its repetition in the file."""
    key = TABLES[name].key
    if key:
        return rows.mutate(_joined(rows, list(key)).name(c.ROW_KEY))
    hashed = rows.mutate(_joined(rows, columns).hexdigest("md5").name(c.ROW_KEY))
    again = ibis.row_number().over(group_by=c.ROW_KEY, order_by=c.SOURCE_ROW)
    counted = hashed.mutate(again.name(_AGAIN))
    parts = [counted[c.ROW_KEY], counted[_AGAIN].cast("string")]
    return counted.mutate(ibis.literal("-").join(parts).name(c.ROW_KEY)).drop(_AGAIN)


def _joined(rows: Table, columns: list[str]) -> StringValue:
    cells = [_cell(rows[column]).fill_null(_NOTHING) for column in columns]
    return ibis.literal(_BETWEEN).join(cells)


def _cell(value: ibis.Value) -> StringValue:
    if value.type().is_timestamp():
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    return value.cast("string")


def _with_bucket(rows: Table) -> Table:
    if c.CUSTOMER_ID not in rows.columns:
        return rows
    return rows.mutate(bucket_expr(rows[c.CUSTOMER_ID]).name(c.BUCKET))


def _none_left(rows: Table, source: Table, name: TableName) -> list[Finding]:
    if rows.count().to_pyarrow().as_py():
        return []
    total = source.count().to_pyarrow().as_py()
    return [
        Finding(
            code="C-115",
            severity="error",
            table=name,
            column="",
            rows=total,
            total_rows=total,
            message=f"{name} has no row left of {total:,} in the source.",
            remedy="the findings above say which rule removed them; is the source empty?",
        )
    ]
