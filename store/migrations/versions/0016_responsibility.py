"""Responsibility: whose an item is, who covers, when it was escalated; who was asked for a second signature."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Make the tables; items that wait get their owner from the next sweep, which knows the policy."""
    op.create_table(
        "duties",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("owner_keys", sa.Text(), nullable=False),
        sa.Column("cover", sa.Text(), nullable=False),
        sa.Column("cover_keys", sa.Text(), nullable=False),
        sa.Column("cover_from", sa.Text(), nullable=False),
        sa.Column("escalate", sa.Text(), nullable=False),
        sa.Column("escalate_keys", sa.Text(), nullable=False),
        sa.Column("escalated_at", sa.Text()),
        sa.PrimaryKeyConstraint("item_id", name="pk_duties"),
        sa.ForeignKeyConstraint(["item_id"], ["items.item_id"], name="fk_duties_item_id"),
    )
    op.create_index("ix_duties_escalated_at", "duties", ["escalated_at"])
    op.create_table(
        "asks",
        sa.Column("ask_id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("asked_keys", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("person_key", sa.Text(), nullable=False),
        sa.Column("words_sha256", sa.Text(), nullable=False),
        sa.Column("proposal_sha256", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ask_id", name="pk_asks"),
        sa.ForeignKeyConstraint(["item_id"], ["items.item_id"], name="fk_asks_item_id"),
    )
    op.create_index("ix_asks_item_id", "asks", ["item_id"])
