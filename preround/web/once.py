"""Idempotency-Key: the same request under the same key is done once, and answered the same each time."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from starlette.responses import Response

from graphs.clock import Clock
from preround.failure import Declined, Unusable
from store import api_answers
from store.api_answers import Answered
from store.database import Database

KEPT = timedelta(days=1)
"""How long an answer is kept."""
ABANDONED = timedelta(minutes=2)
"""After so long without an answer the process that worked on it is taken to have ended."""
NAME = "Idempotency-Key"
_LONGEST = 200

Key = Annotated[
    str | None,
    Header(
        alias=NAME,
        min_length=1,
        max_length=_LONGEST,
        pattern=r"^[!-~]+$",
        description="The same request under the same key is done once and answered the same for a day; another request "
        "under it is refused (422).",
    ),
]


def documented(key: Key = None) -> None:
    """Have the header described; `OnceRoute` is what reads it."""


class Answers:
    """What was answered under which key.

    Args:
        db: where it is kept.
        clock: for how long.
    """

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def begin(self, answer_id: str, request_sha256: str) -> Answered | None:
        """The answer that there is; `None` where the caller of this is to do the work.

        Raises:
            Unusable: another request was sent under this key.
            Declined: it is being worked on.
        """
        now = self._clock.now()
        row = Answered(answer_id=answer_id, request_sha256=request_sha256, begun=now)
        with self._db.write() as connection:
            api_answers.forget_before(connection, now - KEPT)
            if api_answers.begin(connection, row):
                return None
            found = api_answers.find(connection, answer_id)
            if found is None or found.request_sha256 != request_sha256:
                raise Unusable(f"Another request was sent under this {NAME}; give each request a key of its own")
            if found.status is not None:
                return found
            if now - found.begun >= ABANDONED and api_answers.take_over(connection, found, now=now):
                return None
        raise Declined(f"The request of this {NAME} is being worked on; ask again in a moment")

    def finish(self, answer_id: str, response: Response) -> None:
        """Keep an answer; what failed at our end may be asked again."""
        with self._db.write() as connection:
            if response.status_code >= 500:
                api_answers.forget(connection, answer_id)
                return
            api_answers.finish(
                connection,
                answer_id,
                status=response.status_code,
                location=response.headers.get("location"),
                body=bytes(response.body).decode(),
            )

    def forget(self, answer_id: str) -> None:
        """Nothing was answered."""
        with self._db.write() as connection:
            api_answers.forget(connection, answer_id)


class OnceRoute(APIRoute):
    """A route that answers a repeated request from what was kept."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with that around it."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            key = request.headers.get(NAME)
            if request.method != "POST" or key is None or not _usable(key):
                return await inner(request)  # an unusable key is refused there, with its description
            answers: Answers = request.app.state.answers
            answer_id = api_answers.id_of(caller_of(request), key)
            asked = f"{request.method} {request.url.path}\n".encode() + await request.body()
            digest = hashlib.sha256(asked).hexdigest()
            found = await run_in_threadpool(answers.begin, answer_id, digest)
            if found is not None:
                return _again(found)
            try:
                response = await inner(request)
            except BaseException:
                await run_in_threadpool(answers.forget, answer_id)
                raise
            await run_in_threadpool(answers.finish, answer_id, response)
            return response

        return handle


def caller_of(request: Request) -> str:
    """Who asks, for keeping the keys of different callers apart."""
    session = getattr(request.state, "session", None)
    return "" if session is None else f"{session.visitor.way}|{session.visitor.subject or session.visitor.name or ''}"


def run_id_of(request: Request) -> str:
    """The id of a round that a request starts: with a key always the same, so that even a killed process starts one."""
    key = request.headers.get(NAME)
    return uuid.uuid5(uuid.NAMESPACE_OID, f"api:{caller_of(request)}:{key}").hex[:16] if key else uuid.uuid4().hex[:16]


def _usable(key: str) -> bool:
    return 0 < len(key) <= _LONGEST and all("!" <= one <= "~" for one in key)


def _again(found: Answered) -> Response:
    headers = {"idempotency-replayed": "true", **({"location": found.location} if found.location else {})}
    return Response(found.body or "", status_code=found.status or 200, media_type="application/json", headers=headers)
