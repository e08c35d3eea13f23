"""The acts on one subject, found at once; the head of the audit chain under the site's key."""

import sqlalchemy as sa
from alembic import op

from store.audit_head import seal_head

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Make the index and the column; a head that stands there is sealed where there is a key."""
    op.create_index("ix_audit_subject", "audit", ["subject"])
    op.add_column("audit_head", sa.Column("seal", sa.Text(), nullable=True))
    seal_head(op.get_bind())
