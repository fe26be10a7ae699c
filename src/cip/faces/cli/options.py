"""The options that several commands share, written once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace", "-w", envvar="CIP_WORKSPACE", help="The folder that holds cip.toml."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write the result as JSON.")]
HostOption = Annotated[str, typer.Option(help="The address to listen on: this machine only.")]
PortOption = Annotated[int, typer.Option(help="The port; the next free one is taken if busy.")]
HERE = Path()


def write_json(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, allow_nan=False, default=str))
