"""The proposal as a commented `cip.toml`: what was guessed, how sure, and what is doubted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cip.contract.guess.shapes import ColumnGuess, Guess, Proposal, TableGuess, TableProfile

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_COMMENT_AT: Final = 48
_SHOWN: Final = 8

_HEAD: Final = """\
# Proposed by `cip init --from`: every line is a guess from a sample of the data, yours to change.
# "not sure" marks what to look at first.  `cip config check` reads this file and runs nothing."""


def to_toml(proposal: Proposal) -> str:
    """The text of `cip.toml`; `parse_config` reads it."""
    return "\n".join(_lines(proposal)) + "\n"


def value_of(value: Any) -> str:
    """A value as TOML writes it: text, number, truth, list, or table in one line."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(k)} = {value_of(v)}" for k, v in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(map(value_of, value))}]"
    return json.dumps(value)


def _lines(proposal: Proposal) -> Iterator[str]:
    yield from _HEAD.splitlines()
    yield "format = 1"
    yield ""
    yield "[workspace]"
    yield f"name = {value_of(proposal.name)}"
    yield from _with_doubt(f"currency = {value_of(proposal.currency.value)}", proposal.currency)
    yield from _time_zone(proposal)
    used = {table.source for table in proposal.tables}
    for source, shape in zip(proposal.sources, proposal.shapes, strict=True):
        yield ""
        yield from _source(source, shape, is_used=source.name in used)
    for table in proposal.tables:
        yield ""
        yield from _table(table, several=_several(proposal, table))
    for link in proposal.links:
        yield f"# seen: {_one_line(link)}"
    yield ""
    yield from _snapshot(proposal)
    yield ""
    yield from _churn(proposal)
    yield ""
    yield from _rest(proposal)


def _time_zone(proposal: Proposal) -> Iterator[str]:
    """As a comment, where nobody has said it: files do not say where a day begins."""
    if proposal.time_zone != "UTC":
        yield f"time_zone = {value_of(proposal.time_zone)}"
    elif proposal.rhythm is not None:
        yield _beside('# time_zone = "Europe/Berlin"', "whose midnights divide days, not UTC's")


def _several(proposal: Proposal, table: TableGuess) -> bool:
    return sum(other.name == table.name for other in proposal.tables) > 1


def _source(source: TableProfile, shape: Guess, *, is_used: bool) -> Iterator[str]:
    sign = "" if is_used else "# "
    counted = f"{source.rows:,} rows" if source.is_whole else f"about {source.rows:,} rows"
    yield f"# {_one_line(source.name)}: {counted}, taken for: {shape.value} ({_sure(shape)})"
    if shape.doubt:
        yield f"# {'not sure' if not shape.is_sure else 'note'}: {_one_line(shape.doubt)}"
    for doubt in source.doubts:
        yield f"# not sure: {_one_line(doubt)}"
    yield f"{sign}[sources.{_key(source.name)}]"
    for name, value in source.options.items():
        yield f"{sign}{name} = {value_of(value)}"


def _table(table: TableGuess, *, several: bool) -> Iterator[str]:
    head = f"[[tables.{table.name}]]" if several else f"[tables.{table.name}]"
    yield _beside(head, table.note)
    yield f"source = {value_of(table.source)}"
    if table.add_up:
        yield "add_up = true"
    for column in table.columns:
        yield from _column(column)
    if table.attributes:
        yield f"attributes = {value_of(table.attributes)}"
    kinds = dict.fromkeys(table.number_attributes, "number")
    if kinds:
        yield f"attribute_types = {value_of(kinds)}"
    for name, (choice, why) in table.policy.items():
        yield _beside(f"policy.{name} = {value_of(choice)}", why)
    yield from _left_out(table)


def _column(column: ColumnGuess) -> Iterator[str]:
    yield from _with_doubt(f"columns.{column.name} = {value_of(column.origin)}", column.guess)


def _left_out(table: TableGuess) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for column, why in table.left_out.items():
        by_reason.setdefault(why, []).append(column)
    for why, columns in by_reason.items():
        more = f" and {len(columns) - _SHOWN} more" if len(columns) > _SHOWN else ""
        yield f"# left out: {_one_line(', '.join(columns[:_SHOWN]))}{more} ({_one_line(why)})"


def _snapshot(proposal: Proposal) -> Iterator[str]:
    seen = proposal.rhythm
    if seen is None:
        yield "# No column says when: customers are judged under cross-validation, without dates."
        return
    yield _beside("[snapshot]", f"the data span {seen.length_days:,} days")
    yield from _with_doubt(f"horizon_days = {seen.horizon_days}", seen.guess)
    yield _beside(
        f"active_days = {seen.active_days}", "only customers active so lately are looked at"
    )
    yield _beside(
        f"gap_days = {seen.gap_days}", "between what a model learns from and is tested on"
    )
    yield f"every_days = {seen.every_days}"
    yield f"min_history_days = {seen.min_history_days}"
    yield f"max_cutoffs = {seen.max_cutoffs}"


def _churn(proposal: Proposal) -> Iterator[str]:
    label = proposal.label
    yield "[churn]"
    yield from _with_doubt(f"label = {value_of(label.settings)}", label.guess)
    if label.also:
        yield _beside(f"also = {value_of(list(label.also))}", "judged beside it; it has no date")
    yield _beside("bands = [0.3, 0.6]", "below 30 % low, from 60 % high")
    yield "threshold = 0.5"


def _rest(proposal: Proposal) -> Iterator[str]:
    kinds = [
        table.origin("kind")
        for table in proposal.tables
        if table.name == "interactions" and table.origin("item_id")
    ]
    named = [kind["constant"] for kind in kinds if isinstance(kind, dict) and "constant" in kind]
    wanted = [kind for kind in dict.fromkeys(named) if kind not in {"impression", "search"}]
    if wanted:
        yield "[recommend]"
        yield f"kinds = {value_of(wanted)}"
        yield ""
    yield "[value]"
    yield "horizon_days = 365"
    yield "discount_rate_yearly = 0.10"
    yield _beside("margin = 1.0", "1.0: value is revenue, not margin")
    yield _beside("bands = [100.0, 1000.0]", f"{proposal.currency.value}; set them to your money")


def _with_doubt(line: str, guess: Guess) -> Iterator[str]:
    """The line; a doubt stands above it when the guess is not sure, else behind it."""
    if not guess.is_sure:
        yield f"# not sure ({_sure(guess)}): {_one_line(guess.doubt or 'look at this line')}"
        yield line
    else:
        yield _beside(line, guess.doubt)


def _beside(line: str, comment: str) -> str:
    if not comment:
        return line
    return f"{line:<{_COMMENT_AT - 2}}  # {_one_line(comment)}"


def _sure(guess: Guess) -> str:
    return f"{guess.confidence:.0%} sure"


def _one_line(text: str) -> str:
    """A comment ends with its line, so what data say must not hold a line break."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else value_of(name)
