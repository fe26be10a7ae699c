"""The customer table by itself: what it says of each customer, without any time."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cip import columns as c
from cip.contract.config import LabelRule
from cip.engine.arrays import numbers, texts
from cip.engine.attributes import beside
from cip.engine.connect import read_files
from cip.engine.feature import spoken, with_facts_apart
from cip.engine.features import customers_with
from cip.engine.typed import as_text
from cip.errors import ContractError, NotReadyError
from cip.ports import EventStore
from cip.types import BoolArray, FeatureFrame, FeatureInfo, FloatArray, ObjectArray

_NAME: Final = "name"
_LABEL: Final = "label "
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})([.][0-9]{1,17})?")
_BREAKS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\W_]+")


@dataclass(frozen=True, slots=True)
class PlainTable:
    """n customers in order of their id; the frame's cutoffs are not a time.

    `labels`: by column, (n,) what it says as text, None where it is empty.
    """

    frame: FeatureFrame
    infos: tuple[FeatureInfo, ...]
    names: ObjectArray
    labels: dict[str, ObjectArray]


def plain_table(
    con: ibis.BaseBackend,
    store: EventStore,
    attributes: Sequence[str],
    labels: Sequence[str],
    *,
    money: str | None = None,
    words: Collection[str] = (),
) -> PlainTable:
    """Every customer of the table, with `attributes` as features; times among them are left out.

    `labels` name the columns that say who left; `money` the attribute that is money a month.  A
    text in which every value is written as a number is a number, as a CSV file has it, but for
    those of `words`; 007 is no number.

    Raises: NotReadyError C-207 without customers, ContractError C-101 for a column that is not
    there, C-208 where `money` is no number.
    """
    if not store.has("customers"):
        raise NotReadyError("C-207", "no customers were loaded.", "map tables.customers")
    customers = read_files(con, store.files("customers"))
    for name in (*attributes, *labels):
        customers_with(customers, name, "the run")
    used = [name for name in attributes if not customers[name].type().is_timestamp()]
    rows = _read(customers, used, labels)
    columns = {name: _values(rows, beside(name), stays=name in words) for name in used}
    _check_money(columns, money)
    ids = texts(rows, c.CUSTOMER_ID)
    nowhen = np.full(len(ids), np.datetime64("NaT", "us"))
    return PlainTable(
        FeatureFrame(ids, nowhen, columns),
        with_facts_apart(
            _info(name, values, is_money=name == money) for name, values in columns.items()
        ),
        texts(rows, _NAME),
        {name: texts(rows, _LABEL + name) for name in labels},
    )


def answered(said: ObjectArray, rule: LabelRule) -> tuple[BoolArray, BoolArray]:
    """(n,) whose label is known, and who left by it; capitals do not matter.

    `said` is the label's column as text.  Whoever is not known has not left.
    """
    small = np.array(["" if value is None else str(value).lower() for value in said], dtype=str)
    left = np.isin(small, [value.lower() for value in rule.left])
    stayed = np.isin(small, [value.lower() for value in rule.stayed])
    return (left | stayed) if rule.stayed else small != "", left


def words_of(name: str) -> str:
    """A column's name as words: `MonthlyCharges` as monthly charges."""
    parts = [part for part in _BREAKS.sub(" ", name).split(" ") if part]
    return " ".join(part if part.isupper() and len(part) > 1 else part.lower() for part in parts)


def _read(customers: ibis.Table, attributes: Sequence[str], labels: Sequence[str]) -> pa.Table:
    has_name = c.NAME in customers.columns
    made = {beside(name): customers[name] for name in attributes}
    made |= {_NAME: customers[c.NAME] if has_name else ibis.null("string")}
    made |= {_LABEL + name: as_text(customers[name]) for name in labels}
    rows = customers.select(c.CUSTOMER_ID, **made).to_pyarrow()
    return rows.sort_by(c.CUSTOMER_ID)


def _values(rows: pa.Table, name: str, *, stays: bool) -> NDArray[Any]:
    kind = rows.schema.field(name).type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        return numbers(rows, name)
    said = texts(rows, name)
    known = {value for value in said if value is not None}
    if stays or not known or not all(_NUMBER.fullmatch(value) for value in known):
        return said
    return np.array([np.nan if value is None else float(value) for value in said])


def _check_money(columns: dict[str, NDArray[Any]], money: str | None) -> None:
    if money is not None and (money not in columns or columns[money].dtype == np.object_):
        raise ContractError(
            "C-208",
            f"value.monthly: the attribute {money!r} is no number.",
            f'read it as one: attribute_types.{money} = "number" in [tables.customers]',
        )


def _info(name: str, values: NDArray[Any], *, is_money: bool) -> FeatureInfo:
    words = spoken(words_of(name) or name)
    subject = words[:1].upper() + words[1:]
    unit = "{currency}" if is_money else ""
    behind = " {currency}" if is_money else ""
    is_number = values.dtype != np.object_
    verb = ":" if words.endswith("s") else " is"  # "total charges is" would be no sentence
    return FeatureInfo(
        name=name,
        kind="number" if is_number else "category",
        unit=unit,
        description=subject,
        phrase=f"{subject}{verb} {{v}}{behind} (typical {{usual}})",
        fact=words,
        decimals=_decimals(values) if is_number else 0,
    )


def _decimals(values: FloatArray) -> int:
    """None where all are whole, else two."""
    known = values[~np.isnan(values)]
    return 0 if np.array_equal(known, np.round(known)) else 2
