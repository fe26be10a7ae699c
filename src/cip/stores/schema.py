"""The tables of the records, as SQLAlchemy knows them; `migrations/` brings a database here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

HEAD: Final = "0004"
"""The newest revision in `migrations/`: a database that has it is opened without Alembic."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant.  Goes in with any zone, comes out in UTC, also from SQLite, which drops zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - the signature is SQLAlchemy's
    ) -> datetime | None:
        """The instant in UTC.  Raises ValueError for a time without a zone."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - the signature is SQLAlchemy's
    ) -> datetime | None:
        """The instant with `tzinfo=UTC`."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("state", String(10), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("seconds", Float),
    Column("data_versions", JSON, nullable=False),
    Column("config_fingerprint", String(64), nullable=False),
    Column("code_version", String(40), nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("summary", JSON(none_as_null=True)),
    Column("error", Text),
    # who runs it, so that a killed run can be told from a slow one
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_started", String(40), nullable=False),
    CheckConstraint("state in ('running', 'published', 'failed')", name="state"),
    Index(None, "created_at"),
)

pointer = Table(
    "pointer",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("run_id", String(40), ForeignKey(runs.c.run_id), nullable=False),
    Column("moved_at", UtcDateTime, nullable=False),
    Column("moved_by", String(200), nullable=False),
)

loads = Table(
    "loads",
    metadata,
    Column("load_id", Integer, primary_key=True),
    Column("table_name", String(40), nullable=False),
    Column("source", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("mapping_fingerprint", String(64), nullable=False),
    Column("loaded_at", UtcDateTime, nullable=False),
    Column("actor", String(200), nullable=False),
    # what was seen, so that a load that has nothing to read can say it again
    Column("source_name", String(200)),
    Column("findings", JSON(none_as_null=True)),
    Column("columns", JSON(none_as_null=True)),
    Column("newest_at", UtcDateTime),
    Index(None, "table_name", "load_id"),
)

audit = Table(
    "audit",
    metadata,
    Column("audit_id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", JSON, nullable=False),
)

choices = Table(
    "choices",
    metadata,
    Column("choice_id", Integer, primary_key=True),
    Column("name", String(40), nullable=False),
    Column("value", JSON, nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
    Column("set_by", String(200), nullable=False),
    Index(None, "name", "choice_id"),
)

merges = Table(
    "merges",
    metadata,
    Column("merge_id", Integer, primary_key=True),
    Column("old_id", Text, nullable=False),
    Column("into_id", Text, nullable=False),
    Column("why", Text, nullable=False),
    # `merging` and `undoing` are promises: whoever opens the lake next keeps them
    Column("state", String(10), nullable=False),
    Column("merged_at", UtcDateTime, nullable=False),
    Column("merged_by", String(200), nullable=False),
    Column("undone_at", UtcDateTime),
    Column("undone_by", String(200)),
    CheckConstraint("state in ('merging', 'merged', 'undoing', 'undone')", name="state"),
    Index(None, "state"),
)

suppressed = Table(
    "suppressed",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("added_at", UtcDateTime, nullable=False),
    Column("added_by", String(200), nullable=False),
)

sightings = Table(
    "sightings",
    metadata,
    Column("source_name", String(200), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("said", Text),
    Column("seen_at", UtcDateTime, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("run_id", String(40), ForeignKey(runs.c.run_id), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(200), nullable=False),
    Column("model", String(40), nullable=False),
    Column("promoted", Boolean, nullable=False),
    Column("verdict", String(20), nullable=False),
    Column("metrics", JSON, nullable=False),
    Column("data_versions", JSON, nullable=False),
    Column("config_fingerprint", String(64), nullable=False),
    Column("code_version", String(40), nullable=False),
    Column("code_commit", String(64)),
    Column("seed", BigInteger, nullable=False),
    Column("environment", JSON, nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
    Column("schema_hash", String(64), nullable=False),
)

ledger = Table(
    "ledger",
    metadata,
    Column("line", Integer, primary_key=True),
    Column("run_id", String(40), ForeignKey(runs.c.run_id), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("written_at", UtcDateTime, nullable=False),
    # canonical JSON as text: the hash is of these very bytes
    Column("content", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    CheckConstraint("kind in ('forecast', 'outcome')", name="kind"),
)
