"""The versions of resources: finding the current one, reading any of them, and appending new ones."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from preround.sandbox import tables
from preround.sandbox.compartment import AUDIT
from preround.sandbox.document import Json, serialise
from preround.sandbox.index import IndexRows, forget
from preround.sandbox.instants import instant, microseconds, moment
from preround.sandbox.outcome import FhirError


@dataclass(frozen=True, kw_only=True, slots=True)
class Current:
    """What is current of one resource."""

    key: int
    """Row of the resource table."""
    version: int
    """Newest version, counted from 1."""
    deleted: bool
    """Whether that version is a deletion."""
    seq: int
    """Row of the version table."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One version of one resource."""

    seq: int
    """Row of the version table."""
    type: str
    """Resource type."""
    id: str
    """Logical id."""
    version: int
    """Counted from 1."""
    updated: int
    """When it was made, microseconds since 1970."""
    method: str
    """POST, PUT, PATCH or DELETE."""
    body: str | None
    """JSON text; None for a deletion."""

    @property
    def etag(self) -> str:
        """The weak ETag."""
        return f'W/"{self.version}"'

    @property
    def modified(self) -> datetime:
        """When it was made."""
        return moment(self.updated)

    @property
    def path(self) -> str:
        """Address of the resource below the base."""
        return f"{self.type}/{self.id}"

    @property
    def versioned(self) -> str:
        """The same, with this version."""
        return f"{self.path}/_history/{self.version}"


_COLUMNS = [tables.version.c[name] for name in ("seq", "type", "id", "version", "updated", "method", "body")]


def current(connection: Connection, resource_type: str, logical_id: str) -> Current | None:
    """What is current of a resource, deleted or not; None when it never was."""
    row = connection.exec_driver_sql(
        "SELECT key, version, deleted, seq FROM resource WHERE type = ? AND id = ?", (resource_type, logical_id)
    ).first()
    return None if row is None else Current(key=row[0], version=row[1], deleted=bool(row[2]), seq=row[3])


def live(connection: Connection, resource_type: str, logical_id: str) -> Current:
    """What is current of a resource that must be there.

    Raises:
        FhirError: 404 when it never was, 410 when it is deleted.
    """
    found = current(connection, resource_type, logical_id)
    if found is None:
        raise FhirError(404, "not-found", f"There is no such {resource_type}.")
    if found.deleted:
        raise FhirError(410, "deleted", f"This {resource_type} was deleted; its history can still be read.")
    return found


def version_at(connection: Connection, seq: int) -> Version:
    """The version in one row."""
    return version_record(connection.execute(select(*_COLUMNS).where(tables.version.c.seq == seq)).one())


def version_of(connection: Connection, resource_type: str, logical_id: str, number: int) -> Version | None:
    """A numbered version of a resource."""
    v = tables.version.c
    row = connection.execute(
        select(*_COLUMNS).where(v.type == resource_type, v.id == logical_id, v.version == number)
    ).first()
    return None if row is None else version_record(row)


def history(
    connection: Connection,
    *,
    resource_type: str | None,
    logical_id: str | None,
    since: int | None,
    before: int | None,
    limit: int,
) -> list[Version]:
    """Versions, the newest first.

    Args:
        connection: where to read.
        resource_type: only of this type; None for all but the server's own trail.
        logical_id: only of this resource.
        since: only made at or after this time, microseconds.
        before: only rows before this one of the version table.
        limit: at most so many.
    """
    v = tables.version.c
    query = select(*_COLUMNS).order_by(v.seq.desc()).limit(limit)
    for column, value in ((v.type, resource_type), (v.id, logical_id)):
        if value is not None:
            query = query.where(column == value)
    if resource_type is None:
        query = query.where(v.type != AUDIT)
    if since is not None:
        query = query.where(v.updated >= since)
    if before is not None:
        query = query.where(v.seq < before)
    return [version_record(row) for row in connection.execute(query)]


