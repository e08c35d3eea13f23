"""What the queue shows of an item, kept beside it; the views of the queue that people keep."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns and the table; an item of an earlier release has no card and is read from its round."""
    # As text: Alembic would rebuild the table on SQLite, which other tables point at.
    op.execute("ALTER TABLE items ADD COLUMN critical INTEGER NOT NULL DEFAULT 0")
    op.execute(
        "ALTER TABLE items ADD COLUMN card_sha256 TEXT CONSTRAINT fk_items_card_sha256 REFERENCES artifacts (sha256)"
    )
    op.create_table(
        "queue_views",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("created", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "name", name="pk_queue_views"),
    )
