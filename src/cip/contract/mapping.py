"""The typed mapping from a user's columns to the canonical tables, as written in `cip.toml`."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from cip import columns as c
from cip.contract.address import has_password
from cip.contract.tables import MONEY, TABLES, ColumnType, TableName
from cip.contract.zones import checked_zone


class Strict(BaseModel):
    """A section of `cip.toml`: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


TimeFormat = Literal[
    "iso", "day_first", "month_first", "compact", "epoch_s", "epoch_ms", "epoch_us"
]
Decimal = Literal[".", ","]


class FromColumn(Strict):
    """A canonical column read from one column of the source.

    `values` says other words for some of its values, e.g. `{ True = "click", False = "seen" }`.
    `time_format` says how a time is written: 2011-12-09 12:50, 9/12/2011 12:50, 12/9/2011 12:50,
    20111209 or 20111209125000, or the number of seconds, milliseconds or microseconds since 1970.
    `decimal` is the sign before the decimals; the other sign is read as a separator of thousands
    where it stands as one.  A number may bear the mark of the workspace's currency.
    """

    column: str
    values: dict[str, str] = Field(default_factory=dict)
    time_format: TimeFormat = "iso"
    decimal: Decimal = "."


class FromJoin(Strict):
    """A canonical text made of columns with a blank between, e.g. first and last name."""

    join: tuple[str, ...] = Field(min_length=2)


class FromProduct(Strict):
    """A canonical number that is the product of columns, e.g. quantity times price."""

    product: tuple[str, ...] = Field(min_length=2)
    decimal: Decimal = "."


class FromConstant(Strict):
    """A canonical column that is the same in every row."""

    constant: str


