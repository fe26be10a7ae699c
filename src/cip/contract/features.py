"""Features that a person defines in `cip.toml`: fields only, nothing that would be evaluated."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, model_validator

from cip import columns as c
from cip.contract.mapping import Mapping, Strict
from cip.contract.tables import MONEY
from cip.types import FeatureInfo

FeatureTable = Literal["transactions", "interactions", "subscriptions"]
Of = Literal["count", "days", "days_since_last", "sum", "mean", "max", "min", "distinct", "share"]
NAME: Final = r"^[a-z][a-z0-9_]{0,59}$"
FeatureName = Annotated[str, StringConstraints(pattern=NAME)]

NUMBERS: Final[dict[FeatureTable, tuple[str, ...]]] = {
    "transactions": (c.AMOUNT,),
    "interactions": (c.VALUE, c.QUANTITY, c.SENTIMENT),
    "subscriptions": (c.PRICE,),
}
TEXTS: Final[dict[FeatureTable, tuple[str, ...]]] = {
    "transactions": (),
    "interactions": (c.ITEM_ID, c.CATEGORY, c.DEVICE),
    "subscriptions": (c.PLAN,),
}
_OF_NUMBERS: Final[dict[Of, str]] = {
    "sum": "Sum of",
    "mean": "Mean",
    "max": "Highest",
    "min": "Lowest",
}
_OF_TEXTS: Final = ("distinct", "share")
_UNITS: Final[dict[Of, str]] = {
    "count": "times",
    "days": "days",
    "days_since_last": "days",
    "distinct": "values",
    "share": "share",
}
_FIELD: Final = re.compile(r"\{(\w*)\}")


class FeatureRule(Strict):
    """A number of a customer at a cutoff, from rows of one `table` in the last `window_days`.

    `of`: the `count` of rows; the `days` that have one; the `days_since_last`; the `sum`, `mean`,
    `max` or `min` of the number `column`; how many `distinct` values the text `column` has, or the
    `share` of the rows that have the most frequent one.  Of interactions, the `kinds` say which;
    without them it is all that the customer did.  Without `window_days`: all so far.  A spell
    counts on the day it began.
    Or a `ratio` of two other features, the first by the second.  `description`, `unit`, `phrase`
    (with the fields `{v}` and `{usual}`), `fact` (features of one fact are one reason) and
    `decimals` are its words; without them they are made of the fields above.
    """

    table: FeatureTable | None = None
    of: Of | None = None
    column: str | None = None
    kinds: tuple[str, ...] = ()
    window_days: int | None = Field(default=None, ge=1, le=3650)
    ratio: tuple[FeatureName, FeatureName] | None = None
    description: str = ""
    unit: str = ""
    phrase: str = ""
    fact: str = ""
    decimals: int | None = Field(default=None, ge=0, le=6)

    @model_validator(mode="after")
    def _hangs_together(self) -> FeatureRule:
        if self.phrase:
            check_phrase(self.phrase)
        if self.ratio is not None:
            if self.table or self.of or self.column or self.kinds or self.window_days:
                raise ValueError("a ratio has no table, of, column, kinds or window_days")
            return self
        if self.table is None or self.of is None:
            raise ValueError("a feature needs `table` and `of`, or `ratio`")
        if self.kinds and self.table != "interactions":
            raise ValueError(f"only interactions have kinds, and the table is {self.table}")
        if self.of == "days_since_last" and self.window_days:
            raise ValueError("days_since_last looks at all days: leave window_days out")
        _check_column(self.of, self.column, self.table)
        return self

    def info(self, name: str) -> FeatureInfo:
        """What it is, in words."""
        said = self.description or self._said()
        unit = self.unit or self._unit()
        currency = " {currency}" if unit == "money" else ""
        return FeatureInfo(
            name,
            "number",
            unit,
            f"{said.rstrip('.')}.",
            self.phrase or f"{said.rstrip('.')}: {{v}}{currency} (typical {{usual}})",
            self.fact or name.replace("_", " "),
            self.window_days,
            self._decimals() if self.decimals is None else self.decimals,
        )

    def _said(self) -> str:
        if self.ratio is not None:
            part, whole = (name.replace("_", " ") for name in self.ratio)
            return f"{part.capitalize()} divided by {whole}"
        kinds = f" of kind {' or '.join(self.kinds)}" if self.kinds else ""
        span = f"in the last {self.window_days} days" if self.window_days else "so far"
        rows = f"{self.table}{kinds} {span}"
        said = {
            "count": f"Number of {rows}",
            "days": f"Days with {rows}",
            "days_since_last": f"Days since the last of the {self.table}{kinds}",
            "distinct": f"Different values of {self.column} in the {rows}",
            "share": f"Share of the most frequent {self.column} in the {rows}",
        }
        word = _OF_NUMBERS.get(self.of or "count", "")
        return said.get(self.of or "", f"{word} {self.column} in the {rows}")

    def _unit(self) -> str:
        if self.ratio is not None or self.of is None:
            return "times"
        if self.column is not None and self.column in MONEY.values():
            return "money"
        return _UNITS.get(self.of, self.column or "")

    def _decimals(self) -> int:
        return 2 if self.ratio is not None or self.column == c.SENTIMENT else int(self.of == "mean")


def check_phrase(phrase: str) -> None:
    """Nothing; ValueError for a phrase that does not say `{v}`, or has a field nobody fills."""
    fields = set(_FIELD.findall(phrase))
    if "v" not in fields or not fields <= {"v", "usual", "currency"}:
        raise ValueError("a phrase has the field {v}, and may have {usual} and {currency}")


def check_features(features: dict[str, FeatureRule], mapping: Mapping) -> None:
    """Nothing; ValueError for a feature of a table or a column that is not mapped."""
    for name, rule in features.items():
        if rule.table is None:
            continue
        if rule.table not in mapping.tables:
            raise ValueError(f"features.{name} reads {rule.table}, and [tables] does not map it")
        if rule.column is not None and not _is_mapped(rule.table, rule.column, mapping):
            raise ValueError(
                f"features.{name} reads {rule.table}.{rule.column}, which is not mapped: "
                f"tables.{_home(rule.table, rule.column)}.columns does not say where it is"
            )


def _check_column(of: Of, column: str | None, table: FeatureTable) -> None:
    takes = NUMBERS[table] if of in _OF_NUMBERS else TEXTS[table] if of in _OF_TEXTS else ()
    if not takes and column is None and of not in {*_OF_NUMBERS, *_OF_TEXTS}:
        return
    if column not in takes:
        said = ", ".join(takes) or "none"
        seen = "no column" if column is None else repr(column)
        raise ValueError(f"{of} of {table} takes one of the columns {said}, not {seen}")


def _home(table: FeatureTable, column: str) -> str:
    return "items" if column == c.CATEGORY else table


def _is_mapped(table: FeatureTable, column: str, mapping: Mapping) -> bool:
    def told(home: str, name: str) -> bool:
        parts = [parts for key, parts in mapping.tables.items() if key == home]
        return any(name in part.columns for group in parts for part in group)

    if column == c.CATEGORY:
        return told("items", c.CATEGORY) and told(table, c.ITEM_ID)
    return told(table, column)
