"""One request and its reply, free of HTTP: what a bundle entry and an HTTP call have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from preround.sandbox.document import Json

Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What is asked."""

    method: str
    """HTTP method, upper case."""
    segments: tuple[str, ...]
    """Path below the base, split and decoded."""
    query: Query = ()
    """Decoded query (and form) parameters, in order."""
    body: bytes = b""
    """Raw body."""
    resource: Json | None = None
    """Body already parsed, for an entry of a bundle."""
    content_type: str = "application/fhir+json"
    """Media type of the body, lower case, without parameters."""
    accept: str = ""
    """Accept header, lower case."""
    accept_encoding: str = ""
    """Accept-Encoding header."""
    if_match: str | None = None
    """If-Match header."""
    if_none_match: str | None = None
    """If-None-Match header."""
    if_none_exist: str | None = None
    """If-None-Exist header: a query without the question mark."""
    prefer: frozenset[str] = frozenset()
    """Prefer header, split: `return=minimal`, `handling=lenient`."""
    source: str = ""
    """Network address that it came from; empty for an entry of a bundle."""
    request_id: str = ""
    """X-Request-Id header, where it is a plain token."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What is answered."""

    status: int
    """HTTP status."""
    body: str | bytes | None = None
    """JSON text, or the raw content of a Binary, or nothing."""
    content_type: str = "application/fhir+json; charset=utf-8"
    """Media type of the body."""
    etag: str | None = None
    """Weak ETag of the version meant."""
    modified: datetime | None = None
    """When that version was made."""
    location: str | None = None
    """Absolute address of the version that was made."""
    headers: tuple[tuple[str, str], ...] = ()
    """Further headers."""
    touched: tuple[str, ...] = ()
    """What was read or written, as `Type/id` or `Type/id/_history/version`, for the audit."""
    interaction: str = ""
    """FHIR's name of what was done, where the address alone does not say it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """The one SQL transaction that a request runs in, and its surroundings."""

    connection: Connection
    """Open, inside a transaction."""
    base: str
    """The server's address as the caller sees it, without a slash at the end."""
    now: datetime
    """The moment of this request, aware, to the millisecond."""
    new_id: Callable[[], str]
    """Makes a logical id that was never used."""


Handler = Callable[[Session, Request], Reply]


def split_path(path: str) -> tuple[str, ...]:
    """The segments of a path, without empty ones at its ends."""
    return tuple(path.strip("/").split("/")) if path.strip("/") else ()
