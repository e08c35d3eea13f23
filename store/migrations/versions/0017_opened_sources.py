"""Opened sources: which reviewer opened which source of which item's revision, and when."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Make the table; what was opened before was known to one process alone, and is opened anew."""
    op.create_table(
        "opened_sources",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("proposal_sha256", sa.Text(), nullable=False),
        sa.Column("person_key", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", "proposal_sha256", "person_key", "source", name="pk_opened_sources"),
        sa.ForeignKeyConstraint(["item_id"], ["items.item_id"], name="fk_opened_sources_item_id"),
    )
