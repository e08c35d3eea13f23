"""The tables of the doors by which other systems ask and tell."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text

from store.columns import JsonText, UtcInstant
from store.tables import metadata

hook_tokens = Table(
    "hook_tokens",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("jti", Text, primary_key=True),
    Column("expires", UtcInstant, nullable=False),
    Index(None, "expires"),
)

hook_cards = Table(
    "hook_cards",
    metadata,
    Column("card", Text, primary_key=True),
    Column("service", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("shown", UtcInstant, nullable=False),
)

hook_feedback = Table(
    "hook_feedback",
    metadata,
    Column("card", Text, ForeignKey("hook_cards.card"), primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("code", Text),
    Column("system", Text),
    Column("words", Text),
    Column("suggestions", JsonText, nullable=False),
    Column("decided", UtcInstant, nullable=False),
    Column("received", UtcInstant, nullable=False),
    Index(None, "received"),
)

api_answers = Table(
    "api_answers",
    metadata,
    Column("answer_id", Text, primary_key=True),
    Column("request_sha256", Text, nullable=False),
    Column("status", Integer),
    Column("location", Text),
    Column("body", Text),
    Column("begun", UtcInstant, nullable=False),
    Index(None, "begun"),
)

item_tasks = Table(
    "item_tasks",
    metadata,
    Column("item_id", Text, ForeignKey("items.item_id"), primary_key=True),
    Column("stored_id", Text),
    Column("shown", Text),  # how the item stood when the server last had it
    Column("settled", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("again", UtcInstant, nullable=False),
    Column("last_error", Text),
    Index(None, "settled"),
    Index(None, "stored_id"),
)

audit_copies = Table(
    "audit_copies",
    metadata,
    Column("server", Text, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("hash", Text, nullable=False),
    Column("updated", UtcInstant, nullable=False),
    Column("last_error", Text),
)