def version_record(row: Row[*tuple[Any, ...]]) -> Version:
    """The record of a row."""
    return Version(seq=row[0], type=row[1], id=row[2], version=row[3], updated=row[4], method=row[5], body=row[6])


class Writer:
    """Appends versions and keeps the resource and index tables in step; nothing is stored before `flush`."""

    def __init__(self, connection: Connection, *, base: str, now: datetime) -> None:
        """Begin; the connection must hold the write lock.

        Args:
            connection: where to write.
            base: this server's address.
            now: the time of every version written.
        """
        self._connection = connection
        self._now = now
        self._index = IndexRows(base)
        self._seq: int = connection.exec_driver_sql("SELECT coalesce(max(seq), 0) FROM version").scalar_one()
        self._key: int = connection.exec_driver_sql("SELECT coalesce(max(key), 0) FROM resource").scalar_one()
        self._versions: list[tuple[int, str, str, int, int, str, str | None]] = []
        self._fresh: list[tuple[int, str, str, int, int, int, int]] = []
        self._changed: list[tuple[int, int, int, int, int]] = []

    def put(
        self, resource_type: str, logical_id: str, content: Json, *, method: str, previous: Current | None
    ) -> Version:
        """Append a version with content.

        Args:
            resource_type: its type.
            logical_id: its id.
            content: the parsed resource; its id and its meta.versionId and meta.lastUpdated are set here.
            method: POST, PUT or PATCH.
            previous: what is current, if the resource ever was.

        Returns:
            The version as it will be stored.
        """
        number = previous.version + 1 if previous else 1
        stamped = _stamped(content, resource_type, logical_id, number, self._now)
        made = self._append(resource_type, logical_id, number, method, serialise(stamped))
        self._index.add(self._remember(made, previous, deleted=False), resource_type, stamped)
        return made

    def delete(self, resource_type: str, logical_id: str, *, previous: Current) -> Version:
        """Append a deletion."""
        made = self._append(resource_type, logical_id, previous.version + 1, "DELETE", None)
        self._remember(made, previous, deleted=True)
        return made

    def flush(self) -> None:
        """Store everything appended so far."""
        run = self._connection.exec_driver_sql
        if self._versions:
            run(
                "INSERT INTO version (seq, type, id, version, updated, method, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
                self._versions,
            )
        if self._fresh:
            run(
                "INSERT INTO resource (key, type, id, version, updated, deleted, seq) VALUES (?, ?, ?, ?, ?, ?, ?)",
                self._fresh,
            )
        if self._changed:
            run("UPDATE resource SET version = ?, updated = ?, deleted = ?, seq = ? WHERE key = ?", self._changed)
            forget(self._connection, [row[-1] for row in self._changed])
        self._index.write(self._connection)
        self._versions, self._fresh, self._changed = [], [], []

    def _append(self, resource_type: str, logical_id: str, number: int, method: str, body: str | None) -> Version:
        self._seq += 1
        updated = microseconds(self._now)
        self._versions.append((self._seq, resource_type, logical_id, number, updated, method, body))
        return Version(
            seq=self._seq,
            type=resource_type,
            id=logical_id,
            version=number,
            updated=updated,
            method=method,
            body=body,
        )

    def _remember(self, made: Version, previous: Current | None, *, deleted: bool) -> int:
        if previous is not None:
            self._changed.append((made.version, made.updated, int(deleted), made.seq, previous.key))
            return previous.key
        self._key += 1
        self._fresh.append((self._key, made.type, made.id, made.version, made.updated, int(deleted), made.seq))
        return self._key


def _stamped(content: Json, resource_type: str, logical_id: str, number: int, now: datetime) -> Json:
    meta = content.get("meta", {})
    if not isinstance(meta, dict):
        raise FhirError(400, "structure", "The element meta must be an object.")
    rest = {name: value for name, value in content.items() if name not in {"resourceType", "id", "meta"}}
    stamp = {**meta, "versionId": str(number), "lastUpdated": instant(now)}
    return {"resourceType": resource_type, "id": logical_id, "meta": stamp, **rest}
