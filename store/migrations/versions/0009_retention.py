"""Keeping for a time and under a key: which round uses which artifact, what was removed, and who holds what back."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the tables and columns; what stands there is linked as far as its rows say."""
    op.add_column("artifacts", sa.Column("key_id", sa.Text(), nullable=True))
    op.add_column("artifacts", sa.Column("purged", sa.Text(), nullable=True))
    op.create_index("ix_artifacts_key_id", "artifacts", ["key_id"])
    op.create_index("ix_artifacts_created", "artifacts", ["created"])
    op.add_column("runs", sa.Column("purged", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("linked", sa.Boolean(), nullable=True))
    op.create_index("ix_runs_purged_closed", "runs", ["purged", "closed"])
    op.create_index("ix_runs_refreshes", "runs", ["refreshes"])
    op.add_column("decisions", sa.Column("words_sha256", sa.Text(), nullable=True))
    op.create_index("ix_outbox_stored_id", "outbox", ["stored_id"])
    _uses()
    op.create_table("state_keys", sa.Column("key_id", sa.Text(), nullable=False, primary_key=True))
    op.create_table(
        "holds",
        sa.Column("hold_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.Column("lifted_at", sa.Text(), nullable=True),
        sa.Column("lifted_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("hold_id", name="pk_holds"),
    )
    op.create_index("ix_holds_subject", "holds", ["subject"])


def _uses() -> None:
    op.create_table(
        "uses",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "sha256", name="pk_uses"),
        sa.ForeignKeyConstraint(["sha256"], ["artifacts.sha256"], name="fk_uses_sha256"),
    )
    op.create_index("ix_uses_sha256", "uses", ["sha256"])
    for column, table in (("result_sha256", "runs"), ("prepared_sha256", "runs"), ("artifact_sha256", "items")):
        op.execute(
            f"INSERT INTO uses (run_id, sha256) SELECT DISTINCT t.run_id, t.{column} FROM {table} t "  # noqa: S608
            f"WHERE t.{column} IS NOT NULL AND NOT EXISTS "
            f"(SELECT 1 FROM uses u WHERE u.run_id = t.run_id AND u.sha256 = t.{column})"
        )
