"""Read, version read and history."""

from base64 import b64decode
from datetime import UTC

from preround.sandbox.content import JSON_TYPES
from preround.sandbox.document import parse
from preround.sandbox.exchange import Query, Reply, Request, Session
from preround.sandbox.instants import span
from preround.sandbox.outcome import FhirError
from preround.sandbox.search import with_query
from preround.sandbox.searchset import bundle, history_entries
from preround.sandbox.terms import parse_count
from preround.sandbox.versions import Version, current, history, live, version_at, version_of

_BEFORE = "_before"  # the parameter of a history's next link: a row of the version table


def read(session: Session, request: Request) -> Reply:
    """`GET [base]/Type/id`."""
    only_known(request.query, set())
    found = live(session.connection, request.segments[0], request.segments[1])
    if request.if_none_match is not None and f'"{found.version}"' in request.if_none_match:
        return Reply(status=304, etag=f'W/"{found.version}"', touched=("/".join(request.segments),))
    return _shown(version_at(session.connection, found.seq), request)


def vread(session: Session, request: Request) -> Reply:
    """`GET [base]/Type/id/_history/version`."""
    only_known(request.query, set())
    resource_type, logical_id, _, number = request.segments
    plain = number.isascii() and number.isdigit() and len(number) < 10
    found = version_of(session.connection, resource_type, logical_id, int(number)) if plain else None
    if found is None:
        raise FhirError(404, "not-found", f"There is no such version of this {resource_type}.")
    if found.body is None:
        raise FhirError(410, "deleted", "This version is the deletion; read the one before it.")
    return _shown(found, request)


def read_history(session: Session, request: Request) -> Reply:
    """`GET [base]/Type/id/_history`, `[base]/Type/_history` or `[base]/_history`, the newest first."""
    only_known(request.query, {"_count", "_since", _BEFORE})
    asked = dict(request.query)
    resource_type, logical_id = (*request.segments[:-1], None, None)[:2]
    if resource_type and logical_id and current(session.connection, resource_type, logical_id) is None:
        raise FhirError(404, "not-found", f"There is no such {resource_type}.")
    count = max(1, parse_count(asked.get("_count")))
    found = history(
        session.connection,
        resource_type=resource_type,
        logical_id=logical_id,
        since=since_of(asked.get("_since")),
        before=_row(asked.get(_BEFORE)),
        limit=count + 1,
    )
    address = "/".join((session.base, *request.segments))
    links = [("self", with_query(address, request.query))]
    if len(found) > count:
        kept = tuple(pair for pair in request.query if pair[0] != _BEFORE)
        links.append(("next", with_query(address, (*kept, (_BEFORE, str(found[count - 1].seq))))))
    shown = found[:count]
    body = bundle("history", history_entries(shown, session.base), links=links)
    return Reply(status=200, body=body, touched=tuple(one.versioned for one in shown))


def since_of(text: str | None) -> int | None:
    """The first microsecond of `_since`.

    Raises:
        FhirError: 400 when it is not a FHIR instant or date.
    """
    if text is None:
        return None
    found = span(text.replace(" ", "+"))
    if found is None:
        raise FhirError(400, "value", "The parameter _since is an instant, such as 2021-08-01T00:00:00Z.")
    return found[0]


def only_known(query: Query, names: set[str]) -> None:
    """Refuse any parameter but these and `_format=json`.

    Raises:
        FhirError: 400 for another parameter.
    """
    for name, value in query:
        if name not in names and not (name == "_format" and "json" in value):
            raise FhirError(400, "not-supported", f"The parameter '{name}' is not supported here.")


def _row(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise FhirError(400, "value", "The page address is not one of this server's; ask for the history again.")
    return int(text)


def _shown(version: Version, request: Request) -> Reply:
    body: str | bytes | None = version.body
    content_type = Reply(status=200).content_type
    if version.type == "Binary" and _wants_raw(request.accept):
        binary = parse((version.body or "").encode())
        body, content_type = b64decode(binary.get("data", "")), str(binary.get("contentType"))
    return Reply(
        status=200,
        body=body,
        content_type=content_type,
        etag=version.etag,
        modified=version.modified.astimezone(UTC),
        touched=(version.versioned,),
    )


def _wants_raw(accept: str) -> bool:
    wanted = {part.partition(";")[0].strip() for part in accept.split(",") if part.strip()}
    return bool(wanted) and not wanted & (JSON_TYPES | {"*/*"})
