"""The tables of what is watched on FHIR servers, and of the rounds that begin because of it."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text

from store.columns import JsonText, UtcInstant
from store.tables import metadata

watches = Table(
    "watches",
    metadata,
    Column("watch_id", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("server", Text, nullable=False),
    Column("mark", UtcInstant),
    Column("behind", Boolean, nullable=False),
    Column("looked", UtcInstant),
    Column("problem", Text),
    *(Column(name, Integer, nullable=False) for name in ("rings", "taken", "answered")),
    Column("told", UtcInstant),
    Column("by_id", Boolean, nullable=False),
    *(Column(name, Text) for name in ("subscription", "endpoint", "criteria", "secret_sha256")),
    Column("created", UtcInstant, nullable=False),
)

hints = Table(
    "hints",
    metadata,
    Column("watch_id", Text, ForeignKey("watches.watch_id"), primary_key=True),
    Column("reference", Text, primary_key=True),
)

news = Table(
    "news",
    metadata,
    Column("watch_id", Text, ForeignKey("watches.watch_id"), primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("beginning_id", Text),
    Column("seen", UtcInstant, nullable=False),
    Index(None, "beginning_id"),
    Index(None, "seen"),
)

beginnings = Table(
    "beginnings",
    metadata,
    Column("beginning_id", Text, primary_key=True),
    Column("watch_id", Text, ForeignKey("watches.watch_id"), nullable=False),
    Column("patient", Text, nullable=False),
    Column("tasks", JsonText, nullable=False),
    Column("how", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("detail", Text),
    Column("due", UtcInstant, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("created", UtcInstant, nullable=False),
    Column("begun", UtcInstant),
    Index("ix_beginnings_state_due", "state", "due"),
    Index("ix_beginnings_watch_id_patient", "watch_id", "patient"),
    Index(None, "begun"),
)
