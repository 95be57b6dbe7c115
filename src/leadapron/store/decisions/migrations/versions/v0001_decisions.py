"""The first tables: assignments, acceptances, runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from leadapron.store.decisions.tables import Moment, Words

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this version."""
    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("action", Words, nullable=False, index=True),
        sa.Column("owner", Words),
        sa.Column("due", sa.Date),
        sa.Column("note", Words),
        sa.Column("status", Words),
        sa.Column("about", Words),
        sa.Column("by", Words, nullable=False),
        sa.Column("at", Moment, nullable=False),
    )
    op.create_table(
        "acceptance",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("target", Words, nullable=False),
        sa.Column("about", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("reason", Words, nullable=False),
        sa.Column("expires", sa.Date, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("revoked", Moment),
        sa.Column("revoked_by", Words),
    )
    op.create_table(
        "covered",
        sa.Column("acceptance", sa.Integer, sa.ForeignKey("acceptance.id"), primary_key=True),
        sa.Column("item", Words, primary_key=True),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", Moment, nullable=False),
        sa.Column("version", Words, nullable=False),
    )
    op.create_table(
        "found",
        sa.Column("run", sa.Integer, sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("finding", Words, primary_key=True, index=True),
        sa.Column("rule", Words, nullable=False),
        sa.Column("subject_type", Words, nullable=False),
        sa.Column("subject", Words, nullable=False),
        sa.Column("label", Words, nullable=False),
        sa.Column("severity", Words, nullable=False),
    )
