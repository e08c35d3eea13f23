"""The tables of a rollout: switches, what was proposed in silence, and what is done about incidents."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from store.columns import JsonText, UtcInstant
from store.tables import metadata

switches = Table(
    "switches",
    metadata,
    Column("switch_id", Text, primary_key=True),
    Column("seq", Integer, nullable=False),
    *(Column(name, Text) for name in ("task", "site", "model", "guideline")),
    *(Column(name, Text, nullable=False) for name in ("mode", "reason", "person")),
    Column("at", UtcInstant, nullable=False),
    Index(None, "seq", unique=True),
)

silent_entries = Table(
    "silent_entries",
    metadata,
    Column("entry_id", Text, primary_key=True),
    Column("run_id", Text, ForeignKey("runs.run_id"), nullable=False),
    Column("n", Integer, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("patient", "task", "kind")),
    *(Column(name, Text) for name in ("site", "guideline")),
    Column("artifact_sha256", Text, ForeignKey("artifacts.sha256"), nullable=False),
    Column("as_of", UtcInstant, nullable=False),
    Column("proposed", UtcInstant, nullable=False),
    Column("verdict", Text),
    Column("found", JsonText),
    Column("compared", UtcInstant),
    Index(None, "run_id"),
    Index(None, "verdict"),
)

incident_acts = Table(
    "incident_acts",
    metadata,
    Column("act_id", Text, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("decision_id", Text, ForeignKey("decisions.decision_id"), nullable=False),
    *(Column(name, Text, nullable=False) for name in ("act", "person")),
    Column("words", Text),
    Column("at", UtcInstant, nullable=False),
    Index(None, "decision_id"),
    Index(None, "seq", unique=True),
)
