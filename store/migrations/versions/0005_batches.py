"""Batches: rounds for many patients, begun one after the other; which patients, and which of them are through."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "batches",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("tasks", sa.Text(), nullable=False),
        sa.Column("question", sa.Text()),
        sa.Column("since", sa.Text()),
        sa.Column("as_of", sa.Text()),
        sa.Column("reasoner", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created", sa.Text(), nullable=False),
        sa.Column("updated", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", name="pk_batches"),
    )
    op.create_table(
        "batch_members",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("patient", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("settled", sa.Text()),
        sa.PrimaryKeyConstraint("batch_id", "position", name="pk_batch_members"),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"], name="fk_batch_members_batch_id"),
        sa.UniqueConstraint("batch_id", "patient", name="uq_batch_members_batch_id_patient"),
        sa.UniqueConstraint("run_id", name="uq_batch_members_run_id"),
    )
    op.create_index("ix_batch_members_batch_id_settled", "batch_members", ["batch_id", "settled", "position"])
    # Workers ask every second who holds what.
    op.create_index("ix_leases_expires", "leases", ["expires"])
