"""Write the reference pages from the catalogues in the code, so that they cannot disagree."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import typer
from pydantic import BaseModel

from cip.contract.config import Config
from cip.contract.features import FeatureRule
from cip.contract.tables import TABLES
from cip.engine.features import CATALOGUE
from cip.faces.cli.main import app
from cip.models.metrics import METRICS

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
NOTE = "<!-- written by `make docs` from the code; do not edit -->"


def pages() -> dict[str, str]:
    """Every page by file name."""
    return {
        "commands.md": _page("Commands", _commands()),
        "configuration.md": _page("cip.toml", _configuration()),
        "features.md": _page("Features", _features()),
        "metrics.md": _page("Metrics", _metrics()),
        "tables.md": _page("Canonical tables", _tables()),
    }


def main() -> int:
    """Write them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")
    return 0


def _page(title: str, lines: Iterator[str]) -> str:
    return "\n".join([NOTE, f"# {title}", "", *lines, ""])


def _commands() -> Iterator[str]:
    root = typer.main.get_command(app)
    yield from _command(root, "cip")


def _command(command: Any, name: str) -> Iterator[str]:
    subcommands = getattr(command, "commands", {})
    if not subcommands:
        yield f"## `{name}`"
        yield ""
        yield str(command.help or "")
        yield ""
        yield "| argument or option | default | |"
        yield "| --- | --- | --- |"
        for parameter in command.params:
            yield _parameter(parameter)
        yield ""
    for part, child in subcommands.items():
        yield from _command(child, f"{name} {part}")


def _parameter(parameter: click.Parameter) -> str:
    said = getattr(parameter, "help", "") or ""
    if parameter.param_type_name == "argument":
        return f"| `{(parameter.name or '').upper()}` | {_default(parameter)} | {said} |"
    return f"| `{'`, `'.join(parameter.opts)}` | {_default(parameter)} | {said} |"


def _default(parameter: click.Parameter) -> str:
    default = parameter.default
    empty = parameter.required or default in {None, False} or callable(default)
    return "" if empty else f"`{default}`"


def _configuration() -> Iterator[str]:
    yield "Sections of `cip.toml`. Unknown keys are refused; `cip config check` reads the file."
    yield ""
    for name, field in Config.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _section(name, kind)
    yield from _section("features.NAME", FeatureRule)
    yield "[Define a feature](../howto/define-a-feature.md) has examples."
    yield ""
    yield "## `[sources.NAME]`, `[tables.NAME]`"
    yield ""
    yield "See the commented presets that `cip init` writes, and [the tables](tables.md)."


def _section(name: str, kind: type[BaseModel]) -> Iterator[str]:
    yield f"## `[{name}]`"
    yield ""
    yield " ".join((kind.__doc__ or "").split())
    yield ""
    yield "| key | default |"
    yield "| --- | --- |"
    for key, field in kind.model_fields.items():
        default = "required" if field.is_required() else f"`{field.default!r}`"
        yield f"| `{key}` | {default} |"
    yield ""


def _features() -> Iterator[str]:
    yield f"{len(CATALOGUE)} features of the catalogue; static attributes of customers join them,"
    yield "and [features of your own](../howto/define-a-feature.md)."
    yield "Each knows only what occurred and was known strictly before its cutoff."
    yield ""
    yield "| feature | unit | what it is | needs |"
    yield "| --- | --- | --- | --- |"
    for feature in CATALOGUE:
        info, needs = feature.info, ", ".join(sorted(feature.needs))
        yield f"| `{info.name}` | {info.unit} | {info.description} | {needs} |"


def _metrics() -> Iterator[str]:
    yield "Every metric carries an interval by bootstrap over customers; accuracy comes last."
    yield ""
    yield "| metric | unit | what it says |"
    yield "| --- | --- | --- |"
    for metric in METRICS:
        yield f"| {metric.label} (`{metric.name}`) | {metric.unit} | {metric.description} |"


def _tables() -> Iterator[str]:
    for table in TABLES.values():
        key = ", ".join(f"`{name}`" for name in table.key) or "none: equal rows are distinct facts"
        yield f"## {table.name}"
        yield ""
        yield f"{table.description} Key: {key}."
        yield ""
        yield "| column | type | required | |"
        yield "| --- | --- | --- | --- |"
        for column in table.columns:
            required = "yes" if column.required else ""
            yield f"| `{column.name}` | {column.type} | {required} | {column.description} |"
        yield ""


if __name__ == "__main__":
    sys.exit(main())
