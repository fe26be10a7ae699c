"""Data in: what each load saw, merged identities, the suppression list, what the watch has seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Adds four columns to the loads and makes three tables."""
    op.add_column("loads", sa.Column("source_name", sa.String(200)))
    op.add_column("loads", sa.Column("findings", sa.JSON))
    op.add_column("loads", sa.Column("columns", sa.JSON))
    op.add_column("loads", sa.Column("newest_at", _INSTANT))
    op.create_table(
        "merges",
        sa.Column("merge_id", sa.Integer, nullable=False),
        sa.Column("old_id", sa.Text, nullable=False),
        sa.Column("into_id", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("merged_at", _INSTANT, nullable=False),
        sa.Column("merged_by", sa.String(200), nullable=False),
        sa.Column("undone_at", _INSTANT),
        sa.Column("undone_by", sa.String(200)),
        sa.PrimaryKeyConstraint("merge_id", name="pk_merges"),
        sa.CheckConstraint(
            "state in ('merging', 'merged', 'undoing', 'undone')", name=op.f("ck_merges_state")
        ),
    )
    op.create_index("ix_merges_state", "merges", ["state"])
    op.create_table(
        "suppressed",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("added_at", _INSTANT, nullable=False),
        sa.Column("added_by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_suppressed"),
    )
    op.create_table(
        "sightings",
        sa.Column("source_name", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("said", sa.Text),
        sa.Column("seen_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("source_name", name="pk_sightings"),
    )
