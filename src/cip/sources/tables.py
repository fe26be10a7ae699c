"""What every kind of database says in the same words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cip.contract.mapping import Source
from cip.errors import ContractError, SettingsError

_SHOWN: Final = 10


def no_table(source: Source, tables: Sequence[str]) -> SettingsError:
    """What is said of a table that is not there, or not to be seen by this user."""
    shown = ", ".join(tables[:_SHOWN]) + (", ..." if len(tables) > _SHOWN else "")
    return SettingsError(
        "C-045",
        f"{source.database} has no table called {source.table!r}, or does not show it.",
        f"mend `table` of that source in cip.toml; there are: {shown or 'none'}",
    )


def unreadable(source: Source, row: int, cause: str) -> ContractError:
    """What is said when reading ends before the last row; `row` is the last one that came."""
    place = f"after row {row}" if row else "before the first row"
    return ContractError(
        "C-046",
        f"{source.where} cannot be read any further {place}: {cause}.",
        "nothing of it was taken; start again when the database answers",
    )


def quoted(name: str) -> str:
    """The name as an SQL identifier, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'
