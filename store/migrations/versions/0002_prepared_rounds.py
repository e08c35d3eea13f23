"""Rounds whose proposal is prepared: their row names the artifact that it is made from."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; rounds that stand there were drafted."""
    # As text: Alembic would rebuild the table on SQLite, which other tables point at.
    op.execute(
        "ALTER TABLE runs ADD COLUMN prepared_sha256 TEXT "
        "CONSTRAINT fk_runs_prepared_sha256 REFERENCES artifacts (sha256)"
    )
