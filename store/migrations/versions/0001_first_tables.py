"""The first tables: runs, artifacts, items, decisions, outbox, audit; decisions and audit can only grow."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

APPEND_ONLY = ("decisions", "audit")


def upgrade() -> None:
    """Make the tables and the triggers that keep two of them append-only."""
    _artifacts_and_runs()
    _items_and_decisions()
    _outbox()
    _audit()
    for table in APPEND_ONLY:
        _only_append(table)


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _artifacts_and_runs() -> None:
    op.create_table(
        "artifacts",
        _text("sha256"),
        _text("kind"),
        _integer("size"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _text("created"),
        sa.PrimaryKeyConstraint("sha256", name="pk_artifacts"),
    )
    op.create_table(
        "runs",
        _text("run_id"),
        _text("patient"),
        _text("tasks"),
        _text("question", null=True),
        _text("since", null=True),
        _text("as_of"),
        _text("reasoner"),
        _text("model_name", null=True),
        _text("model_revision", null=True),
        _text("status"),
        _text("status_detail", null=True),
        _text("graph_version"),
        _text("refreshes", null=True),
        _text("feedback", null=True),
        _text("created"),
        _text("updated"),
        _text("closed", null=True),
        _text("ledger", null=True),
        _text("result_sha256", null=True),
        sa.PrimaryKeyConstraint("run_id", name="pk_runs"),
        sa.ForeignKeyConstraint(["refreshes"], ["runs.run_id"], name="fk_runs_refreshes"),
        sa.ForeignKeyConstraint(["result_sha256"], ["artifacts.sha256"], name="fk_runs_result_sha256"),
    )
    op.create_index("ix_runs_status", "runs", ["status"])
    op.create_index("ix_runs_patient", "runs", ["patient"])


def _items_and_decisions() -> None:
    op.create_table(
        "items",
        _text("item_id"),
        _text("run_id"),
        _text("patient"),
        _text("tasks"),
        _integer("tier"),
        _text("state"),
        _integer("revision"),
        _text("proposal_sha256"),
        _text("artifact_sha256"),
        _text("policy_sha256"),
        _text("opened"),
        _text("expires_at"),
        _text("closed", null=True),
        _text("claimed_by", null=True),
        _text("claimed_at", null=True),
        _text("next_item", null=True),
        _text("approved_entries", null=True),
        sa.PrimaryKeyConstraint("item_id", name="pk_items"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_items_run_id"),
        sa.ForeignKeyConstraint(["artifact_sha256"], ["artifacts.sha256"], name="fk_items_artifact_sha256"),
        sa.ForeignKeyConstraint(["next_item"], ["items.item_id"], name="fk_items_next_item"),
    )
    for column in ("state", "run_id", "patient"):
        op.create_index(f"ix_items_{column}", "items", [column])
    op.create_table(
        "decisions",
        _text("decision_id"),
        _text("item_id"),
        _text("person"),
        _text("person_key"),
        _text("roles"),
        _text("verb"),
        _text("entries"),
        _text("code", null=True),
        _text("code_system", null=True),
        _text("words", null=True),
        _text("attested"),
        _text("proposal_sha256"),
        _text("policy_sha256"),
        _text("at"),
        sa.PrimaryKeyConstraint("decision_id", name="pk_decisions"),
        sa.ForeignKeyConstraint(["item_id"], ["items.item_id"], name="fk_decisions_item_id"),
        sa.UniqueConstraint("item_id", "person_key", name="uq_decisions_item_id_person_key"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        _text("outbox_id"),
        _text("item_id"),
        _integer("entry"),
        _integer("position"),
        _text("part"),
        _text("resource_type"),
        _text("resource_id"),
        _text("if_match", null=True),
        _text("body"),
        _text("sha256"),
        _text("group_sha256"),
        _text("state"),
        _integer("attempts"),
        _text("last_error", null=True),
        _text("stored_version", null=True),
        _text("stored_sha256", null=True),
        _text("created"),
        _text("updated"),
        sa.PrimaryKeyConstraint("outbox_id", name="pk_outbox"),
        sa.ForeignKeyConstraint(["item_id"], ["items.item_id"], name="fk_outbox_item_id"),
        sa.UniqueConstraint("item_id", "entry", "position", name="uq_outbox_item_id_entry_position"),
    )
    op.create_index("ix_outbox_state", "outbox", ["state"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), nullable=False, autoincrement=False),
        *(_text(name) for name in ("at", "actor", "act", "subject", "detail", "previous", "hash")),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )
    op.create_table(
        "audit_head",
        sa.Column("one", sa.Integer(), nullable=False, autoincrement=False),
        _integer("seq"),
        _text("hash"),
        sa.PrimaryKeyConstraint("one", name="pk_audit_head"),
    )


def _only_append(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} can only grow'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} can only grow'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_only_grows()"
    )
