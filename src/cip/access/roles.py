"""Roles and what they may do, as data."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import Final, Literal, get_args

from cip.errors import NotAllowedError
from cip.types import Principal, Role

Action = Literal["read", "export", "ingest", "run", "configure", "erase"]

ACTIONS: Final[Mapping[Action, str]] = {
    "read": "look at results",
    "export": "take results out of the house",
    "ingest": "load data",
    "run": "train, score and publish",
    "configure": "change settings and users",
    "erase": "erase customers",
}

_EVERYTHING: Final[frozenset[Action]] = frozenset(ACTIONS)

PERMISSIONS: Final[Mapping[Role, frozenset[Action]]] = {
    "owner": _EVERYTHING,
    "admin": _EVERYTHING,
    "data_scientist": frozenset({"read", "export", "ingest", "run"}),
    "analyst": frozenset({"read", "export"}),
    "viewer": frozenset({"read"}),
    "service": frozenset({"read", "ingest", "run"}),
}


def local_owner() -> Principal:
    """The owner, as the person at the local command line is; named after the OS user if known."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):  # no entry for this user id, as in some containers
        name = "local command line"
    return Principal(name, "owner")


def allowed(role: Role, action: Action) -> bool:
    """Whether the role may do this."""
    return action in PERMISSIONS[role]


def require(actor: Principal, action: Action) -> None:
    """Nothing, when the actor may do this.

    Raises: NotAllowedError P-001, which names the actor, the action and the roles that may.
    """
    if allowed(actor.role, action):
        return
    may = ", ".join(role for role in get_args(Role) if allowed(role, action))
    raise NotAllowedError(
        "P-001",
        f"{actor.name} has the role {actor.role}, which may not {ACTIONS[action]} ({action}).",
        f"these roles may: {may}",
    )
