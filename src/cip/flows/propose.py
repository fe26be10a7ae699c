"""Look at a stranger's data, propose a `cip.toml` with what is sure and what is not, write it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cip.access.roles import require
from cip.contract.config import parse_config
from cip.contract.guess.propose import propose as propose_pure
from cip.contract.guess.rhythm import timed_columns
from cip.contract.guess.shapes import SHAPES, Guess, Proposal, TableProfile
from cip.contract.guess.toml import to_toml
from cip.engine.features import CATALOGUE
from cip.errors import CipError, ContractError
from cip.flows.init import refuse_existing
from cip.flows.places import Variable, find
from cip.settings import Workspace
from cip.sources.glimpse import Glimpse, glimpse, histories
from cip.types import Principal

_CUSTOMERS: Final = 2_000

__all__ = ["SHAPES", "Guess", "Proposal", "TableProfile", "refuse_existing"]


@dataclass(frozen=True)
class Look:
    """What was seen: a glimpse of every source, and what could not be read and why.

    `root` is the folder of the workspace to be; `variables` are to be set before it can run.
    """

    root: Path
    glimpses: tuple[Glimpse, ...]
    refused: tuple[str, ...] = ()
    variables: tuple[Variable, ...] = ()
    name: str = "My business"

    @property
    def profiles(self) -> tuple[TableProfile, ...]:
        """The profile of every source."""
        return tuple(seen.profile for seen in self.glimpses)

    def named(self, source: str) -> Glimpse:
        """The glimpse of this source."""
        return next(seen for seen in self.glimpses if seen.profile.name == source)


def look_at(wanted: Sequence[str], root: Path, *, actor: Principal) -> Look:
    """A bounded look at files, folders and database URLs, for a workspace at `root`.

    Raises: NotFoundError F-130 for what is not there, SettingsError F-131 when there is nothing to
    read; what a reader says of the only source.
    """
    require(actor, "configure")
    found = find(wanted, root)
    seen: list[Glimpse] = []
    refused: list[str] = []
    first: CipError | None = None
    for each in found.places:
        try:
            seen.append(_with_doubts(glimpse(each.name, each.options, root), each.doubts))
        except CipError as error:
            first = first or error
            refused.append(f"{each.said}: {error.message}")
    if first is not None and not seen:
        raise first
    every = (*found.refused, *refused)
    return Look(root, tuple(seen), every, found.variables, _name_of(root))


def propose(look: Look, answers: Mapping[str, str] | None = None) -> Proposal:
    """The proposal for what was seen; `answers` (place to value) outweigh every guess.

    Raises: ContractError G-101 when nothing in it says who left.
    """
    return propose_pure(
        look.profiles,
        today=datetime.now(UTC).date(),
        answers=answers,
        name=look.name,
        features=[feature.info.name for feature in CATALOGUE],
    )


def with_histories(look: Look, proposal: Proposal) -> Look:
    """The look, with every row of some customers of each source that only a sample was seen of.

    So the gaps between a customer's days are true ones, and the horizon is more than a habit.
    """
    timed = {table.source: timed_columns(table) for table in proposal.tables}
    timed |= {t.source: timed_columns(t) for t in proposal.tables if t.origin("occurred_at")}
    glimpses = tuple(
        _filled(seen, timed.get(seen.profile.name, ()), look.root) for seen in look.glimpses
    )
    return replace(look, glimpses=glimpses)


def placed(look: Look, root: Path) -> Look:
    """The same look for a workspace at another folder; its sources have absolute paths."""
    return replace(look, root=root, name=_name_of(root))


def text_of(proposal: Proposal) -> str:
    """The commented `cip.toml`."""
    return to_toml(proposal)


def write(look: Look, proposal: Proposal, *, actor: Principal, over: bool = False) -> Workspace:
    """The workspace with the proposed `cip.toml`.

    Raises: SettingsError S-110 when there is one already and `over` is False; S-102 when the
    answers of a person make no whole.
    """
    require(actor, "configure")
    workspace = Workspace(look.root.resolve())
    if not over:
        refuse_existing(look.root)
    text = to_toml(proposal)
    parse_config(text, str(workspace.config_path))
    workspace.root.mkdir(parents=True, exist_ok=True)
    workspace.config_path.write_text(text, encoding="utf-8")
    return workspace


def as_dict(look: Look, proposal: Proposal) -> dict[str, Any]:
    """The proposal JSON-ready: sources with their columns, tables, every guess with its doubt."""
    return {
        "name": proposal.name,
        "sources": [_source_dict(profile) for profile in look.profiles],
        "tables": [
            {
                "table": table.name,
                "source": table.source,
                "columns": {column.name: column.origin for column in table.columns},
                "attributes": dict(table.attributes),
                "left_out": dict(table.left_out),
                "add_up": table.add_up,
                "policy": {name: choice for name, (choice, _) in table.policy.items()},
            }
            for table in proposal.tables
        ],
        "label": dict(proposal.label.settings),
        "snapshot": asdict(proposal.rhythm) if proposal.rhythm else None,
        "guesses": [asdict(guess) | {"sure": guess.is_sure} for guess in proposal.guesses],
        "not_sure": [guess.place for guess in proposal.questions],
        "links": list(proposal.links),
        "refused": list(look.refused),
        "variables": [asdict(variable) for variable in look.variables],
    }


def _name_of(root: Path) -> str:
    return re.sub(r"[\W_]+", " ", root.resolve().name).strip().capitalize() or "My business"


def _source_dict(profile: TableProfile) -> dict[str, Any]:
    return {
        "name": profile.name,
        "options": dict(profile.options),
        "rows": profile.rows,
        "is_whole": profile.is_whole,
        "doubts": list(profile.doubts),
        "columns": [column.as_dict() for column in profile.columns],
    }


def _with_doubts(seen: Glimpse, doubts: Sequence[str]) -> Glimpse:
    if not doubts:
        return seen
    profile = replace(seen.profile, doubts=(*seen.profile.doubts, *doubts))
    return replace(seen, profile=profile)


def _filled(seen: Glimpse, columns: tuple[str, ...], root: Path) -> Glimpse:
    profile = seen.profile
    if profile.is_whole or len(columns) < 2:
        return seen
    known = sorted({cell for cell in profile.cells[columns[0]] if cell is not None})
    few = known[:: -(-len(known) // _CUSTOMERS)]
    try:
        rows = histories(profile.options, root, columns, few)
    except ContractError:  # a row that cannot be read: `cip check` says it, the horizon is a habit
        return seen
    return replace(seen, profile=replace(profile, histories=rows))
