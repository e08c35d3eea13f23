"""Where a server put what was written, and which earlier version a write brings back."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns; what stands there kept our id wherever it was written, and restored nothing."""
    for name in ("stored_id", "restores"):
        op.add_column("outbox", sa.Column(name, sa.Text(), nullable=True))
    op.execute("UPDATE outbox SET stored_id = resource_id WHERE state = 'done'")
