"""From a cleaned source to one canonical table, with everything that was seen on the way."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Final

import ibis
from ibis.expr.types import StringValue, Table

from cip import columns as c
from cip.contract.mapping import FromColumn, Origin, TableMapping
from cip.contract.tables import TABLES, ColumnType, TableName, is_own
from cip.engine.attributes import one_row_each
from cip.engine.bucket import bucket_expr
from cip.engine.checks import key_rules, row_rules
from cip.engine.checks_money import amount_rules
from cip.engine.connect import materialise, named
from cip.engine.marks import KEY_REPETITION, REPETITION, note, nothing, raw, unreadable
from cip.engine.missing import missing
from cip.engine.money import in_one_currency, undeclared_currency
from cip.engine.near import missing_column
from cip.engine.numerals import FOREIGN, GROUPED, grouped_alone, marked_otherwise
from cip.engine.policies import policy_lines
from cip.engine.repeats import numbered
from cip.engine.rule import Checked, run_rules
from cip.engine.suspicions import added_up, constant_attributes, merged, time_suspicions
from cip.engine.times import NAIVE, OFFSET, offset_notes
from cip.engine.typed import Stated, marked, read_origin, source_columns
from cip.errors import ContractError

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
    currency: str | None = None,
    zone: str = "UTC",
) -> Checked:
    """The canonical rows of table `name`, read from `source` as `clean_source` gives it.

    Columns: the mapped canonical ones and the attributes, `source_row` (the smallest of the rows
    that made this one), `row_key` (equal for the same fact in a later load) and, for tables with
    a customer, `bucket`.  Times are UTC microseconds, numbers float64.  Times after `now` and one
    day are findings; rows after the day `as_of` are left out.  `zone` is the business's: a date
    without a time of day is one of its days.  Money is in the workspace's `currency`: a mapped
    column of currencies converts it and is not kept.  The rows are materialised.

    Raises: ContractError C-101 when the mapping names a column that the source does not have.
    """
    origins = _origins(source, name, mapping)
    kinds = _kinds(source, name, mapping)
    stated = Stated(mapping.policy.time_zone, currency, zone)
    read = _read(con, source, origins, kinds, stated)
    read, currencies = in_one_currency(read, name, mapping, currency)
    marks = [column for column in read.columns if column not in kinds]
    rules = row_rules(
        name, mapping, kinds, now=now, as_of=as_of, marks=marks, currency=currency, zone=zone
    )
    checked = run_rules(read, rules, name, [*_noted(kinds, marks), *currencies])
    columns = [column for column in kinds if column != c.CURRENCY]
    if TABLES[name].time is None:
        made = _attributes(con, checked.rows, name, columns)
    else:
        made = _events(con, checked.rows, name, mapping, columns)
    rows = _with_row_key(con, _with_bucket(made.rows), name, columns)
    findings = [
        *checked.findings,
        *time_suspicions(read, source, name, mapping, checked.tallies),
        *undeclared_currency(source, name, mapping, currency),
        *made.findings,
        *missing(rows, source, name, columns),
    ]
    lines = policy_lines(name, mapping, findings, checked.tallies, as_of=as_of, currency=currency)
    return Checked(rows, findings, checked.tallies, lines)


def _noted(kinds: Mapping[str, ColumnType], marks: Collection[str]) -> list[str]:
    """The helper columns that policies and suspicions count."""
    wanted = (note(mark, column) for column in kinds for mark in (NAIVE, OFFSET))
    return [column for column in wanted if column in marks]


def _attributes(con: ibis.BaseBackend, rows: Table, name: TableName, columns: list[str]) -> Checked:
    kept = materialise(con, rows.select(*columns, c.SOURCE_ROW))
    made = one_row_each(con, kept, name, columns)
    single = materialise(con, made.rows)
    findings = [
        *merged(kept, single, name),
        *made.findings,
        *constant_attributes(single, name, columns),
    ]
    return Checked(single, findings)


def _origins(source: Table, name: TableName, mapping: TableMapping) -> dict[str, Origin]:
    taken = next((attribute for attribute in mapping.attributes if is_own(name, attribute)), None)
    if taken is not None:
        raise ContractError(
            "C-116",
            f"tables.{name}.attributes: {taken!r} is a column that the product writes itself.",
            "give the attribute another name",
        )
    origins: dict[str, Origin] = {**mapping.columns, **mapping.attributes}
    present = [column for column in source.columns if column not in (c.SOURCE_ROW, REPETITION)]
    for column, origin in origins.items():
        for wanted in source_columns(origin):
            if wanted not in present:
                raise missing_column(f"{name}.{column} (source {mapping.source})", wanted, present)
    return origins


def _kinds(source: Table, name: TableName, mapping: TableMapping) -> dict[str, ColumnType]:
    """Types of the mapped columns, in the canonical order, then of the attributes."""
    kinds: dict[str, ColumnType] = {
        column.name: column.type
        for column in TABLES[name].columns
        if column.name in mapping.columns
    }
    for attribute, origin in mapping.attributes.items():
        numeric = source[origin.column].type().is_numeric() or attribute in mapping.limits
        numeric = numeric or origin.decimal == ","
        kinds[attribute] = mapping.attribute_types.get(attribute, "number" if numeric else "text")
    return kinds


def _read(
    con: ibis.BaseBackend,
    source: Table,
    origins: Mapping[str, Origin],
    kinds: Mapping[str, ColumnType],
    stated: Stated,
) -> Table:
    """Values and texts first, under a name; then what they say of each other.

    In one expression every mark would read the texts again.
    """
    made = {name: source[name] for name in (c.SOURCE_ROW, REPETITION)}
    for column, kind in kinds.items():
        reading = read_origin(source, origins[column], column, kind, stated)
        made[column] = reading.value
        made[raw(column)] = reading.raw
        made |= {note(mark, column): said for mark, said in reading.notes.items()}
    return named(con, _marked(named(con, source.select(**made)), source, origins, kinds, stated))


def _marked(
    read: Table,
    source: Table,
    origins: Mapping[str, Origin],
    kinds: Mapping[str, ColumnType],
    stated: Stated,
) -> Table:
    made: dict[str, ibis.Value] = {}
    for column, kind in kinds.items():
        text, origin = read[raw(column)], origins[column]
        told = marked(read[column], text, column, kind)
        made[column] = told.value
        made[unreadable(column)] = told.unreadable
        made[nothing(column)] = told.nothing
        if isinstance(origin, FromColumn):
            cells = source[origin.column]
            notes = _notes(told.value, text, cells, origin, kind, currency=stated.currency)
            made |= {note(mark, column): said for mark, said in notes.items()}
    return read.mutate(**made)


def _notes(
    value: ibis.Value,
    text: StringValue,
    column: ibis.Value,
    origin: FromColumn,
    kind: ColumnType,
    *,
    currency: str | None,
) -> Mapping[str, ibis.expr.types.BooleanValue]:
    if kind == "time":
        return offset_notes(value, text, column, origin.time_format)
    if kind == "number" and column.type().is_string():
        grouped = grouped_alone(value, text, origin.decimal)
        return {GROUPED: grouped, FOREIGN: marked_otherwise(value, text, currency)}
    return {}


def _events(
    con: ibis.BaseBackend,
    rows: Table,
    name: TableName,
    mapping: TableMapping,
    columns: list[str],
) -> Checked:
    key = TABLES[name].key
    if not key:
        return Checked(rows.select(*columns, c.SOURCE_ROW), [])
    rows = materialise(con, rows.select(*columns, c.SOURCE_ROW))  # they are asked several times
    if mapping.add_up:
        added = materialise(con, _add_up(rows, key, columns))
        checked = run_rules(added, amount_rules(name, mapping.policy), name)
        return Checked(checked.rows, [*added_up(rows, added, name), *checked.findings])
    # rows of one key that became known at different times are versions of one row
    within = [*key, *({c.KNOWN_AT} & set(columns))]
    number = ibis.row_number().over(group_by=within, order_by=c.SOURCE_ROW)
    rules = (*key_rules(name, mapping.policy), *amount_rules(name, mapping.policy))
    checked = run_rules(rows.mutate(number.name(KEY_REPETITION)), rules, name)
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


def _with_row_key(con: ibis.BaseBackend, rows: Table, name: TableName, columns: list[str]) -> Table:
    """Keyed tables: the key, joined.  Others: MD5 of the content and its repetition in the file."""
    key = TABLES[name].key
    if key:
        return materialise(con, rows.mutate(_joined(rows, list(key)).name(c.ROW_KEY)))
    hashed = rows.mutate(_joined(rows, columns).hexdigest("md5").name(c.ROW_KEY))
    counted = numbered(con, materialise(con, hashed), [c.ROW_KEY], _AGAIN)
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
