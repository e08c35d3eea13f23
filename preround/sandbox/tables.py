"""The sandbox's tables: versions that never change, what is current, and five search indexes.

The index tables are clustered by resource, so that writing one appends and checking one resource is a single seek; a
second index leads from a value to its resources.
"""

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    event,
)

SCHEMA_VERSION = 3
"""`PRAGMA user_version` of a file with these tables; 2 added those of the exports, 3 that of the subscriptions."""

metadata = MetaData()
"""Every table of the sandbox."""

version = Table(
    "version",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("type", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("method", Text, nullable=False),
    Column("body", Text),
    Index("version_identity", "type", "id", "version", unique=True),
)
"""One row a write, in order; `body` is the JSON text, null for a deletion; `updated` in microseconds."""

resource = Table(
    "resource",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("type", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("deleted", Integer, nullable=False),
    Column("seq", Integer, ForeignKey("version.seq"), nullable=False),
    Index("resource_identity", "type", "id", unique=True),
    Index("resource_listing", "type", "deleted", "updated"),
)
"""The current version of each resource; `key` grows with the first write and stays."""


def _index_table(name: str, *columns: Column[str] | Column[int] | Column[float]) -> Table:
    return Table(
        name,
        metadata,
        Column("key", Integer, ForeignKey("resource.key"), primary_key=True),
        Column("param", Integer, primary_key=True),
        *columns,
        sqlite_with_rowid=False,
    )


token = _index_table("token_index", Column("system", Text, primary_key=True), Column("code", Text, primary_key=True))
"""Codes, identifiers, booleans and URIs; no system is the empty text."""
Index("token_value", token.c.param, token.c.code, token.c.system, token.c.key)

reference = _index_table(
    "reference_index", Column("target_id", Text, primary_key=True), Column("target_type", Text, primary_key=True)
)
"""Where references point; an address elsewhere has an empty type and the address as its id."""
Index("reference_value", reference.c.param, reference.c.target_id, reference.c.target_type, reference.c.key)

date = _index_table(
    "date_index", Column("low", BigInteger, primary_key=True), Column("high", BigInteger, primary_key=True)
)
"""Half-open ranges of microseconds."""
Index("date_low", date.c.param, date.c.low, date.c.high, date.c.key)
Index("date_high", date.c.param, date.c.high, date.c.low, date.c.key)

string = _index_table("string_index", Column("folded", Text, primary_key=True), Column("exact", Text, primary_key=True))
"""Texts, and the same without case and accents."""
Index("string_value", string.c.param, string.c.folded, string.c.exact, string.c.key)

quantity = _index_table(
    "quantity_index",
    Column("low", Float, primary_key=True),
    Column("high", Float, primary_key=True),
    Column("system", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
)
"""Values as they stand, not converted: a value is its own low and high, a range has two."""
Index("quantity_value", quantity.c.param, quantity.c.low, quantity.c.key)

export_job = Table(
    "export_job",
    metadata,
    Column("id", Text, primary_key=True),
    Column("made", BigInteger, nullable=False),
    Column("request", Text, nullable=False),
    Column("total", Integer, nullable=False),
    Column("packed", Integer, nullable=False),
)
"""One bulk export: when it was asked for (microseconds) and by which address, resources in all and already in files."""

export_row = Table(
    "export_row",
    metadata,
    Column("job", Text, ForeignKey("export_job.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("seq", Integer, ForeignKey("version.seq"), nullable=False),
    sqlite_with_rowid=False,
)
"""The versions that an export is of, in order: those that were current when it was asked for."""

export_file = Table(
    "export_file",
    metadata,
    Column("job", Text, ForeignKey("export_job.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""One file of an export: the numbers of its first and last row, and its NDJSON, gzipped."""

told = Table(
    "told",
    metadata,
    Column("id", Text, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("cursor", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("due", BigInteger, nullable=False),
)
"""How far a Subscription that is served has got: the row of its own version that this is about, the last row of the
version table that it was told of, tries that failed since, and when to try again (microseconds)."""

INDEX_TABLES: dict[str, Table] = {
    "token": token,
    "uri": token,
    "reference": reference,
    "date": date,
    "string": string,
    "quantity": quantity,
}
"""Which table holds the values of which kind of search parameter."""

for _what in ("UPDATE", "DELETE"):
    event.listen(
        version,
        "after_create",
        DDL(  # type: ignore[no-untyped-call]
            f"CREATE TRIGGER version_no_{_what.lower()} BEFORE {_what} ON version "
            "BEGIN SELECT RAISE(ABORT, 'the history of a resource is never changed'); END"
        ),
    )
