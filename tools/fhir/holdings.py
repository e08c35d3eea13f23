"""What of a group a server already holds: asked before a write, after every doubt, and to read back."""

from collections.abc import Mapping, Sequence

from tools.fhir import write_key
from tools.fhir.capabilities import Capabilities
from tools.fhir.client import FhirClient
from tools.fhir.errors import (
    FhirError,
    FhirGone,
    FhirNotFound,
    FhirRefused,
    FhirUnreachable,
    WriteConflict,
    WriteStale,
)
from tools.fhir.stored import Stored, WriteEntry, holds, references, renamed, version_of
from tools.fhir.wire import Resource

REMOVED = "What was written was on the FHIR server and was removed there: look at its history before going on."
"""Said of what is never written a second time."""


class Holdings:
    """The entries of one group found so far; an entry found is not asked for again."""

    def __init__(self, client: FhirClient, capabilities: Capabilities, group: Sequence[WriteEntry]) -> None:
        self._client = client
        self._capabilities = capabilities
        self._group = group
        self.found: dict[str, Stored] = {}
        """By key: what the server holds and was compared."""

    @property
    def missing(self) -> list[WriteEntry]:
        """The entries not found yet, in the group's order."""
        return [entry for entry in self._group if entry.key not in self.found]

    @property
    def names(self) -> Mapping[str, str]:
        """Our `Type/id` to the server's, where the server gave the id."""
        return {e.reference: self.found[e.key].reference for e in self._group if e.key in self.found}

    def chooses_id(self, entry: WriteEntry) -> bool:
        """True where the server takes the id that we chose; one that does not say is asked to."""
        return entry.if_match is not None or self._capabilities.chooses_id(str(entry.resource["resourceType"]))

    async def look(self) -> None:
        """Ask for every entry not found yet.

        Raises:
            WriteStale, WriteConflict: something else is where the entry belongs.
            FhirRefused, FhirGarbled, FhirUnreachable: the server did not let us look.
        """
        for entry in _in_order(self.missing):
            try:
                stored = await self._stored(entry)
            except FhirRefused as refused:
                refused.key = entry.key
                raise
            if stored is not None:
                self.found[entry.key] = stored

    def ready(self) -> list[WriteEntry]:
        """The missing entries that refer to no other missing one, or none where they refer to each other in circles."""
        return _leaves(self.missing)

    async def current(self, entry: WriteEntry) -> Resource | None:
        """What the server holds now where an entry belongs, whatever it says; None when there is nothing.

        Raises:
            WriteStale, WriteConflict: it was removed, or more than one carries our key.
            FhirRefused, FhirGarbled, FhirUnreachable: the server did not let us look.
        """
        return await (self._by_id(entry) if self.chooses_id(entry) else self._by_key(entry))

    async def _stored(self, entry: WriteEntry) -> Stored | None:
        current = await self.current(entry)
        if current is None:
            return None
        if self._is_ours(current, entry):
            return Stored.of(current)
        if entry.if_match is not None and version_of(current) == entry.if_match:
            return None
        # Somebody may have changed it after we wrote it: then our write did happen, in an earlier version.
        earlier = await self._version(current, "1" if entry.if_match is None else _after(entry.if_match))
        if earlier is not None and self._is_ours(earlier, entry):
            return Stored.of(earlier)
        raise WriteConflict if entry.if_match is None else WriteStale

    async def _by_id(self, entry: WriteEntry) -> Resource | None:
        try:
            return await self._client.read(entry.resource["resourceType"], entry.resource["id"])
        except FhirGone:
            raise WriteConflict(REMOVED) from None
        except FhirNotFound:
            if entry.if_match is not None:
                raise WriteStale from None
            return None

    async def _by_key(self, entry: WriteEntry) -> Resource | None:
        params = [write_key.condition(entry), ("_count", "10")]
        answer = await self._client.search(entry.resource["resourceType"], params, cap=10)
        ours = [resource for resource in answer.resources if write_key.carries(resource, entry)]
        if len(ours) > 1 or (answer.truncated and not ours):
            msg = "The FHIR server does not find one resource by our key: look at what it holds before deciding again."
            raise WriteConflict(msg)
        return ours[0] if ours else None

    async def _version(self, current: Resource, version: str | None) -> Resource | None:
        if version is None or version == version_of(current):
            return None
        try:
            return await self._client.vread(current["resourceType"], current["id"], version)
        except FhirUnreachable:
            raise
        except FhirError:
            return None

    def _is_ours(self, resource: Resource, entry: WriteEntry) -> bool:
        meant = renamed(entry.resource, self.names)
        return holds(resource, {**meant, "id": meant["id"] if self.chooses_id(entry) else resource["id"]})


def _in_order(entries: Sequence[WriteEntry]) -> list[WriteEntry]:
    """What is referred to first: an entry is only comparable once the server's ids of those it refers to are known."""
    ordered: list[WriteEntry] = []
    while rest := [entry for entry in entries if entry not in ordered]:
        ordered += _leaves(rest) or rest
    return ordered


def _leaves(entries: Sequence[WriteEntry]) -> list[WriteEntry]:
    names = {entry.reference for entry in entries}
    return [entry for entry in entries if not names & (set(references(entry.resource)) - {entry.reference})]


def _after(version: str) -> str | None:
    return str(int(version) + 1) if version.isascii() and version.isdigit() else None
