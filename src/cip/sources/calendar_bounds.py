"""Times that no calendar holds, such as PostgreSQL's `infinity`, become empty cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from cip.types import Finding

# lowest and highest as stored, since 1970: days as int32, microseconds as int64
_EPOCH: Final = date(1970, 1, 1).toordinal()
_FIRST, _LAST = date.min.toordinal() - _EPOCH, date.max.toordinal() - _EPOCH
_DAYS: Final = (_FIRST, _LAST, pa.int32())
_MICROSECONDS: Final = (_FIRST * 86_400_000_000, (_LAST + 1) * 86_400_000_000 - 1, pa.int64())


@dataclass
class CalendarBounds:
    """Empties the times outside the years 1 to 9999, and counts them."""

    table: str
    rows: int = 0
    emptied: dict[str, int] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch, with null where a time is beyond the calendar."""
        for place, each in enumerate(batch.schema):
            if pa.types.is_timestamp(each.type) or pa.types.is_date(each.type):
                beyond = self._beyond(batch.column(place), each)
                if beyond is not None:
                    empty = pc.if_else(beyond, pa.scalar(None, each.type), batch.column(place))
                    batch = batch.set_column(place, each, empty)
        self.rows += len(batch)
        return batch

    def findings(self) -> list[Finding]:
        """One finding a column that had such times."""
        return [
            Finding(
                code="C-047",
                severity="warning",
                table=self.table,
                column=column,
                rows=count,
                total_rows=self.rows,
                message=f"{count} values of {column} are beyond the years 1 to 9999, such as "
                f"'infinity' (first: row {self.first[column]}); they are read as empty.",
                remedy="an end that is empty means that it has not ended; else mend the table",
                first_row=self.first[column],
            )
            for column, count in self.emptied.items()
        ]

    def _beyond(self, column: pa.Array, each: pa.Field) -> pa.Array | None:
        low, high, whole = _DAYS if pa.types.is_date(each.type) else _MICROSECONDS
        numbers = column.view(whole)
        ends = pc.min_max(numbers).as_py()
        if ends["min"] is None or (low <= ends["min"] and ends["max"] <= high):
            return None
        beyond = pc.or_(pc.less(numbers, low), pc.greater(numbers, high)).fill_null(
            fill_value=False
        )
        count = pc.sum(beyond).as_py()
        self.emptied[each.name] = self.emptied.get(each.name, 0) + count
        self.first.setdefault(each.name, self.rows + 1 + pc.index(beyond, True).as_py())
        return beyond
