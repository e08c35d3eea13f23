"""The tables of responsibility: whose an item is, who was asked to sign beside the first, who opened which source."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from store.columns import JsonText, UtcInstant
from store.tables import metadata

duties = Table(
    "duties",
    metadata,
    Column("item_id", Text, ForeignKey("items.item_id"), primary_key=True),
    Column("why", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("owner_keys", JsonText, nullable=False),
    Column("cover", Text, nullable=False),
    Column("cover_keys", JsonText, nullable=False),
    Column("cover_from", UtcInstant, nullable=False),
    Column("escalate", Text, nullable=False),
    Column("escalate_keys", JsonText, nullable=False),
    Column("escalated_at", UtcInstant),
    Index(None, "escalated_at"),
)

asks = Table(
    "asks",
    metadata,
    Column("ask_id", Text, primary_key=True),
    Column("item_id", Text, ForeignKey("items.item_id"), nullable=False),
    Column("asked", Text, nullable=False),
    Column("asked_keys", JsonText, nullable=False),
    Column("person", Text, nullable=False),
    Column("person_key", Text, nullable=False),
    Column("words_sha256", Text, nullable=False),
    Column("proposal_sha256", Text, nullable=False),
    Column("at", UtcInstant, nullable=False),
    Index(None, "item_id"),
)

opened_sources = Table(
    "opened_sources",
    metadata,
    Column("item_id", Text, ForeignKey("items.item_id"), primary_key=True),
    Column("proposal_sha256", Text, primary_key=True),
    Column("person_key", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("person", Text, nullable=False),
    Column("at", UtcInstant, nullable=False),
)

seeded_errors = Table(
    "seeded_errors",
    metadata,
    Column("run_id", Text, ForeignKey("runs.run_id"), primary_key=True),
    Column("copy_of", Text, ForeignKey("items.item_id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("entry", Integer, nullable=False),
    Column("text_sha256", Text, nullable=False),
    Column("created", UtcInstant, nullable=False),
    Column("result", Text),
    Column("decided", UtcInstant),
)
