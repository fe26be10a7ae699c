"""Money in several currencies: converted by stated rates, and never added up unawares."""

from __future__ import annotations

from typing import Final

import ibis
from ibis.expr.types import Table

from cip import columns as c
from cip.contract.mapping import TableMapping
from cip.contract.tables import MONEY, TableName
from cip.engine.marks import RATE
from cip.engine.policies import in_currency, rates_of
from cip.engine.typed import as_text, source_columns
from cip.types import Finding

_CODES: Final = (
    "AED ARS AUD BDT BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JPY "
    "KRW KZT MAD MXN MYR NGN NOK NZD PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TRY TWD UAH "
    "USD VND ZAR"
)
CURRENCIES: Final = frozenset(_CODES.split())
"""The codes by which a column of currencies is known that nobody mapped."""

_LOOKED_AT: Final = 1_000


def in_one_currency(
    rows: Table, name: TableName, mapping: TableMapping, currency: str | None
) -> tuple[Table, list[str]]:
    """The rows with their money in the workspace's currency, and the columns that count currencies.

    Without a mapped currency nothing changes.  Else `RATE` is what a unit of the row's currency is
    worth, null where nobody says; money is rounded to a millionth once it is converted.
    """
    if c.CURRENCY not in mapping.columns:
        return rows, []
    rates = rates_of(mapping, currency)
    code = rows[c.CURRENCY].upper().fill_null("")
    rate = code.cases(*((code_, ibis.literal(r, "float64")) for code_, r in rates.items()))
    seen = {in_currency(code_): code == code_ for code_ in rates}
    rated = rows.mutate(rate.name(RATE), **seen)
    money = rated[MONEY[name]]
    worth = (rated[RATE] == 1).ifelse(money, (money * rated[RATE]).round(6))
    return rated.mutate(worth.name(MONEY[name])), list(seen)


def undeclared_currency(
    source: Table, name: TableName, mapping: TableMapping, currency: str | None
) -> list[Finding]:
    """A finding when a column that nobody mapped says that the money is in other currencies.

    A column of currencies is known by its values: codes, and nothing else, in its first rows.
    """
    if MONEY.get(name) not in mapping.columns or c.CURRENCY in mapping.columns:
        return []
    findings = []
    for column in _candidates(source, mapping):
        counts = _counts(source, column)
        if not set(counts) <= CURRENCIES or set(counts) == {currency}:
            continue
        if len(counts) == 1 and currency is None:
            continue
        findings.append(_finding(name, column, counts, currency))
    return findings


def _candidates(source: Table, mapping: TableMapping) -> list[str]:
    used = {col for origin in mapping.columns.values() for col in source_columns(origin)}
    texts = [
        column
        for column in source.columns
        if source[column].type().is_string() and column not in used
    ]
    if not texts:
        return []
    some = source.filter(source[c.SOURCE_ROW] <= _LOOKED_AT)
    codes = sorted(CURRENCIES)
    seen = {}
    for place, column in enumerate(texts):
        text = some[column].strip().nullif("")
        seen[f"other_{place}"] = text.upper().notin(codes).ifelse(1, 0).sum()
        seen[f"filled_{place}"] = text.count()
    found = some.aggregate(**seen).to_pyarrow().to_pylist()[0]
    return [
        column
        for place, column in enumerate(texts)
        if found[f"filled_{place}"] and not found[f"other_{place}"]
    ]


def _counts(source: Table, column: str) -> dict[str, int]:
    """Rows of each currency, the most frequent first."""
    codes = source.select(code=as_text(source[column]).upper())
    told = codes.filter(codes["code"].notnull())
    rows = told.group_by("code").aggregate(rows=told.count()).to_pyarrow().to_pylist()
    return {row["code"]: row["rows"] for row in sorted(rows, key=lambda row: -row["rows"])}


def _finding(name: TableName, column: str, counts: dict[str, int], currency: str | None) -> Finding:
    total = sum(counts.values())
    said = ", ".join(f"{code} ({rows:,} rows)" for code, rows in counts.items())
    foreign = sum(rows for code, rows in counts.items() if code != currency)
    own = currency or next(iter(counts))
    other = next(code for code in counts if code != own)
    return Finding(
        code="C-137",
        severity="error",
        table=name,
        column=MONEY[name],
        rows=foreign if currency else total,
        total_rows=total,
        message=(
            f"{name}.{MONEY[name]} is read as {own}, and the source's column {column!r} says "
            f"{said}: refused."
        ),
        remedy=(
            f'map it, columns.currency = "{column}", and state what a unit is worth in {own}, '
            f'rates = {{ {other} = 0.92 }}; or let policy.currency = "drop" leave the others out'
        ),
        example=other,
        values_seen=tuple(counts),
    )
