"""The sample of a source as the rows of a canonical table that a proposal makes of it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from cip.access.roles import require
from cip.columns import BUCKET, ROW_KEY, SOURCE_ROW
from cip.contract.config import parse_config
from cip.contract.guess.shapes import Proposal
from cip.contract.guess.toml import to_toml
from cip.engine.canonical import canonicalise
from cip.engine.connect import connect
from cip.engine.source import clean_source
from cip.flows.propose import Look
from cip.types import Finding, Principal

ROWS: Final = 20
_LOOKED_AT: Final = 2_000
_OURS: Final = (BUCKET, ROW_KEY, SOURCE_ROW)


@dataclass(frozen=True, slots=True)
class Preview:
    """The first canonical rows, column by column, and what was seen in the rows looked at."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    looked_at: int
    kept: int
    findings: tuple[Finding, ...]


def source_rows(look: Look, source: str, *, actor: Principal) -> Preview:
    """The first rows of the source as they stand there."""
    require(actor, "configure")
    sample = look.named(source).sample.drop_columns([SOURCE_ROW])
    return Preview(
        tuple(sample.column_names),
        _cells(sample.slice(0, ROWS)),
        len(sample),
        len(sample),
        (),
    )


def canonical_rows(look: Look, proposal: Proposal, part: int, *, actor: Principal) -> Preview:
    """What the proposal's table number `part` makes of the first 2,000 rows of its source.

    Raises: SettingsError S-102 when the proposal is no whole.
    """
    require(actor, "configure")
    guess = proposal.tables[part]
    config = parse_config(to_toml(proposal))
    same = [table for table in proposal.tables if table.name == guess.name]
    mapping = config.tables[guess.name][same.index(guess)]
    sample = look.named(guess.source).sample.slice(0, _LOOKED_AT)
    with tempfile.TemporaryDirectory(prefix="cip-preview-") as folder:
        path = Path(folder) / "sample.parquet"
        pq.write_table(sample, path)
        con = connect(1)
        try:
            rows = clean_source(con, path, config.sources[guess.source]).rows
            made = canonicalise(
                con,
                rows,
                guess.name,
                mapping,
                now=datetime.now(UTC),
                as_of=config.snapshot.as_of,
                currency=config.workspace.currency,
                zone=config.workspace.time_zone,
            )
            table: pa.Table = con.to_pyarrow(made.rows.order_by(SOURCE_ROW))
        finally:
            con.disconnect()
    shown = table.drop_columns([name for name in _OURS if name in table.column_names])
    return Preview(
        tuple(shown.column_names),
        _cells(shown.slice(0, ROWS)),
        len(sample),
        len(shown),
        tuple(made.findings),
    )


def _cells(table: pa.Table) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(row.values()) for row in table.to_pylist())
