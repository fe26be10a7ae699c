"""The records: runs, which one is current, what was loaded, and who did what.

A run is `running` from `start_run` until `publish` or `fail_run`.  A killed process can write
neither, so a run that still says `running` is shown as `interrupted` when its process is known to
be dead, or, where that cannot be asked (another machine, Windows), a day after it began.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Final, Self

from sqlalchemy import Connection, Engine, Insert, RowMapping, insert, select, update

from cip.errors import NotFoundError, NotReadyError
from cip.ports import Clock
from cip.stores import schema
from cip.stores.database import open_database, writing
from cip.stores.lines import AuditLine, Choice, Load, Run
from cip.stores.processes import Process, is_alive, this_process
from cip.types import Principal

_CURRENT: Final = "current"
_LOST_AFTER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Writing:
    """An open transaction: who writes, and at what time."""

    connection: Connection
    actor: Principal
    now: datetime

    def audit(self, action: str, subject: str, detail: Mapping[str, Any]) -> None:
        """An audit line that is committed with everything else, or not at all."""
        line = _audit_line(self.now, self.actor, action, subject, detail)
        self.connection.execute(line)


def utc_now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)


def open_records(url: str, clock: Clock = utc_now) -> Records:
    """The records at this database URL; an empty or older database gets the newest tables first.

    Raises: SettingsError R-001 or R-002, see `open_database`.
    """
    return Records(open_database(url), clock)


class Records:
    """The records in one database; every method is one short transaction of its own."""

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._now = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives back every connection."""
        self._engine.dispose()

    def now(self) -> datetime:
        """The records' own clock."""
        return self._now()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for the modules beside this one; it writes nothing."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, actor: Principal) -> Iterator[Writing]:
        """One transaction for the modules beside this one, with the actor and the time it has."""
        with writing(self._engine) as connection:
            yield Writing(connection, actor, self._now())

    def start_run(
        self,
        actor: Principal,
        *,
        data_versions: Mapping[str, int],
        config_fingerprint: str,
        code_version: str,
        seed: int,
    ) -> str:
        """The id of a new run of this process: sorts by its second, safe as a folder name."""
        now = self._now()
        run_id = f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        process = this_process()
        with writing(self._engine) as connection:
            connection.execute(
                insert(schema.runs).values(
                    run_id=run_id,
                    created_at=now,
                    state="running",
                    actor=actor.name,
                    data_versions=dict(data_versions),
                    config_fingerprint=config_fingerprint,
                    code_version=code_version,
                    seed=seed,
                    host=process.host,
                    pid=process.pid,
                    process_started=process.started,
                )
            )
        return run_id

    def finish_run(self, run_id: str, *, seconds: float, summary: Mapping[str, Any]) -> None:
        """Notes that a run has made everything; it is current only after `publish`.

        `summary` is JSON without NaN.  Raises: NotReadyError R-003 when the run is not running.
        """
        with writing(self._engine) as connection:
            values = {"seconds": seconds, "summary": dict(summary), "finished_at": self._now()}
            _change(connection, run_id, {"running"}, **values)

    def fail_run(self, run_id: str, *, seconds: float, error: str) -> None:
        """Notes that a run failed, and why.  Raises: NotReadyError R-003 when it is not running."""
        with writing(self._engine) as connection:
            values = {"seconds": seconds, "error": error, "finished_at": self._now()}
            _change(connection, run_id, {"running"}, state="failed", **values)

    def publish(
        self,
        run_id: str,
        actor: Principal,
        *,
        beside: Callable[[Writing], None] | None = None,
        action: str = "publish",
    ) -> None:
        """Makes a run the current one: state, pointer and audit line in one transaction.

        This is the only commit of a run; what `beside` writes is part of it.  A run published
        earlier may be made current again, with an `action` of its own in the audit line.
        Raises: NotReadyError R-003 for a failed or an unknown run.
        """
        with self.writing(actor) as line:
            before = _current(line.connection)
            _change(line.connection, run_id, {"running", "published"}, state="published")
            _point_to(line.connection, run_id, line.now, actor)
            line.audit(action, run_id, {"before": before})
            if beside is not None:
                beside(line)

    def current_run_id(self) -> str | None:
        """The run that faces show, or None before the first was published."""
        with self._engine.connect() as connection:
            return _current(connection)

    def run(self, run_id: str) -> Run:
        """One run.  Raises: NotFoundError R-004."""
        query = select(schema.runs).where(schema.runs.c.run_id == run_id)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise NotFoundError("R-004", f"there is no run {run_id!r}.", "`cip runs` lists them")
        return _run(row, self._now())

    def runs(self, limit: int = 20) -> list[Run]:
        """The newest runs, newest first."""
        table = schema.runs
        query = select(table).order_by(table.c.created_at.desc(), table.c.run_id.desc())
        with self._engine.connect() as connection:
            rows = connection.execute(query.limit(limit)).mappings().all()
        return [_run(row, self._now()) for row in rows]

    def add_load(
        self,
        actor: Principal,
        *,
        table: str,
        source: str,
        sha256: str,
        rows: int,
        version: int,
        mapping_fingerprint: str,
        source_name: str | None = None,
        findings: Mapping[str, Any] | None = None,
        columns: Mapping[str, str] | None = None,
        newest_at: datetime | None = None,
    ) -> None:
        """Notes that `rows` rows of the file with this checksum became `version` of the table.

        Rows are acknowledged by this line: a load without it is done again, and changes nothing.
        """
        with writing(self._engine) as connection:
            connection.execute(
                insert(schema.loads).values(
                    table_name=table,
                    source=source,
                    sha256=sha256,
                    rows=rows,
                    version=version,
                    mapping_fingerprint=mapping_fingerprint,
                    loaded_at=self._now(),
                    actor=actor.name,
                    source_name=source_name,
                    findings=None if findings is None else dict(findings),
                    columns=None if columns is None else dict(columns),
                    newest_at=newest_at,
                )
            )

    def last_load(self, table: str, source_name: str | None = None) -> Load | None:
        """The newest load of a table, or of one source into it; None before the first."""
        loads = schema.loads
        query = select(loads).where(loads.c.table_name == table)
        if source_name is not None:
            query = query.where(loads.c.source_name == source_name)
        with self._engine.connect() as connection:
            newest = query.order_by(loads.c.load_id.desc()).limit(1)
            row = connection.execute(newest).mappings().one_or_none()
        return None if row is None else Load(**row)

    def set_choice(self, actor: Principal, name: str, value: Any) -> Choice:
        """Notes a decision, JSON without NaN, with an audit line; earlier ones are kept."""
        now = self._now()
        with writing(self._engine) as connection:
            before = _choice(connection, name)
            values = {"name": name, "value": value, "set_at": now, "set_by": actor.name}
            connection.execute(insert(schema.choices).values(**values))
            detail = {"value": value, "before": None if before is None else before.value}
            connection.execute(_audit_line(now, actor, "choose", name, detail))
        return Choice(**values)

    def choice(self, name: str) -> Choice | None:
        """The newest decision of this name, or None before the first."""
        with self._engine.connect() as connection:
            return _choice(connection, name)

    def log(
        self, actor: Principal, action: str, subject: str, detail: Mapping[str, Any] | None = None
    ) -> None:
        """Adds one line to the audit trail; lines are never changed."""
        with writing(self._engine) as connection:
            connection.execute(_audit_line(self._now(), actor, action, subject, detail or {}))

    def audit(self, limit: int = 100) -> list[AuditLine]:
        """The newest lines of the audit trail, newest first."""
        table = schema.audit
        columns = [table.c[field.name] for field in fields(AuditLine)]
        query = select(*columns).order_by(table.c.audit_id.desc()).limit(limit)
        with self._engine.connect() as connection:
            return [AuditLine(**row) for row in connection.execute(query).mappings()]


