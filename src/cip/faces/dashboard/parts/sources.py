"""What the workspace reads now: its sources, its tables, and what the last run saw in them."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cip.contract.config import Config
from cip.contract.mapping import FromColumn, FromConstant, FromProduct, Origin, TableMapping
from cip.errors import CipError
from cip.faces.dashboard import look, state
from cip.faces.dashboard.look import escape
from cip.faces.dashboard.parts import evidence


def show(config: Config) -> None:
    """The mapping as a table a source and a table, then the findings of the run that is shown."""
    with st.container(key="card_sources"):
        st.html(look.block(_sources(config)))
    with st.container(key="card_tables"):
        st.html(look.block(_tables(config)))
    with st.container(key="card_data"):
        st.html(look.block(_findings()))


def _sources(config: Config) -> str:
    rows = [
        [
            f"<b>{escape(name)}</b>",
            f"<code>{escape(source.where)}</code>",
            escape(_used(config, name)),
        ]
        for name, source in config.sources.items()
    ]
    return look.heading("Sources", "Files and tables that are read; never changed.") + look.table(
        ["Source", "Where", "Read for"], rows, words=3
    )


def _used(config: Config, source: str) -> str:
    used = [name for name, parts in config.tables.items() if any(p.source == source for p in parts)]
    return ", ".join(used) or "nothing"


def _tables(config: Config) -> str:
    rows = [
        [
            f"<b>{escape(name)}</b><small>{escape(part.source)}</small>",
            _mapped(part),
            _policies(part),
        ]
        for name, parts in config.tables.items()
        for part in parts
    ]
    return look.heading("Tables", "Which column each of CIP's columns is read from.") + look.table(
        ["Table", "Columns", "Policies"], rows, words=3
    )


def _mapped(part: TableMapping) -> str:
    said = [f"{escape(name)} ← {escape(_origin(o))}" for name, o in part.columns.items()]
    if part.attributes:
        said.append(f"attributes: {escape(', '.join(part.attributes))}")
    return "<br>".join(said)


def _origin(origin: Origin) -> str:
    if isinstance(origin, FromColumn):
        return origin.column
    if isinstance(origin, FromProduct):
        return " × ".join(origin.product)
    if isinstance(origin, FromConstant):
        return f"always {origin.constant}"
    return " + ".join(origin.join)


def _policies(part: TableMapping) -> str:
    told: dict[str, Any] = part.policy.model_dump(exclude_defaults=True)
    if part.add_up:
        told = {"rows of one payment": "added up", **told}
    told |= {
        f"limits of {name}": "{:g} to {:g}".format(*ends) for name, ends in part.limits.items()
    }
    return "<br>".join(f"{escape(name)}: {escape(str(value))}" for name, value in told.items())


def _findings() -> str:
    try:
        return evidence.data(state.results().summary)
    except CipError:
        return look.heading("Findings", "") + look.note(
            "No run is published yet: `cip check` says what is wrong, `cip run` publishes it."
        )
