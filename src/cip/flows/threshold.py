"""The threshold from which customers count as leavers: decided by a person, kept in the records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cip.access.roles import require
from cip.errors import SettingsError
from cip.flows.job import THRESHOLD
from cip.settings import Workspace
from cip.stores.lines import Choice
from cip.stores.records import open_records
from cip.types import Principal


@dataclass(frozen=True, slots=True)
class SavedThreshold:
    """The probability from which a customer counts as a leaver; who saved it, and when."""

    value: float
    set_at: datetime
    set_by: str


def save_threshold(workspace: Workspace, value: float, *, actor: Principal) -> SavedThreshold:
    """The threshold as it was saved; it stands above `cip.toml` until another is saved.

    Raises: NotAllowedError P-001 without the permission to configure; SettingsError F-220 for a
    value that is not between 0 and 1.
    """
    require(actor, "configure")
    if not 0 < value < 1:
        raise SettingsError(
            "F-220", f"{value} is no threshold.", "a probability between 0 and 1, such as 0.5"
        )
    with open_records(workspace.records_url) as records:
        return _saved(records.set_choice(actor, THRESHOLD, value))


def saved_threshold(workspace: Workspace, *, actor: Principal) -> SavedThreshold | None:
    """The threshold saved last, or None where nobody has saved one."""
    require(actor, "read")
    with open_records(workspace.records_url) as records:
        choice = records.choice(THRESHOLD)
    return None if choice is None else _saved(choice)


def _saved(choice: Choice) -> SavedThreshold:
    return SavedThreshold(float(choice.value), choice.set_at, choice.set_by)
