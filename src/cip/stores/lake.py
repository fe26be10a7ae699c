"""The lake: one Delta table a canonical table, with versions that a run can name and read again.

Customers' tables are partitioned by `bucket`; times are UTC microseconds.  Every load is one
atomic commit: a process killed while it writes leaves files that no version lists.  Nothing here
deletes a file: `compact` leaves the old ones to the readers of earlier versions, so whoever adds a
`vacuum` must keep every version that a run in the records still names.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import unquote

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import create_table_with_add_actions

from cip.columns import BUCKET, CUSTOMER_ID, ORIGINAL_ID, REVISION
from cip.contract.tables import TABLES, CanonicalTable
from cip.errors import ContractError, NotReadyError, SettingsError
from cip.stores.lake_files import ROWS_IN_GROUP, write_files

_TIME: Final = pa.timestamp("us", tz="UTC")
_NOTE: Final = "cip"  # the key of our metadata in a Delta commit
# Versions stay readable as long as a run may name them, so the log is never shortened.
_CONFIGURATION: Final = {"delta.enableExpiredLogCleanup": "false"}
# columns that a table has from the first row on that needs them; before, they are null
_AS_NEEDED: Final = frozenset({REVISION, ORIGINAL_ID})
# The Delta library treats a path as a URL and fails, in part by a panic, on these.
_UNUSABLE: Final = frozenset("%[]^|\n\r\t" + ("" if os.sep == "\\" else "\\"))


@dataclass(frozen=True, slots=True)
class LakeFile:
    """One Parquet file of a table: absolute path, customer bucket (None for items), rows."""

    path: str
    bucket: int | None
    rows: int


@dataclass(frozen=True, slots=True)
class LakeSnapshot:
    """The lake at fixed versions: later commits change nothing here (an `EventStore`).

    `zone`: the time zone whose midnights divide the days of whoever reads it.
    """

    versions: Mapping[str, int]
    tables: Mapping[str, tuple[LakeFile, ...]]
    zone: str = "UTC"

    def has(self, table: str) -> bool:
        """Whether the table holds any row at its pinned version."""
        return bool(self.tables.get(table))

    def files(self, table: str, buckets: Sequence[int] | None = None) -> list[str]:
        """Parquet files of the table, all or of these buckets; items have none: always all.

        The files do not hold the `bucket` column: it stands in the folder's name, `bucket=7`.
        """
        wanted = None if buckets is None else {None, *buckets}
        return [f.path for f in self._known(table) if wanted is None or f.bucket in wanted]

    def rows_by_bucket(self, table: str) -> dict[int, int]:
        """Rows in each customer bucket that has any, from the log alone; {} for items."""
        counts: Counter[int] = Counter()
        for file in self._known(table):
            if file.bucket is not None:
                counts[file.bucket] += file.rows
        return dict(counts)

    def rows(self, table: str) -> int:
        """Rows of the table, from the log alone."""
        return sum(file.rows for file in self._known(table))

    def _known(self, table: str) -> tuple[LakeFile, ...]:
        if not self.has(table):
            raise NotReadyError("L-001", f"{table} holds no data.", "`cip ingest` loads it")
        return self.tables[table]


@dataclass(frozen=True, slots=True)
class Lake:
    """The canonical tables in one folder.

    Raises: SettingsError L-002 for a folder whose name the Delta library cannot take.
    """

    path: Path

    def __post_init__(self) -> None:
        wrong = sorted(_UNUSABLE.intersection(str(self.path.absolute())))
        if wrong:
            raise SettingsError(
                "L-002",
                f"the lake cannot live in {self.path.absolute()}: its name has {wrong[0]!r}.",
                "move the workspace to a folder without any of % [ ] ^ | in its whole path",
            )

    def append(
        self, table: str, batches: pa.RecordBatchReader, metadata: Mapping[str, Any] | None = None
    ) -> int:
        """Adds rows in one commit and gives the version; `metadata` (JSON) rides on the commit.

        The columns must be those of the earlier loads; `revision` and `original_id` may come later
        or be left out.  Give rows sorted by bucket, customer and
        time: that keeps files few and small.  It promises no order, as the writer may let batches
        overtake each other.

        Raises: ContractError L-003 for other columns or types or a missing bucket, NotReadyError
        L-004 when another process changed the table at the same time.
        """
        return self._write(table, batches, "append", metadata)

    def replace(
        self, table: str, batches: pa.RecordBatchReader, metadata: Mapping[str, Any] | None = None
    ) -> int:
        """The table holds these rows and columns only, from the version given back on."""
        return self._write(table, batches, "overwrite", metadata)

    def rewrite(self, table: str, buckets: Sequence[int], batches: pa.RecordBatchReader) -> int:
        """These buckets hold these rows only, from the version given back on; others stay.

        Raises: ContractError L-003 for other columns, NotReadyError L-004 as `append`.
        """
        inside = " OR ".join(f"{BUCKET} = {int(bucket)}" for bucket in sorted(set(buckets)))
        return self._write(table, batches, "overwrite", None, inside)

    def version(self, table: str) -> int | None:
        """The newest version, or None while the table was never loaded."""
        found = self._open(table)
        return None if found is None else found.version()

    def versions(self) -> dict[str, int]:
        """The newest version of every loaded table: what a new run pins and writes down."""
        found = {table: self.version(table) for table in TABLES}
        return {table: version for table, version in found.items() if version is not None}

    def pinned(self, versions: Mapping[str, int], zone: str = "UTC") -> LakeSnapshot:
        """The lake at exactly these versions; tables not named are absent.

        Raises: NotReadyError L-005 when a version is not in the lake.
        """
        tables = {table: self._files(table, version) for table, version in versions.items()}
        return LakeSnapshot(dict(versions), tables, zone)

    def last_metadata(self, table: str) -> dict[str, Any] | None:
        """What the newest load carried, also when its process died before it could record it."""
        found = self._open(table)
        notes = (commit.get(_NOTE) for commit in found.history()) if found else iter(())
        return next((dict(note) for note in notes if note is not None), None)

    def compact(self, table: str) -> int:
        """Joins small files bucket by bucket; gives the version, the same if nothing was small."""
        found = self._open(table)
        if found is None:
            raise NotReadyError("L-001", f"{table} holds no data.", "`cip ingest` loads it")
        found.optimize.compact(writer_properties=_writer())
        return found.version()

    def _write(
        self,
        table: str,
        batches: pa.RecordBatchReader,
        mode: Literal["append", "overwrite"],
        metadata: Mapping[str, Any] | None,
        inside: str | None = None,
    ) -> int:
        rows = _as_stored(batches)
        partitions = _partitions(table)
        _check_bucket(table, rows.schema, partitions)
        found = self._open(table)
        if found is not None and (mode == "append" or inside):
            _check_same_columns(table, rows.schema, found)
        note = CommitProperties(custom_metadata={_NOTE: dict(metadata or {})})
        try:
            if mode == "append":
                return _append(found, self._folder(table), rows, partitions, note)
            return _overwrite(found or self._folder(table), rows, partitions, note, inside)
        except CommitFailedError as error:
            raise NotReadyError(
                "L-004",
                f"another process changed {table} at the same time; nothing was stored.",
                "run the command again",
            ) from error

    def _files(self, table: str, version: int) -> tuple[LakeFile, ...]:
        folder = self._folder(table)
        try:
            actions = DeltaTable(folder, version=version).get_add_actions(flatten=True)
        except DeltaError as error:
            raise NotReadyError(
                "L-005",
                f"version {version} of {table} is not in the lake at {self.path}.",
                "load the data again, or bring the lake folder back from a backup",
            ) from error
        # not `file_uris`: it escapes blanks and umlauts of the folder as in a URL
        return tuple(
            LakeFile(
                str(folder / unquote(action["path"])),
                action.get(f"partition.{BUCKET}"),
                action["num_records"],
            )
            for action in pa.table(actions).to_pylist()
        )

    def _open(self, table: str) -> DeltaTable | None:
        try:
            return DeltaTable(self._folder(table))
        except TableNotFoundError:
            return None

    def _folder(self, table: str) -> Path:
        return self.path.absolute() / _canonical(table).name


def _append(
    found: DeltaTable | None,
    folder: Path,
    rows: pa.RecordBatchReader,
    partitions: list[str],
    note: CommitProperties,
) -> int:
    """Files first, then the one commit that makes them part of the table."""
    added = write_files(folder, rows)
    schema = Schema.from_arrow(rows.schema)
    if found is None:
        # mode "error": of two first loads at once exactly one makes version 0
        create_table_with_add_actions(
            str(folder),
            schema,
            added,
            mode="error",
            partition_by=partitions,
            configuration=_CONFIGURATION,
            commit_properties=note,
        )
        return 0
    stored = {field.name for field in found.schema().fields}
    fresh = [field for field in schema.fields if field.name not in stored]
    if fresh:
        found.alter.add_columns(fresh)
    found.create_write_transaction(
        list(added), "append", found.schema(), partition_by=partitions, commit_properties=note
    )
    found.update_incremental()
    return found.version()


def _overwrite(
    found: DeltaTable | Path,
    rows: pa.RecordBatchReader,
    partitions: list[str],
    note: CommitProperties,
    inside: str | None,
) -> int:
    write_deltalake(
        found,
        rows,
        mode="overwrite",
        schema_mode="merge" if inside else "overwrite",
        predicate=inside,
        partition_by=partitions,
        configuration=_CONFIGURATION,
        writer_properties=_writer(),
        commit_properties=note,
    )
    return 0 if isinstance(found, Path) else found.version()


def _writer() -> WriterProperties:
    return WriterProperties(compression="ZSTD", max_row_group_size=ROWS_IN_GROUP)


def _partitions(table: str) -> list[str]:
    return [] if _canonical(table).column(CUSTOMER_ID) is None else [BUCKET]


def _canonical(name: str) -> CanonicalTable:
    for known, table in TABLES.items():
        if known == name:
            return table
    names = ", ".join(TABLES)
    raise ContractError("L-006", f"there is no table {name!r}.", f"the tables: {names}")


def _as_stored(batches: pa.RecordBatchReader) -> pa.RecordBatchReader:
    schema = pa.schema([field.with_type(_stored_type(field.type)) for field in batches.schema])

    def cast() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield batch.cast(schema, safe=False)  # nanoseconds are cut to microseconds

    return pa.RecordBatchReader.from_batches(schema, cast())


def _stored_type(seen: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(seen):
        return _TIME
    return pa.string() if pa.types.is_large_string(seen) else seen


def _check_bucket(table: str, schema: pa.Schema, partitions: list[str]) -> None:
    seen = schema.field(BUCKET).type if BUCKET in schema.names else None
    if partitions and seen != pa.int32():
        raise ContractError(
            "L-003", f"{table} needs an int32 column {BUCKET}, not {seen}.", "add it at ingest"
        )


def _check_same_columns(table: str, schema: pa.Schema, found: DeltaTable) -> None:
    stored = pa.schema(found.schema().to_arrow())
    before = {field.name: _stored_type(field.type) for field in stored}
    now = {field.name: field.type for field in schema}
    differing = sorted(
        name
        for name in {*before, *now}
        if before.get(name) != now.get(name)
        and not (name in _AS_NEEDED and (name not in before or name not in now))
    )
    if differing:
        name = differing[0]
        raise ContractError(
            "L-003",
            f"{table}.{name} was {before.get(name, 'absent')} when the table was first loaded "
            f"and is {now.get(name, 'absent')} now.",
            "the mapping changed: load the whole table again in place of the old one",
        )