def _column_or_table(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


_UNIT: Final = re.compile(r"[^\s{}](?:[^{}\n\r\t]{0,22}[^\s{}])?")


def _checked_unit(unit: str) -> str:
    if not _UNIT.fullmatch(unit):
        raise ValueError(f"{unit!r} is no unit: a word or two without braces, 24 letters at most")
    return unit


Unit = Annotated[str, AfterValidator(_checked_unit)]
Described = Annotated[FromColumn, BeforeValidator(_column_or_table)]
Origin = Annotated[
    FromColumn | FromProduct | FromJoin | FromConstant, BeforeValidator(_column_or_table)
]


class Overlap(Strict):
    """Parts of one source that repeat each other's rows, such as two sheets of a workbook.

    A row that a later part repeats word for word is counted once; rows repeated inside one part
    are kept, because two equal lines of one invoice are two lines.
    """

    part: str


class Source(Strict):
    """Where rows come from: files of the user, or one table of a database.

    `path`: one file, or a pattern such as `drops/orders-*.csv`, whose files are read in name order
    as one; a relative path starts at the folder of `cip.toml`.  `sheet`: of a workbook, the first
    when it is not said.  `database`: `env:NAME`, an environment variable that holds the URL, or a
    URL without a password; `table`: a table or view there, `name` or `schema.name`.
    """

    path: str = ""
    format: Literal["csv", "parquet", "xlsx"] | None = None
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8"
    sheet: str = ""
    database: str = ""
    table: str = ""
    overlap: Overlap | None = None

    @model_validator(mode="before")
    @classmethod
    def _holds_no_password(cls, values: Any) -> Any:
        # before anything else looks at the values: what others say of them repeats them
        for key, value in values.items() if isinstance(values, dict) else ():
            if isinstance(value, str) and has_password(value):
                raise ValueError(
                    f"{key} holds a password, which does not belong into a file: put the URL into "
                    f'an environment variable and write database = "env:NAME"'
                )
        return values

    @model_validator(mode="after")
    def _is_one_place(self) -> Source:
        if bool(self.path) == bool(self.database):
            raise ValueError("a source has either `path` or `database`")
        if bool(self.database) != bool(self.table):
            raise ValueError("`database` and `table` go together")
        if self.database and (self.format or self.sheet):
            raise ValueError("`format` and `sheet` are for files, not for a database")
        if self.sheet and self.format not in {None, "xlsx"}:
            raise ValueError(f"`sheet` is for workbooks, not for {self.format}")
        return self

    @property
    def where(self) -> str:
        """What people call it: the path, or the table and its database; it holds no password."""
        return self.path or f"{self.table} in {self.database}"


class Policy(Strict):
    """What to do with rows that need a decision; every count is reported.

    `time_zone`: of times that do not state their offset; a date without a time of day is a day of
    the workspace's time zone.  `currency`: what is done with money in a
    currency that is not the workspace's and has no rate.
    """

    guests: Literal["drop", "refuse"] = "refuse"
    refunds: Literal["keep", "drop"] = "keep"
    zero_amounts: Literal["keep", "drop"] = "keep"
    duplicates: Literal["keep", "drop"] = "keep"
    bad_values: Literal["drop", "refuse"] = "refuse"
    currency: Literal["drop", "refuse"] = "refuse"
    time_zone: str = "UTC"

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        return checked_zone(name)


class TableMapping(Strict):
    """One canonical table: from which source, which columns, and by which policy.

    `attributes` are further columns of the source (customers and items only); listing one
    declares that it is static, so that it may be used as a feature at any cutoff.  One with a
    decimal comma is a number.
    `units` say what a number counts, e.g. `{ tenure = "months" }`: reasons and pages say it behind
    the value; a "share", from 0 to 1, is said in per cent.
    `add_up` makes one row of the rows that share the table's key, adding the amounts.
    `exclude` names values of a canonical column whose rows are no customer behaviour.
    `limits` are the lowest and the highest plausible value of a number, both plausible themselves:
    a value beyond them counts as unknown, and its row stays.  An attribute with limits is a number.
    `rates` says what one unit of a currency is worth in the workspace's, e.g. `{ USD = 0.92 }`; the
    name "" speaks for rows that state no currency.
    """

    source: str
    columns: dict[str, Origin]
    attributes: dict[str, Described] = Field(default_factory=dict)
    attribute_types: dict[str, ColumnType] = Field(default_factory=dict)
    units: dict[str, Unit] = Field(default_factory=dict)
    add_up: bool = False
    exclude: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    limits: dict[str, tuple[float, float]] = Field(default_factory=dict)
    rates: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(
        default_factory=dict
    )
    policy: Policy = Policy()


def _one_or_several(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


Parts = Annotated[tuple[TableMapping, ...], BeforeValidator(_one_or_several), Field(min_length=1)]


class Mapping(Strict):
    """All sources and tables of a workspace.

    A table may come from several sources: `[[tables.interactions]]`, once for each of them.
    """

    sources: dict[str, Source]
    tables: dict[TableName, Parts]

    @model_validator(mode="after")
    def _hangs_together(self) -> Mapping:
        for name, parts in self.tables.items():
            for part in parts:
                _check_table(name, part, self.sources)
                _check_limits(name, part)
                _check_money(name, part)
            if len(parts) > 1 and TABLES[name].time is None:
                raise ValueError(f"tables.{name} has {len(parts)} parts; attributes take one")
        return self

    @property
    def attributes(self) -> tuple[str, ...]:
        """The static attributes of customers."""
        return tuple(a for part in self.tables.get("customers", ()) for a in part.attributes)


def _check_table(name: TableName, table: TableMapping, sources: dict[str, Source]) -> None:
    canonical = TABLES[name]
    if table.source not in sources:
        raise ValueError(f"tables.{name}.source is {table.source!r}, which no [sources] names")
    missing = [column for column in canonical.required if column not in table.columns]
    if missing:
        raise ValueError(f"tables.{name}.columns does not say where {', '.join(missing)} is")
    unknown = [column for column in table.columns if canonical.column(column) is None]
    if unknown:
        known = ", ".join(column.name for column in canonical.columns)
        raise ValueError(f"tables.{name}.columns names {unknown[0]!r}; a {name} row has {known}")
    if table.attributes and canonical.time is not None:
        raise ValueError(
            f"tables.{name}.attributes: only customers and items have static attributes"
        )
    _check_attributes(name, table)
    if table.add_up and c.AMOUNT not in table.columns:
        raise ValueError(f"tables.{name}.add_up needs an {c.AMOUNT} column to add")
    for column in table.exclude:
        if column not in table.columns:
            raise ValueError(f"tables.{name}.exclude names {column!r}, which is not mapped")


def _check_attributes(name: TableName, table: TableMapping) -> None:
    _check_units(name, table)
    seen: dict[str, str] = {}
    for attribute in table.attributes:
        twin = seen.setdefault(attribute.lower(), attribute)
        if twin != attribute:
            raise ValueError(
                f"tables.{name}.attributes: {twin!r} and {attribute!r} differ in capitals only, "
                "which an engine takes for one name; call one of them otherwise"
            )


def _check_units(name: TableName, table: TableMapping) -> None:
    for attribute in table.units:
        where = f"tables.{name}.units.{attribute}"
        if attribute not in table.attributes:
            raise ValueError(f"{where}: {attribute!r} is no attribute")
        if table.attribute_types.get(attribute, "number") != "number":
            raise ValueError(f"{where}: the attribute is no number")


def _check_money(name: TableName, table: TableMapping) -> None:
    if c.CURRENCY in table.columns and MONEY[name] not in table.columns:
        raise ValueError(f"tables.{name}: a {c.CURRENCY} needs its {MONEY[name]}")
    if table.rates and c.CURRENCY not in table.columns:
        raise ValueError(f"tables.{name}.rates needs columns.{c.CURRENCY}")


def _check_limits(name: TableName, table: TableMapping) -> None:
    for column, (lowest, highest) in table.limits.items():
        where = f"tables.{name}.limits.{column}"
        if not lowest <= highest:
            raise ValueError(f"{where} must rise, not {lowest:g} then {highest:g}")
        if column in table.attributes:
            if table.attribute_types.get(column, "number") != "number":
                raise ValueError(f"{where}: the attribute is no number")
            continue
        canonical = TABLES[name].column(column)
        if canonical is None or column not in table.columns:
            raise ValueError(f"{where}: {column!r} is not mapped")
        if canonical.type != "number" or canonical.required:
            raise ValueError(f"{where}: only a number that may be empty has limits")
