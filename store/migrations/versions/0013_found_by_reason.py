"""Decisions are found by their reason and items by when they run out, however many there are."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the indexes."""
    op.create_index("ix_decisions_verb_code", "decisions", ["verb", "code"])
    op.drop_index("ix_items_state", "items")
    op.create_index("ix_items_state_expires_at", "items", ["state", "expires_at"])
