"""What other systems were shown, what they said of it, and which of their tokens were used."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "hook_tokens",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("jti", sa.Text(), nullable=False),
        sa.Column("expires", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "jti", name="pk_hook_tokens"),
    )
    op.create_index("ix_hook_tokens_expires", "hook_tokens", ["expires"])
    op.create_table(
        "hook_cards",
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("card", name="pk_hook_cards"),
    )
    op.create_table(
        "hook_feedback",
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Text()),
        sa.Column("system", sa.Text()),
        sa.Column("words", sa.Text()),
        sa.Column("suggestions", sa.Text(), nullable=False),
        sa.Column("decided", sa.Text(), nullable=False),
        sa.Column("received", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("card", name="pk_hook_feedback"),
        sa.ForeignKeyConstraint(["card"], ["hook_cards.card"], name="fk_hook_feedback_card"),
    )
    op.create_index("ix_hook_feedback_received", "hook_feedback", ["received"])
