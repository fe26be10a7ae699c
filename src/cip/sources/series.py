"""Several files of one source, read one after the other as if they were one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from cip.columns import SOURCE_ROW
from cip.errors import ContractError
from cip.sources.rows import Part, Rows
from cip.types import Finding

_SHOWN: Final = 5
OpenFile = Callable[[Path], Rows]


@dataclass
class _Log:
    """What is known of the files that are used up."""

    parts: list[Part] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def open_series(paths: Sequence[Path], open_file: OpenFile) -> Rows:
    """The rows of all files in this order; their numbers run on from file to file.

    Columns are matched by name and have the widest type of all files (whole numbers beside
    fractions are fractions).  Each file is opened once more, to look at its columns first.

    Raises: ContractError C-041 for a file whose columns are not those of the first, and what
    `open_file` raises.
    """
    schema = _common_schema({path: _schema_of(open_file(path)) for path in paths})
    log = _Log()
    batches = _batches(paths, open_file, schema, log)
    columns = tuple(name for name in schema.names if name != SOURCE_ROW)
    return Rows(columns, schema, batches, lambda: log.findings, closing(batches), lambda: log.parts)


def _batches(
    paths: Sequence[Path], open_file: OpenFile, schema: pa.Schema, log: _Log
) -> Generator[pa.RecordBatch]:
    before = 0
    for path in paths:
        rows, count, last = open_file(path), 0, before
        with rows.closing:
            for batch in rows.batches:
                shifted = _fitted(_renumbered(batch, before), schema, path)
                count, last = count + len(batch), shifted[SOURCE_ROW][-1].as_py()
                yield shifted
        log.findings += rows.findings()
        log.parts.append(Part(path, count, before))
        before = last


def _fitted(batch: pa.RecordBatch, schema: pa.Schema, path: Path) -> pa.RecordBatch:
    try:
        return batch.select(schema.names).cast(schema)
    except pa.ArrowException as error:
        raise ContractError(
            "C-041",
            f"{path} has values that do not fit the other files: {str(error).splitlines()[0]}.",
            "write all files with the same types, or make two sources of them",
        ) from error


def _renumbered(batch: pa.RecordBatch, before: int) -> pa.RecordBatch:
    place = batch.schema.get_field_index(SOURCE_ROW)
    numbers = pc.add(batch.column(place), pa.scalar(before, pa.int64()))
    return batch.set_column(place, batch.schema.field(place), numbers)


def _schema_of(rows: Rows) -> pa.Schema:
    with rows.closing:
        return rows.schema


def _common_schema(schemas: dict[Path, pa.Schema]) -> pa.Schema:
    paths = list(schemas)
    common = schemas[paths[0]]
    for path in paths[1:]:
        unlike = partial(_unlike, paths[0], path)
        gone = [name for name in common.names if name not in schemas[path].names]
        new = [name for name in schemas[path].names if name not in common.names]
        if gone or new:
            raise unlike(_listed("lacks", gone), _listed("adds", new))
        try:
            common = pa.unify_schemas([common, schemas[path]], promote_options="permissive")
        except pa.ArrowException as error:
            raise unlike(_other_types(common, schemas[path]), "") from error
    return common


def _listed(verb: str, names: list[str]) -> str:
    more = ", ..." if len(names) > _SHOWN else ""
    return f"{verb} {', '.join(map(repr, names[:_SHOWN]))}{more}" if names else ""


def _other_types(one: pa.Schema, other: pa.Schema) -> str:
    unlike = [name for name in one.names if one.field(name).type != other.field(name).type]
    types = [f"{name!r} ({other.field(name).type}, not {one.field(name).type})" for name in unlike]
    return "has other types: " + ", ".join(types[:_SHOWN])


def _unlike(first: Path, path: Path, *said: str) -> ContractError:
    return ContractError(
        "C-041",
        f"{path} has not the columns of {first.name}: it {' and '.join(filter(None, said))}.",
        "make two sources of them, or mend the pattern in `path`",
    )
