"""When a FHIR server last told of something."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add the column; what was told before is not known any more."""
    op.add_column("watches", sa.Column("told", sa.Text()))
