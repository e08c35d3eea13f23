"""Answers of the API under the key that a program gave: the same request again gets the same answer."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.engine import Connection

from store.database import insert_if_absent
from store.hook_tables import api_answers
from store.vault import open_text, place, seal_text


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """One request with a key."""

    answer_id: str
    """Who asked under which key, hashed (`id_of`)."""
    request_sha256: str
    """What was asked: method, address and body."""
    status: int | None = None
    """The HTTP status of the answer; none while it is worked on."""
    location: str | None = None
    """The answer's `Location`."""
    body: str | None = None
    """The answer; sealed where the site has a key, because it may hold what a round drafted."""
    begun: datetime
    """When it was first asked."""


def id_of(caller: str, key: str) -> str:
    """The id of a caller's key: keys of different callers are different, and none is kept as it was given."""
    return hashlib.sha256(f"{caller}\n{key}".encode()).hexdigest()


def begin(connection: Connection, row: Answered) -> bool:
    """Note that a request is worked on; returns whether nobody asked under this key before."""
    return insert_if_absent(connection, api_answers, asdict(row))


def find(connection: Connection, answer_id: str) -> Answered | None:
    """What was asked and answered under a key."""
    row = connection.execute(select(api_answers).where(api_answers.c.answer_id == answer_id)).first()
    if row is None:
        return None
    return Answered(**{**row._mapping, "body": open_text(connection, row.body, _about(answer_id))})


def take_over(connection: Connection, row: Answered, *, now: datetime) -> bool:
    """Work again on a request whose process ended before it answered; returns whether this call may."""
    done = connection.execute(
        update(api_answers)
        .where(api_answers.c.answer_id == row.answer_id, api_answers.c.begun == row.begun)
        .where(api_answers.c.status.is_(None))
        .values(begun=now)
    )
    return done.rowcount == 1


def finish(connection: Connection, answer_id: str, *, status: int, location: str | None, body: str) -> None:
    """Keep the answer."""
    sealed = seal_text(connection, body, _about(answer_id))
    connection.execute(
        update(api_answers)
        .where(api_answers.c.answer_id == answer_id)
        .values(status=status, location=location, body=sealed)
    )


def forget(connection: Connection, answer_id: str) -> None:
    """Let a request that failed be asked again."""
    connection.execute(delete(api_answers).where(api_answers.c.answer_id == answer_id))


def forget_before(connection: Connection, moment: datetime) -> None:
    """Let go of what was asked long ago."""
    connection.execute(delete(api_answers).where(api_answers.c.begun < moment))


def _about(answer_id: str) -> str:
    return place("api_answers", "body", answer_id)
