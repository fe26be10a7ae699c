"""What every job of a workspace starts from: its settings, its records, its steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cip.access.roles import Action, require
from cip.contract.config import Config, parse_config
from cip.flows.steps import Steps
from cip.ports import Progress
from cip.settings import Workspace
from cip.stores.records import Records, open_records
from cip.types import Principal

THRESHOLD: Final = "churn.threshold"
"""The name under which a saved threshold stands in the records."""


@dataclass(frozen=True)
class Job:
    """One piece of work by one actor on one workspace."""

    workspace: Workspace
    config: Config
    actor: Principal
    records: Records
    steps: Steps


def read_config(workspace: Workspace, *, actor: Principal) -> Config:
    """The checked `cip.toml`; SettingsError names what is wrong with it."""
    require(actor, "read")
    text = workspace.config_path.read_text(encoding="utf-8")
    return parse_config(text, str(workspace.config_path))


def open_job(workspace: Workspace, *, actor: Principal, action: Action, progress: Progress) -> Job:
    """Settings read, permission checked, records open; nothing is done yet.

    A threshold that a person saved on a page stands above the one in `cip.toml`.
    """
    require(actor, action)
    config = read_config(workspace, actor=actor)
    records = open_records(workspace.records_url)
    choice = records.choice(THRESHOLD)
    if choice is not None:
        churn = config.churn.model_copy(update={"threshold": float(choice.value)})
        config = config.model_copy(update={"churn": churn})
    return Job(workspace, config, actor, records, Steps(progress))
