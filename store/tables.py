"""The tables, as SQLAlchemy sees them; `store/migrations` is what makes them, and a test compares the two."""

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from store.columns import JsonText, UtcInstant

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created", UtcInstant, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("patient", Text, nullable=False),
    Column("tasks", JsonText, nullable=False),
    Column("question", Text),
    Column("since", Text),
    Column("as_of", UtcInstant, nullable=False),
    Column("reasoner", Text, nullable=False),
    Column("model_name", Text),
    Column("model_revision", Text),
    Column("status", Text, nullable=False),
    Column("status_detail", Text),
    Column("graph_version", Text, nullable=False),
    Column("refreshes", Text, ForeignKey("runs.run_id")),
    Column("feedback", Text),
    Column("created", UtcInstant, nullable=False),
    Column("updated", UtcInstant, nullable=False),
    Column("closed", UtcInstant),
    Column("ledger", JsonText),
    Column("result_sha256", Text, ForeignKey("artifacts.sha256")),
    Column("prepared_sha256", Text, ForeignKey("artifacts.sha256")),
    Index(None, "status"),
    Index(None, "patient"),
)

items = Table(
    "items",
    metadata,
    Column("item_id", Text, primary_key=True),
    Column("run_id", Text, ForeignKey("runs.run_id"), nullable=False),
    Column("patient", Text, nullable=False),
    Column("tasks", JsonText, nullable=False),
    Column("tier", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("proposal_sha256", Text, nullable=False),
    Column("artifact_sha256", Text, ForeignKey("artifacts.sha256"), nullable=False),
    Column("policy_sha256", Text, nullable=False),
    Column("opened", UtcInstant, nullable=False),
    Column("expires_at", UtcInstant, nullable=False),
    Column("closed", UtcInstant),
    Column("claimed_by", Text),
    Column("claimed_at", UtcInstant),
    Column("next_item", Text, ForeignKey("items.item_id")),
    Column("approved_entries", JsonText),
    Index(None, "state"),
    Index(None, "run_id"),
    Index(None, "patient"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", Text, primary_key=True),
    Column("item_id", Text, ForeignKey("items.item_id"), nullable=False),
    Column("person", Text, nullable=False),
    Column("person_key", Text, nullable=False),
    Column("roles", JsonText, nullable=False),
    Column("verb", Text, nullable=False),
    Column("entries", JsonText, nullable=False),
    Column("code", Text),
    Column("code_system", Text),
    Column("words", Text),
    Column("attested", JsonText, nullable=False),
    Column("proposal_sha256", Text, nullable=False),
    Column("policy_sha256", Text, nullable=False),
    Column("at", UtcInstant, nullable=False),
    UniqueConstraint("item_id", "person_key"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("outbox_id", Text, primary_key=True),
    Column("item_id", Text, ForeignKey("items.item_id"), nullable=False),
    Column("entry", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("part", Text, nullable=False),
    Column("resource_type", Text, nullable=False),
    Column("resource_id", Text, nullable=False),
    Column("if_match", Text),
    Column("body", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("group_sha256", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text),
    Column("stored_version", Text),
    Column("stored_sha256", Text),
    Column("stored_id", Text),
    Column("restores", Text),
    Column("created", UtcInstant, nullable=False),
    Column("updated", UtcInstant, nullable=False),
    UniqueConstraint("item_id", "entry", "position"),
    Index(None, "state"),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcInstant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", JsonText, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("hash", Text, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("expires", Double, nullable=False),
)
