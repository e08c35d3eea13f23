"""A rollout: switches, what was proposed in silence, what is done about incidents, and where a round belongs."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the tables and the column; rounds of before belong to no site that is known."""
    op.add_column("runs", sa.Column("site", sa.Text(), nullable=True))
    op.create_table(
        "switches",
        sa.Column("switch_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        *_texts("task", "site", "model", "guideline", empty=True),
        *_texts("mode", "reason", "person", "at"),
        sa.PrimaryKeyConstraint("switch_id", name="pk_switches"),
    )
    op.create_index("ix_switches_seq", "switches", ["seq"], unique=True)
    op.create_table(
        "silent_entries",
        *_texts("entry_id", "run_id"),
        sa.Column("n", sa.Integer(), nullable=False),
        *_texts("patient", "task", "kind"),
        *_texts("site", "guideline", empty=True),
        *_texts("artifact_sha256", "as_of", "proposed"),
        *_texts("verdict", "found", "compared", empty=True),
        sa.PrimaryKeyConstraint("entry_id", name="pk_silent_entries"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_silent_entries_run_id"),
        sa.ForeignKeyConstraint(["artifact_sha256"], ["artifacts.sha256"], name="fk_silent_entries_artifact_sha256"),
    )
    for column in ("run_id", "verdict"):
        op.create_index(f"ix_silent_entries_{column}", "silent_entries", [column])
    op.create_table(
        "incident_acts",
        sa.Column("act_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        *_texts("decision_id", "act", "person"),
        *_texts("words", empty=True),
        *_texts("at"),
        sa.PrimaryKeyConstraint("act_id", name="pk_incident_acts"),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.decision_id"], name="fk_incident_acts_decision_id"),
    )
    op.create_index("ix_incident_acts_decision_id", "incident_acts", ["decision_id"])
    op.create_index("ix_incident_acts_seq", "incident_acts", ["seq"], unique=True)


def _texts(*names: str, empty: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=empty) for name in names]
