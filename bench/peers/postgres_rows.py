"""The usual way out of PostgreSQL: psycopg gives rows, a server-side cursor keeps memory flat.

`python postgres_rows.py URL TABLE OUT`: the same job as ours, one table to one Parquet file.
"""

from __future__ import annotations

import sys
from decimal import Decimal

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql

ROWS = 50_000


def main(url: str, table: str, out: str) -> None:
    """Rows are turned into columns batch by batch; the first batch says the types."""
    writer = None
    with psycopg.connect(url) as connection, connection.cursor(name="rows") as cursor:
        cursor.itersize = ROWS
        cursor.execute(sql.SQL("select * from {}").format(sql.Identifier(*table.split("."))))
        while rows := cursor.fetchmany(ROWS):
            names = [column.name for column in cursor.description or ()]
            columns = [list(values) for values in zip(*rows, strict=True)]
            for place, values in enumerate(columns):
                if isinstance(values[0], Decimal):
                    columns[place] = [float(value) for value in values]
            batch = pa.table(columns, names=names)
            writer = writer or pq.ParquetWriter(out, batch.schema)
            writer.write_table(batch)
    if writer is not None:
        writer.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
