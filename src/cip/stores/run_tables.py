"""Further tables of a published run, beside its customers; a run may lack any of them."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

from duckdb import ColumnExpression, ConstantExpression, DuckDBPyRelation, FunctionExpression
from numpy.typing import NDArray

from cip import columns as c
from cip.stores.folder_reader import open_folder

TableName = Literal[
    "features",
    "recommendations",
    "test_predictions",
    "curve_roc",
    "curve_precision_recall",
    "curve_calibration",
    "curve_profit",
    "explained",
    "segment_typical",
]
_KEYS: Final = (c.CUSTOMER_ID, c.CUTOFF)
_NUMBERS: Final = ("DOUBLE", "FLOAT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT")


class RunTables:
    """The Parquet tables of one published folder, for many threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        """The published folder itself."""
        self._db = open_folder(self.folder)
        self.names = [name for name in get_args(TableName) if self._path(name).is_file()]
        """Those that this run has."""
        self.typical = lru_cache(self._typical)
        """By table: the median of each number and the most frequent of all else, keys aside.

        None where most have no value.
        """

    def rows(self, name: TableName, customer_id: str) -> list[dict[str, Any]]:
        """The customer's rows, as they lie in the table; [] where the run has no such table."""
        if name not in self.names:
            return []
        is_theirs = ColumnExpression(c.CUSTOMER_ID) == ConstantExpression(customer_id)
        found: list[dict[str, Any]] = (
            self._table(name).filter(is_theirs).to_arrow_table().to_pylist()
        )
        return found

    def texts(self, name: TableName, text: str, *, by: str, of: Collection[str]) -> dict[str, str]:
        """The `text` of each key `of` those in column `by`; {} where the run has no such table."""
        if name not in self.names or not of:
            return {}
        key = ColumnExpression(by)
        found = self._table(name).filter(key.isin(*map(ConstantExpression, of)))
        return dict(found.select(key, ColumnExpression(text)).distinct().fetchall())

    def columns(self, name: TableName, *wanted: str) -> dict[str, NDArray[Any]]:
        """Whole columns, all where none is named; {} where the run has no such table."""
        if name not in self.names:
            return {}
        table = self._table(name)
        chosen = [ColumnExpression(column) for column in wanted or table.columns]
        found: dict[str, NDArray[Any]] = table.select(*chosen).fetchnumpy()
        return found

    def close(self) -> None:
        """Close the database; nothing can be asked afterwards."""
        self._db.close()

    def _typical(self, name: TableName) -> dict[str, Any]:
        if name not in self.names:
            return {}
        table = self._table(name)
        kinds = dict(zip(table.columns, map(str, table.types), strict=True))
        middle = {
            name: "median" if kind in _NUMBERS else "mode"
            for name, kind in kinds.items()
            if name not in _KEYS
        }
        typical = _aggregated(table, middle)
        known = _aggregated(table, dict.fromkeys(middle, "count"))
        half = len(table) / 2
        return {name: typical[name] if known[name] >= half else None for name in middle}

    def _table(self, name: str) -> DuckDBPyRelation:
        return self._db.cursor().read_parquet(str(self._path(name)))

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.parquet"


def _aggregated(table: DuckDBPyRelation, functions: dict[str, str]) -> dict[str, Any]:
    """One row: of each column what its function says."""
    asked = [
        FunctionExpression(function, ColumnExpression(name)).alias(name)
        for name, function in functions.items()
    ]
    (row,) = table.aggregate(asked).to_arrow_table().to_pylist()
    return dict(row)
