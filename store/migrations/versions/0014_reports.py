"""What is shown of items as Tasks on the FHIR server, and how far the audit chain was copied there."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "item_tasks",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("stored_id", sa.Text()),
        sa.Column("shown", sa.Text()),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("again", sa.Text(), nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.PrimaryKeyConstraint("item_id", name="pk_item_tasks"),
        sa.ForeignKeyConstraint(["item_id"], ["items.item_id"], name="fk_item_tasks_item_id"),
    )
    op.create_index("ix_item_tasks_settled", "item_tasks", ["settled"])
    op.create_index("ix_item_tasks_stored_id", "item_tasks", ["stored_id"])
    op.create_table(
        "audit_copies",
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("updated", sa.Text(), nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.PrimaryKeyConstraint("server", name="pk_audit_copies"),
    )
