"""The error for a column that a file does not have, with the name that was probably meant."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from cip.errors import ContractError


def missing_column(who: str, wanted: str, columns: Sequence[str]) -> ContractError:
    """ContractError C-101: `who` wants a column that is not among those of the file."""
    by_lower = {column.lower(): column for column in columns}
    near = get_close_matches(wanted.lower(), by_lower, n=1)
    hint = f"did you mean {by_lower[near[0]]!r}?" if near else "name one of these in cip.toml"
    return ContractError(
        "C-101",
        f"{who} reads the column {wanted!r}, and the file has {', '.join(map(repr, columns))}.",
        hint,
    )
