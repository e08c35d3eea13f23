"""Answers of the API under the keys that programs gave."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "api_answers",
        sa.Column("answer_id", sa.Text(), nullable=False),
        sa.Column("request_sha256", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("location", sa.Text()),
        sa.Column("body", sa.Text()),
        sa.Column("begun", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("answer_id", name="pk_api_answers"),
    )
    op.create_index("ix_api_answers_begun", "api_answers", ["begun"])
