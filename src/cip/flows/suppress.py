"""Customers who are never to be loaded: the list, and its observance by every load.

The list holds HMAC-SHA256 digests of ids, keyed by a secret of the environment: whoever reads the
records alone can neither read the ids nor try them out.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ibis.expr.types import Table

from cip import columns as c
from cip.contract.tables import TableName
from cip.engine.batches import bucket_groups, in_buckets
from cip.errors import ContractError, NotFoundError, SettingsError
from cip.flows.job import Job, open_job
from cip.flows.move import Moves, customer_tables, drop_customers
from cip.flows.steps import Silent
from cip.settings import Workspace
from cip.stores.lock import workspace_lock
from cip.stores.suppressions import add_suppressed, suppressed
from cip.types import Finding, Principal

KEY_VARIABLE: Final = "CIP_SUPPRESSION_KEY"
_SHORTEST_KEY: Final = 16
_HIDDEN: Final = "(suppressed)"


@dataclass(frozen=True)
class Suppressed:
    """What was asked: ids on the list now, those that are new there, rows taken out of the lake."""

    asked: int
    new: int
    removed: dict[str, int] | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"asked": self.asked, "new": self.new, "removed": self.removed}

    def lines(self) -> list[str]:
        """For people."""
        said = [f"{self.asked:,} ids are on the list, {self.new:,} of them new; loads skip them."]
        if self.removed is None:
            said.append(
                "Rows that were loaded before stay until they are erased; `--remove` takes them "
                "out of the lake's current version."
            )
        else:
            said += [f"{table}: {rows:,} rows removed" for table, rows in self.removed.items()]
            said.append("Earlier versions of the lake and published runs still hold them.")
        return said


def suppress(
    workspace: Workspace, ids: Collection[str], *, remove: bool = False, actor: Principal
) -> Suppressed:
    """Put customers on the list; with `remove` the lake's current version loses their rows.

    Raises: SettingsError S-125 without the key, S-126 for one that is too short, ContractError
    C-160 without an id.
    """
    job = open_job(workspace, actor=actor, action="erase", progress=Silent())
    wanted = {each.strip() for each in ids} - {""}
    if not wanted:
        raise ContractError("C-160", "no id was named.", "name ids, or a --file with one a line")
    secret = _secret()
    with workspace_lock(workspace.root / ".run.lock"):
        new = add_suppressed(job.records, actor, [_digest(secret, each) for each in wanted])
        removed = drop_customers(job, wanted) if remove else None
    return Suppressed(len(wanted), new, removed)


def ids_in(file: Path) -> list[str]:
    """The ids of a text file, one a line; empty lines are stepped over.

    Raises: NotFoundError C-164 when the file cannot be read.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise NotFoundError(
            "C-164", f"{file} cannot be read: {error}.", "a text file in UTF-8, one id a line"
        ) from error
    return [line.strip() for line in lines if line.strip()]


def suppressed_ids(job: Job, table: TableName, rows: Table, moves: Moves) -> list[str]:
    """The ids among the rows that are on the list, sorted.

    Whoever counts as a customer on the list is on it too.  Raises: SettingsError S-125 when there
    is a list and no key to read it with.
    """
    listed = suppressed(job.records)
    if not listed or table not in {*customer_tables(), "customers"}:
        return []
    return sorted(_on_list(rows, listed, _secret(), moves.into))


def left_out(table: TableName, rows: Table, ids: Sequence[str]) -> tuple[Table, list[Finding]]:
    """The rows without those of these customers, and a finding that counts them."""
    if not ids:
        return rows, []
    total = rows.count().to_pyarrow().as_py()
    kept = rows.filter(rows[c.CUSTOMER_ID].notin(list(ids)))
    gone = total - kept.count().to_pyarrow().as_py()
    return kept, [_finding(table, gone, total, len(ids))]


def without_ids(finding: Finding, ids: Sequence[str]) -> Finding:
    """The finding with nobody of the list as its example: findings are kept and shown."""
    for each in ids:
        if each in (finding.example, *finding.values_seen):
            finding = replace(
                finding,
                message=finding.message.replace(repr(each), _HIDDEN),
                example=_HIDDEN if finding.example == each else finding.example,
                values_seen=tuple(
                    _HIDDEN if seen == each else seen for seen in finding.values_seen
                ),
            )
    return finding


def _on_list(
    rows: Table, listed: frozenset[str], secret: bytes, into: Mapping[str, str]
) -> Iterator[str]:
    customers = rows.select(c.CUSTOMER_ID, c.BUCKET).distinct()
    count = customers.count().to_pyarrow().as_py()
    for group in bucket_groups(count):
        found = in_buckets(customers, group).select(c.CUSTOMER_ID).to_pyarrow()
        for each in found[c.CUSTOMER_ID].to_pylist():
            names = {each, into.get(each, each)}
            if any(_digest(secret, name) in listed for name in names):
                yield each


def _digest(secret: bytes, customer_id: str) -> str:
    return hmac.digest(secret, customer_id.encode(), "sha256").hex()


def _secret() -> bytes:
    text = os.environ.get(KEY_VARIABLE, "")
    if not text:
        raise SettingsError(
            "S-125",
            f"{KEY_VARIABLE} is not set, so the suppression list can be neither read nor written.",
            f"set {KEY_VARIABLE} to a long secret, the same one for every command and for good",
        )
    if len(text) < _SHORTEST_KEY:
        raise SettingsError(
            "S-126",
            f"{KEY_VARIABLE} has {len(text)} characters.",
            f"use at least {_SHORTEST_KEY}: `openssl rand -hex 32` makes a good one",
        )
    return text.encode()


def _finding(table: str, rows: int, total: int, customers: int) -> Finding:
    return Finding(
        code="C-161",
        severity="info",
        table=table,
        column=c.CUSTOMER_ID,
        rows=rows,
        total_rows=total,
        message=(
            f"{table} has {rows:,} of {total:,} rows of {customers:,} customers on the "
            "suppression list: left out."
        ),
        remedy="`cip customers suppress` put them there",
        left_out=rows,
    )
