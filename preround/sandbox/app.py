"""The sandbox as an ASGI application.

It answers below its own base path, and below whatever it is mounted under. Alone, `create_sandbox(path, now=clock)`
serves `/fhir/Patient`; so it does as `Mount("/fhir", app=sandbox)`, with a `Route("/fhir", sandbox)` beside it for the
bundles that are posted to the base without a slash.
"""

import logging
import re
import traceback
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl
from uuid import uuid4

from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from preround.sandbox.auditing import is_audited, record
from preround.sandbox.content import JSON_TYPES
from preround.sandbox.database import Database
from preround.sandbox.document import serialise
from preround.sandbox.exchange import Query, Reply, Request, Session, split_path
from preround.sandbox.export import JOBS
from preround.sandbox.export_files import NDJSON
from preround.sandbox.outcome import FhirError, operation_outcome
from preround.sandbox.routing import route_of

MAX_BODY_BYTES = 64 * 1024 * 1024
"""Largest body taken, by default."""

_FORM = "application/x-www-form-urlencoded"
_LOG = logging.getLogger(__name__)


def create_sandbox(
    path: Path,
    *,
    now: Callable[[], datetime],
    base_path: str = "/fhir",
    max_body_bytes: int = MAX_BODY_BYTES,
    new_id: Callable[[], str] = lambda: str(uuid4()),
    audit: bool = True,
) -> Starlette:
    """The sandbox over one SQLite file.

    Args:
        path: the file; made, with its folder, where missing. Several processes may have it open.
        now: the clock that stamps versions, giving aware datetimes.
        base_path: where it answers when it stands alone.
        max_body_bytes: largest body taken; more is answered 413.
        new_id: makes the id of each created resource.
        audit: whether each access leaves an AuditEvent.

    Returns:
        An ASGI application that needs no lifespan events. `app.state.database.close()` gives its connections back.

    Raises:
        SchemaError: when the file is of a newer version.
    """
    sandbox = _Sandbox(Database(path), now, base_path.rstrip("/"), max_body_bytes, new_id, audit)
    app = Starlette(routes=[Route("/{path:path}", endpoint=sandbox)])
    app.state.database = sandbox.database
    return app


class _Sandbox:
    """The one endpoint: HTTP in, HTTP out."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        base_path: str,
        max_body_bytes: int,
        new_id: Callable[[], str],
        audit: bool,
    ) -> None:
        self.database = database
        self._now = now
        self._base_path = base_path
        self._max_body_bytes = max_body_bytes
        self._new_id = new_id
        self._audit = audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        http = HttpRequest(scope, receive)
        try:
            base, segments = self._address(http)
            request = _request(http, segments, await self._body(http))
            reply = await run_in_threadpool(self._answer, base, request)
        except FhirError as error:
            reply = _refusal(error)
        except OperationalError as error:
            _log(error)
            reply = _refusal(FhirError(503, "lock-error", "The sandbox's file is busy or full: try again."))
        except Exception as error:  # the server's last line: said to the caller, and to the log without any data
            _log(error)
            reply = _refusal(FhirError(500, "exception", "The sandbox failed on this request: see its log."))
        await _response(reply, head=http.method == "HEAD")(scope, receive, send)

    def _address(self, http: HttpRequest) -> tuple[str, tuple[str, ...]]:
        root = str(http.scope.get("root_path", "")).rstrip("/")
        path = str(http.scope["path"])
        below = path.removeprefix(root) if root and path.startswith(root) else path
        if below == self._base_path or below.startswith(f"{self._base_path}/"):
            root, below = root + self._base_path, below[len(self._base_path) :]
        return f"{http.url.scheme}://{http.url.netloc}{root}", split_path(below)

    async def _body(self, http: HttpRequest) -> bytes:
        content = bytearray()
        async for chunk in http.stream():
            content += chunk
            if len(content) > self._max_body_bytes:
                raise FhirError(413, "too-long", f"A body has at most {self._max_body_bytes} bytes: send it in parts.")
        return bytes(content)

    def _answer(self, base: str, request: Request) -> Reply:
        route = route_of(request)
        moment = self._now()
        moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)  # as FHIR's instants are written
        audited = self._audit and is_audited(request, route.interaction)
        session = partial(Session, base=base, now=moment, new_id=self._new_id)
        try:
            with self.database.writing() if route.writes else self.database.reading() as connection:
                reply = route.handler(session(connection=connection), request)
                if audited and route.writes:
                    record(session(connection=connection), request, route.interaction, reply)
        except FhirError as error:
            if audited:
                self._record(session, request, route.interaction, _refusal(error))
            raise
        if audited and not route.writes:
            self._record(session, request, route.interaction, reply)
        return reply

    def _record(self, session: partial[Session], request: Request, interaction: str, reply: Reply) -> None:
        with self.database.writing() as connection:
            record(session(connection=connection), request, interaction, reply)


def _request(http: HttpRequest, segments: tuple[str, ...], body: bytes) -> Request:
    headers = http.headers
    accept = headers.get("accept", "").lower()
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    query = tuple(parse_qsl(http.url.query, keep_blank_values=True))
    if segments[-1:] == ("_search",):
        query += _form(content_type, body)
    if segments[:1] != ("Binary",):
        _check_accept(accept, {NDJSON} if segments[:1] == (JOBS,) else set())
    return Request(
        method="GET" if http.method == "HEAD" else http.method,
        segments=segments,
        query=query,
        body=body,
        content_type=content_type,
        accept=accept,
        accept_encoding=headers.get("accept-encoding", ""),
        if_match=headers.get("if-match"),
        if_none_match=headers.get("if-none-match"),
        if_none_exist=headers.get("if-none-exist"),
        prefer=frozenset(part.strip().lower() for part in headers.get("prefer", "").replace(";", ",").split(",")),
        source=http.client.host if http.client else "",
        request_id=_token(headers.get("x-request-id", "")),
    )


def _token(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9._:-]{1,64}", text) else ""


def _form(content_type: str, body: bytes) -> Query:
    if not body:
        return ()
    if content_type != _FORM:
        raise FhirError(415, "not-supported", f"A _search takes a body of {_FORM}.")
    try:
        return tuple(parse_qsl(body.decode(), keep_blank_values=True))
    except UnicodeDecodeError as error:
        raise FhirError(400, "structure", "The form is not UTF-8.") from error


def _check_accept(accept: str, also: set[str]) -> None:
    wanted = {part.partition(";")[0].strip() for part in accept.split(",") if part.strip()}
    if wanted and not wanted & {*JSON_TYPES, *also, "*/*", "application/*", "application/json-patch+json"}:
        raise FhirError(406, "not-supported", "Only JSON is spoken here: accept application/fhir+json.")


def _refusal(error: FhirError) -> Reply:
    return Reply(status=error.status, body=serialise(operation_outcome(error.issues)))


def _response(reply: Reply, *, head: bool) -> Response:
    headers = dict(reply.headers)
    if reply.etag:
        headers["ETag"] = reply.etag
    if reply.modified:
        headers["Last-Modified"] = format_datetime(reply.modified, usegmt=True)
    if reply.location:
        headers["Location"] = reply.location
    if reply.body is None or head:
        return Response(status_code=reply.status, headers=headers)
    return Response(reply.body, status_code=reply.status, headers=headers, media_type=reply.content_type)


def _log(error: Exception) -> None:
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-6:]))
    _LOG.error("%s at %s", type(error).__name__, where)
