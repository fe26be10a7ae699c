"""The typed mapping from a user's columns to the canonical tables, as written in `cip.toml`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from cip.columns import AMOUNT
from cip.contract.tables import TABLES, ColumnType, TableName


class Strict(BaseModel):
    """A section of `cip.toml`: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FromColumn(Strict):
    """A canonical column read from one column of the source.

    `values` says other words for some of its values, e.g. `{ True = "click", False = "seen" }`.
    """

    column: str
    values: dict[str, str] = Field(default_factory=dict)


class FromJoin(Strict):
    """A canonical text made of columns with a blank between, e.g. first and last name."""

    join: tuple[str, ...] = Field(min_length=2)


class FromProduct(Strict):
    """A canonical number that is the product of columns, e.g. quantity times price."""

    product: tuple[str, ...] = Field(min_length=2)


class FromConstant(Strict):
    """A canonical column that is the same in every row."""

    constant: str


def _column_or_table(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


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
    """One file of the user.  A relative path starts at the folder of `cip.toml`."""

    path: str
    format: Literal["csv", "parquet"] | None = None
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8"
    overlap: Overlap | None = None


class Policy(Strict):
    """What to do with rows that need a decision; every count is reported."""

    guests: Literal["drop", "refuse"] = "refuse"
    refunds: Literal["keep", "drop"] = "keep"
    zero_amounts: Literal["keep", "drop"] = "keep"
    duplicates: Literal["keep", "drop"] = "keep"
    bad_values: Literal["drop", "refuse"] = "refuse"


class TableMapping(Strict):
    """One canonical table: from which source, which columns, and by which policy.

    `attributes` are further columns of the source (customers and items only); listing one
    declares that it is static, so that it may be used as a feature at any cutoff.
    `add_up` makes one row of the rows that share the table's key, adding the amounts.
    `exclude` names values of a canonical column whose rows are no customer behaviour.
    `limits` are the lowest and the highest plausible value of a number, both plausible themselves:
    a value beyond them counts as unknown, and its row stays.  An attribute with limits is a number.
    """

    source: str
    columns: dict[str, Origin]
    attributes: dict[str, str] = Field(default_factory=dict)
    attribute_types: dict[str, ColumnType] = Field(default_factory=dict)
    add_up: bool = False
    exclude: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    limits: dict[str, tuple[float, float]] = Field(default_factory=dict)
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
    if table.add_up and AMOUNT not in table.columns:
        raise ValueError(f"tables.{name}.add_up needs an {AMOUNT} column to add")
    for column in table.exclude:
        if column not in table.columns:
            raise ValueError(f"tables.{name}.exclude names {column!r}, which is not mapped")


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