def _change(connection: Connection, run_id: str, states: set[str], **values: Any) -> None:
    table = schema.runs
    chosen = (table.c.run_id == run_id) & table.c.state.in_(sorted(states))
    if connection.execute(update(table).where(chosen).values(**values)).rowcount != 1:
        raise NotReadyError(
            "R-003",
            f"the run {run_id!r} is not {' or '.join(sorted(states))}.",
            "`cip runs` shows the state of each run",
        )


def _current(connection: Connection) -> str | None:
    table = schema.pointer
    return connection.scalar(select(table.c.run_id).where(table.c.name == _CURRENT))


def _point_to(connection: Connection, run_id: str, now: datetime, actor: Principal) -> None:
    table = schema.pointer
    values = {"run_id": run_id, "moved_at": now, "moved_by": actor.name}
    moved = connection.execute(update(table).where(table.c.name == _CURRENT).values(**values))
    if moved.rowcount == 0:
        connection.execute(insert(table).values(name=_CURRENT, **values))


def _choice(connection: Connection, name: str) -> Choice | None:
    table = schema.choices
    columns = [table.c[field.name] for field in fields(Choice)]
    newest = select(*columns).where(table.c.name == name).order_by(table.c.choice_id.desc())
    row = connection.execute(newest.limit(1)).mappings().one_or_none()
    return None if row is None else Choice(**row)


def _audit_line(
    now: datetime, actor: Principal, action: str, subject: str, detail: Mapping[str, Any]
) -> Insert:
    return insert(schema.audit).values(
        at=now,
        actor=actor.name,
        role=actor.role,
        action=action,
        subject=subject,
        detail=dict(detail),
    )


def _run(row: RowMapping, now: datetime) -> Run:
    values = {field.name: row[field.name] for field in fields(Run)}
    if row["state"] == "running" and _is_lost(row, now):
        values["state"] = "interrupted"
    return Run(**values)


def _is_lost(row: RowMapping, now: datetime) -> bool:
    alive = is_alive(Process(row["host"], row["pid"], row["process_started"]))
    return now - row["created_at"] > _LOST_AFTER if alive is None else not alive
