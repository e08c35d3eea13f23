"""A transaction: all its entries are done, or none.

The order is FHIR's, whatever the order of the entries: deletions, creates and updates, patches, reads. Resources with
conditional references are stored after the others, so that these may also match what the same bundle brings.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from preround.sandbox.entries import Entry, entry_of, in_entry, reply_entry
from preround.sandbox.exchange import Handler, Reply, Request, Session
from preround.sandbox.identities import Identities, Identity, Planned
from preround.sandbox.outcome import FhirError
from preround.sandbox.validation import check_structure
from preround.sandbox.versions import Version, Writer
from preround.sandbox.writing import written

_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


class Transaction:
    """One transaction in progress."""

    def __init__(self, session: Session, dispatch: Handler) -> None:
        """Begin.

        Args:
            session: inside an SQL transaction with the write lock.
            dispatch: answers a single request.
        """
        self._session = session
        self._dispatch = dispatch
        self._identities = Identities(session)
        self._answers: dict[int, str] = {}
        self._touched: dict[str, None] = {}  # a set in order

    @property
    def touched(self) -> tuple[str, ...]:
        """What its entries read and wrote so far."""
        return tuple(self._touched)

    def run(self, values: list[Any], outer: Request) -> list[str]:
        """Do everything that the entries ask.

        Args:
            values: the parsed entries.
            outer: the request that brought them.

        Returns:
            The answers' entries, as JSON text, in the order of the entries.

        Raises:
            FhirError: the refusal of the first bad entry; the caller rolls back.
        """
        entries = [self._entry(number, value, outer) for number, value in enumerate(values)]
        self._each(entries, "DELETE")
        self._store(entries)
        self._each(entries, "PATCH")
        self._each(entries, "GET")
        return [self._answers[number] for number in range(len(entries))]

    def _entry(self, number: int, value: object, outer: Request) -> Entry:
        with _named(number):
            entry = entry_of(value, self._session.base, outer)
            if entry.request.method not in _METHODS:
                raise FhirError(400, "value", "An entry's method is GET, POST, PUT, PATCH or DELETE.")
            return entry

    def _each(self, entries: list[Entry], method: str) -> None:
        for number, entry in enumerate(entries):
            if entry.request.method == method:
                with _named(number):
                    if method != "GET" and len(entry.request.segments) == 2:
                        self._identities.claim((entry.request.segments[0], entry.request.segments[1]))
                    self._answer(number, entry.request, self._dispatch(self._session, entry.request))

    def _store(self, entries: list[Entry]) -> None:
        planned: list[Planned] = []
        for number, entry in enumerate(entries):
            if entry.request.method in {"POST", "PUT"}:
                with _named(number):
                    planned.append(self._identities.plan(number, entry))
        for plan in planned:
            plan.links.replace(self._identities.literal)
        made: dict[Identity, Version] = {plan.identity: plan.found for plan in planned if plan.found is not None}
        fresh = [plan for plan in planned if plan.found is None and not plan.repeat]
        self._write([plan for plan in fresh if not plan.links.conditional], made)
        self._write([plan for plan in fresh if plan.links.conditional], made)
        new = {plan.number for plan in fresh if plan.previous is None or plan.previous.deleted}
        for plan in planned:
            status = 201 if plan.number in new else 200
            reply = written(self._session, plan.request, made[plan.identity], status=status)
            self._answer(plan.number, plan.request, reply)

    def _write(self, plans: list[Planned], made: dict[Identity, Version]) -> None:
        session = self._session
        writer = Writer(session.connection, base=session.base, now=session.now)
        matched: dict[str, str] = {}
        for plan in plans:
            with _named(plan.number):
                plan.links.resolve(session, matched)
                version = writer.put(*plan.identity, plan.content, method=plan.request.method, previous=plan.previous)
                check_structure(version.type, version.body or "")
                made[plan.identity] = version
        writer.flush()

    def _answer(self, number: int, request: Request, reply: Reply) -> None:
        wanted = request.method == "GET" or "return=representation" in request.prefer
        self._touched |= dict.fromkeys(reply.touched)
        self._answers[number] = reply_entry(reply, with_resource=wanted)


@contextmanager
def _named(number: int) -> Iterator[None]:
    try:
        yield
    except FhirError as error:
        raise in_entry(error, number) from error
