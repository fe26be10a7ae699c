"""Features that people define, checked before any row is read: names, columns, expressions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

import ibis
from ibis.common.exceptions import IbisError
from ibis.expr.types import Table, Value

from cip import columns as c
from cip.contract.features import NUMBERS, TEXTS
from cip.engine.events import Events
from cip.engine.feature import AnyStage, DailyRows, Feature, OwnRows, Shares, Stage
from cip.engine.features import CATALOGUE
from cip.engine.features_kinds import kind_needed
from cip.engine.point_in_time import CUTOFF_DAY, by_stage, stage_rows
from cip.errors import ContractError

RESERVED: Final = frozenset(
    {
        c.CUSTOMER_ID,
        c.CUTOFF,
        CUTOFF_DAY,
        c.BUCKET,
        c.NAME,
        c.CHURNED,
        c.FUTURE_VALUE,
        c.P_CHURN,
        c.P_ALIVE,
        c.CLV,
        c.CLV_IF_RETAINED,
        c.EXPECTED_VALUE_LOSS,
        c.CHURN_BAND,
        c.CLV_BAND,
        c.PRIORITY_SEGMENT,
        c.RANK,
    }
)
"""Columns of what a run makes, whose names no feature may have."""

_READ: Final[Mapping[Stage, tuple[tuple[str, str | None], ...]]] = {
    "payments": (("transactions", None),),
    "activity": (("interactions", None),),
    "kinds": (("interactions", None),),
    "sentiment": (("interactions", c.SENTIMENT),),
    "items": (("interactions", c.ITEM_ID),),
    "categories": (("interactions", c.ITEM_ID), ("items", c.CATEGORY)),
    "devices": (("interactions", c.DEVICE),),
    "spells": (("subscriptions", None),),
}
_MISTAKES: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, IbisError)
"""What an expression over columns that are not there, or of other types, raises when it is made."""


def check_names(extra: Sequence[Feature], attributes: Sequence[str]) -> None:
    """Nothing; ContractError C-220 for a name that is taken already."""
    catalogue = {feature.info.name for feature in CATALOGUE}
    for name, times in Counter(feature.info.name for feature in extra).items():
        taken = (
            "a feature of the catalogue"
            if name in catalogue
            else "an attribute of the customers"
            if name in attributes
            else "a column of the results"
            if name in RESERVED
            else "another feature of yours"
            if times > 1
            else ""
        )
        if taken:
            raise ContractError(
                "C-220", f"the feature {name!r} has the name of {taken}.", "give it another name"
            )


def check_extra(
    extra: Sequence[Feature], events: Events, pairs: Table, features: Sequence[Feature]
) -> None:
    """Nothing; an error for a feature that cannot be computed from these tables.

    `features` are those of the catalogue which the data give.  Nothing is computed.
    Raises: ContractError C-221 where a table, a column or a kind is not there, C-222 for an
    expression that is none, reads other rows than those it is given, or does not add them up.
    """
    finished = (*features, *(feature for feature in extra if feature.stage != "ratios"))
    for stage, wanted in by_stage(extra).items():
        if stage == "ratios":
            rows = _finished(finished)
        else:
            _check_stage(stage, wanted)
            _check_there(stage, events, wanted)
            rows = stage_rows(stage, events, pairs)
        for feature in wanted:
            _check_value(feature, rows)


def _check_stage(stage: AnyStage, wanted: Sequence[Feature]) -> None:
    """Only rows and columns that are made here are sure to be known before the cutoff."""
    if isinstance(stage, str):
        return
    daily = stage.daily if isinstance(stage, Shares) else stage
    if isinstance(daily, DailyRows) and daily.table in NUMBERS:
        numbers, texts = NUMBERS[daily.table], TEXTS[daily.table]
        if daily.number in {None, *numbers} and daily.thing in {None, *texts}:
            return
        said = f"of {daily.table}, numbers are {', '.join(numbers)}; things are {_listed(texts)}"
    else:
        said = f"tables are {', '.join(NUMBERS)}"
    raise ContractError("C-221", f"{_called(wanted[0])}: it may not read the rows {daily!r}.", said)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _check_there(stage: AnyStage, events: Events, wanted: Sequence[Feature]) -> None:
    for table, column in _read_by(stage):
        rows: Table | None = getattr(events, table)
        if rows is not None and (column is None or column in rows.columns):
            continue
        place = table if column is None else f"{table}.{column}"
        key = table if column is None else f"{table}.columns.{column}"
        raise ContractError(
            "C-221",
            f"{_called(wanted[0])}: it reads {place}, which was not loaded.",
            f"map tables.{key} in cip.toml, or take the feature away",
        )
    for feature in wanted:
        _check_kinds(feature, events.kinds)


def _read_by(stage: AnyStage) -> Iterator[tuple[str, str | None]]:
    """The table, and each column of it that may be missing."""
    if isinstance(stage, str):
        yield from _READ[stage]
        return
    daily = stage.daily if isinstance(stage, Shares) else stage
    if isinstance(daily, OwnRows):
        return
    yield daily.table, daily.number
    if daily.thing == c.CATEGORY:
        yield from _READ["categories"]
    else:
        yield daily.table, daily.thing


def _check_kinds(feature: Feature, there: frozenset[str]) -> None:
    wanted = [kind for kind in sorted(there) if kind_needed(kind) in feature.needs]
    unknown = feature.needs - {kind_needed(kind) for kind in wanted}
    if unknown:
        kind = min(unknown).removeprefix(kind_needed(""))
        near = get_close_matches(kind, sorted(there), n=1)
        said = f"did you mean {near[0]!r}?" if near else f"the kinds are {', '.join(sorted(there))}"
        raise ContractError(
            "C-221", f"{_called(feature)}: no interaction is of kind {kind!r}.", said
        )


def _called(feature: Feature) -> str:
    return f"{feature.origin or 'cip.toml'}: the feature {feature.info.name}"


def _finished(features: Sequence[Feature]) -> Table:
    types = {"number": "float64", "category": "string"}
    return ibis.table({f.info.name: types[f.info.kind] for f in features}, name="finished")


def _check_value(feature: Feature, rows: Table) -> None:
    try:
        wrong = _wrong(feature, rows, feature.value(rows))
    except _MISTAKES as error:
        wrong = " ".join(str(error).split()).rstrip(".")
    if wrong:
        columns = ", ".join(rows.columns)
        raise ContractError("C-222", f"{_called(feature)}: {wrong}.", f"its rows have {columns}")


def _wrong(feature: Feature, rows: Table, value: object) -> str:
    """What is wrong with an expression; nothing if it can be computed."""
    if not isinstance(value, Value):
        return f"it is no expression but {type(value).__name__}"
    if value.op().relations != {rows.op()}:
        return "it must read the rows that it is given, all of them and no others"
    if feature.stage == "ratios":
        return "" if value.op().shape.is_columnar() else "it must give a value for every row"
    if not value.op().shape.is_scalar():
        return "it does not add up its rows to one value"
    kind = value.type()
    if feature.info.kind == "number" and not (kind.is_numeric() or kind.is_boolean()):
        return f"it gives {kind}, and a number is wanted"
    return ""
