"""The tables, as SQLAlchemy sees them; `store/migrations` is what makes them, and a test compares the two."""

from sqlalchemy import (
    Boolean,
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
    text,
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
    Column("created", UtcInstant, nullable=False),  # when it was last asked to be kept
    Column("key_id", Text),
    Column("purged", UtcInstant),
    Index(None, "key_id"),
    Index(None, "created"),
)

uses = Table(
    "uses",
    metadata,
    Column("run_id", Text, primary_key=True),  # without a foreign key: the artifact of a prepared round comes first
    Column("sha256", Text, ForeignKey("artifacts.sha256"), primary_key=True),
    Index(None, "sha256"),
)

state_keys = Table("state_keys", metadata, Column("key_id", Text, primary_key=True))

holds = Table(
    "holds",
    metadata,
    Column("hold_id", Text, primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("subject", "reason", "person")),
    Column("at", UtcInstant, nullable=False),
    Column("lifted_at", UtcInstant),
    *(Column(name, Text) for name in ("lifted_by", "lifted_reason")),
    Index(None, "subject"),
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
    Column("purged", UtcInstant),
    Column("site", Text),
    Column("linked", Boolean),  # whether all artifacts that it uses are in `uses`; not so in rounds of before
    Index(None, "status"),
    Index(None, "patient"),
    Index(None, "refreshes"),
    Index("ix_runs_purged_closed", "purged", "closed"),
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
    Column("critical", Integer, nullable=False, server_default=text("0")),
    Column("card_sha256", Text, ForeignKey("artifacts.sha256")),
    Index("ix_items_state_expires_at", "state", "expires_at"),
    Index(None, "run_id"),
    Index(None, "patient"),
)

queue_views = Table(
    "queue_views",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("wanted", JsonText, nullable=False),
    Column("created", UtcInstant, nullable=False),
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
    Column("words", Text),  # of decisions of before; words are an artifact, because rows here can't be changed
    Column("words_sha256", Text),
    Column("attested", JsonText, nullable=False),
    Column("proposal_sha256", Text, nullable=False),
    Column("policy_sha256", Text, nullable=False),
    Column("at", UtcInstant, nullable=False),
    UniqueConstraint("item_id", "person_key"),
    Index("ix_decisions_verb_code", "verb", "code"),
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
    Index(None, "stored_id"),
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
    Index(None, "subject"),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("hash", Text, nullable=False),
    Column("seal", Text),  # seq and hash under the site's key, where it has one
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("expires", Double, nullable=False),
    Index(None, "expires"),
)


image_embeddings = Table(
    "image_embeddings",
    metadata,
    Column("patient", Text, primary_key=True),
    Column("picture", Text, primary_key=True),
    Column("frame", Integer, primary_key=True, autoincrement=False),
    Column("model", Text, primary_key=True),
    Column("revision", Text, primary_key=True),
    Column("study", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("created", UtcInstant, nullable=False),
)
