"""What is watched on FHIR servers, what was seen there, and the rounds that begin because of it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "watches",
        sa.Column("watch_id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text()),
        sa.Column("behind", sa.Boolean(), nullable=False),
        sa.Column("looked", sa.Text()),
        sa.Column("problem", sa.Text()),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("rings", "taken", "answered")),
        sa.Column("by_id", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Text()) for name in ("subscription", "endpoint", "criteria", "secret_sha256")),
        sa.Column("created", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("watch_id", name="pk_watches"),
    )
    op.create_table(
        "hints",
        sa.Column("watch_id", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("watch_id", "reference", name="pk_hints"),
        sa.ForeignKeyConstraint(["watch_id"], ["watches.watch_id"], name="fk_hints_watch_id"),
    )
    op.create_table(
        "news",
        sa.Column("watch_id", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("beginning_id", sa.Text()),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("watch_id", "reference", "version", name="pk_news"),
        sa.ForeignKeyConstraint(["watch_id"], ["watches.watch_id"], name="fk_news_watch_id"),
    )
    op.create_index("ix_news_beginning_id", "news", ["beginning_id"])
    op.create_index("ix_news_seen", "news", ["seen"])
    op.create_table(
        "beginnings",
        sa.Column("beginning_id", sa.Text(), nullable=False),
        sa.Column("watch_id", sa.Text(), nullable=False),
        sa.Column("patient", sa.Text(), nullable=False),
        sa.Column("tasks", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text()),
        sa.Column("due", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("created", sa.Text(), nullable=False),
        sa.Column("begun", sa.Text()),
        sa.PrimaryKeyConstraint("beginning_id", name="pk_beginnings"),
        sa.ForeignKeyConstraint(["watch_id"], ["watches.watch_id"], name="fk_beginnings_watch_id"),
    )
    op.create_index("ix_beginnings_state_due", "beginnings", ["state", "due"])
    op.create_index("ix_beginnings_watch_id_patient", "beginnings", ["watch_id", "patient"])
    op.create_index("ix_beginnings_begun", "beginnings", ["begun"])
