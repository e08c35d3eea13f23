"""What workers do and when, noted by the database in a table of the tests' own: one clock and one order for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from tests.acceptance.homes import Home

_NOTING = """
CREATE TABLE noted (at timestamptz DEFAULT clock_timestamp(), what text, run_id text,
  who text DEFAULT current_setting('application_name'));
CREATE FUNCTION note_lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO noted (what, run_id) VALUES ('taken', NEW.name);
  RETURN NULL;
END $$;
CREATE FUNCTION note_step() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO noted (what, run_id) VALUES ('step', NEW.thread_id);
  RETURN NULL;
END $$;
CREATE TRIGGER first_taken AFTER INSERT ON leases FOR EACH ROW EXECUTE FUNCTION note_lease();
CREATE TRIGGER taken AFTER UPDATE ON leases FOR EACH ROW WHEN (NEW.fence > OLD.fence) EXECUTE FUNCTION note_lease();
CREATE TRIGGER step AFTER INSERT ON checkpoints FOR EACH ROW EXECUTE FUNCTION note_step();
"""


def called(home: Home, name: str) -> Home:
    """The same home for a process of that name: what it has written in the database is noted as its own."""
    return replace(home, more={**home.more, "PGAPPNAME": name})


@dataclass(frozen=True, kw_only=True)
class Noted:
    """A database where it is noted who takes which round, and makes a step of it."""

    url: str
    """The database."""

    def __post_init__(self) -> None:
        """Begin; its tables are there when a worker has given a sign of life."""
        with psycopg.connect(self.url) as connection:
            connection.execute(_NOTING)

    def _asked(self, query: LiteralString, *values: Any) -> list[Any]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query, values).fetchall()

    def now(self) -> datetime:
        """The database's time."""
        found: datetime = self._asked("SELECT clock_timestamp()")[0][0]
        return found

    def in_flight(self, who: str) -> frozenset[str]:
        """The rounds that a process holds now and has made a step of."""
        query: LiteralString = (
            "SELECT name FROM leases l WHERE expires > extract(epoch FROM clock_timestamp()) AND %s = "
            "(SELECT who FROM noted WHERE what = 'taken' AND run_id = l.name ORDER BY at DESC LIMIT 1) "
            "AND EXISTS (SELECT FROM noted n WHERE what = 'step' AND run_id = l.name AND n.who = %s)"
        )
        return frozenset(name for (name,) in self._asked(query, who, who))

    def first_step(self, of: Collection[str], who: str, after: datetime) -> datetime | None:
        """When a process made the first step of one of these rounds after a moment."""
        query: LiteralString = (
            "SELECT min(at) FROM noted WHERE what = 'step' AND run_id = ANY(%s) AND who = %s AND at > %s"
        )
        found: datetime | None = self._asked(query, list(of), who, after)[0][0]
        return found

    def worked(self, after: datetime) -> Counter[str]:
        """How many rounds each process made steps of after a moment."""
        query: LiteralString = (
            "SELECT who, count(DISTINCT run_id) FROM noted WHERE what = 'step' AND at > %s GROUP BY who"
        )
        return Counter({str(who): int(number) for who, number in self._asked(query, after)})


@dataclass(kw_only=True)
class InLine:
    """How long the threads of a process stood in line for a processor, which is the machine's doing and not theirs."""

    seconds: float = 0.0
    """All threads together."""


@contextmanager
def in_line(pid: int) -> Iterator[InLine]:
    """Count it for the length of the block; 0 where the system does not say."""
    told, before = InLine(), _in_line(pid)
    yield told
    told.seconds = _in_line(pid) - before


def _in_line(pid: int) -> float:
    waited = 0
    for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError):  # a thread that has just ended
            waited += int(thread.read_text().split()[1])
    return waited / 1e9
