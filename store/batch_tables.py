"""The tables of batches: what was asked for, and the round of each patient."""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from store.columns import JsonText, UtcInstant
from store.tables import metadata

batches = Table(
    "batches",
    metadata,
    Column("batch_id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("tasks", JsonText, nullable=False),
    Column("question", Text),
    Column("since", Text),
    Column("as_of", UtcInstant),
    Column("reasoner", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created", UtcInstant, nullable=False),
    Column("updated", UtcInstant, nullable=False),
)
batch_members = Table(
    "batch_members",
    metadata,
    Column("batch_id", Text, ForeignKey("batches.batch_id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("patient", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("settled", UtcInstant),
    UniqueConstraint("batch_id", "patient"),
    UniqueConstraint("run_id"),
    Index("ix_batch_members_batch_id_settled", "batch_id", "settled", "position"),
)
