"""Model versions with their lineage, and the ledger of forecasts and outcomes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Makes two tables."""
    op.create_table(
        "versions",
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("model", sa.String(40), nullable=False),
        sa.Column("promoted", sa.Boolean, nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("metrics", sa.JSON, nullable=False),
        sa.Column("data_versions", sa.JSON, nullable=False),
        sa.Column("config_fingerprint", sa.String(64), nullable=False),
        sa.Column("code_version", sa.String(40), nullable=False),
        sa.Column("code_commit", sa.String(64)),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("environment", sa.JSON, nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=False),
        sa.Column("schema_hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_versions"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_versions_run_id_runs"),
        sa.UniqueConstraint("run_id", name="uq_versions_run_id"),
    )
    op.create_table(
        "ledger",
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("line", name="pk_ledger"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_ledger_run_id_runs"),
        sa.CheckConstraint("kind in ('forecast', 'outcome')", name=op.f("ck_ledger_kind")),
    )
