"""CSV that a spreadsheet opens as text, never as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from typing import Any, Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A header and one line a row; numbers in full, nothing for None and NaN.

    Text that a spreadsheet would run (it begins with `= + - @`, a tab or a return) gets an
    apostrophe in front.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_neutral(name) for name in columns])
    writer.writerows([_neutral(row.get(name)) for name in columns] for row in rows)
    return out.getvalue()


def _neutral(value: Any) -> Any:
    if isinstance(value, float) and isnan(value):
        return None
    runs = isinstance(value, str) and value.startswith(_FORMULA)
    return f"'{value}" if runs else value
