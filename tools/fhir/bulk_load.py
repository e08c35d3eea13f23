"""Loading whole bundles into a FHIR server: fixtures and other people's data, not what was signed."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from tools.fhir import wire
from tools.fhir.capabilities import Capabilities
from tools.fhir.errors import FhirError, FhirUnreachable, LoadError
from tools.fhir.load_chunk import ChunkSender
from tools.fhir.load_set import LoadEntry, LoadSet, LoadSource, answered, identifier_in, prepare
from tools.fhir.sending import Sending
from tools.fhir.stored import holds, references
from tools.fhir.wire import Resource

OnProgress = Callable[[int, int], None]
"""Called with resources done and resources in all."""

CHUNK = 500
"""Entries in one transaction or batch."""
CHUNK_BYTES = 4 * 1024 * 1024
"""JSON bytes in one transaction or batch, unless one entry alone is larger."""

_AT_ONCE = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """What a load did."""

    counts: Mapping[str, int]
    """Resources of the files that are on the server now, by type."""
    unchanged: int
    """How many of them were there already, equal, and were not sent."""
    replaced: int
    """Entries left out because a later one in the files has the same type and id."""
    logical_references: int
    """Conditional references that neither files nor server answer, kept as references by identifier."""
    unresolved_references: int
    """References to a `urn:uuid:` that is in none of the files; they stay as they are."""


class BulkLoader(Sending):
    """Loads resources as they are: `async with BulkLoader("https://host/fhir") as loader: …`."""

    async def load(self, sources: Sequence[LoadSource], *, on_progress: OnProgress | None = None) -> Loaded:
        """Load the sources' resources, whatever their order; loading again, also after a stop halfway, is harmless.

        Ids are kept where the server lets the client choose them. What is there already and equal is not sent again.

        Raises:
            LoadError: a resource can't be loaded; says where it stands and how much was loaded before.
            FhirUnreachable: no answer within the limits; says how much was loaded before.
        """
        capabilities = await self._client.capabilities()
        ready = prepare(sources)
        kinds = Counter(entry.resource["resourceType"] for entry in ready.entries)
        _check_offered(ready.entries, capabilities)
        answers = await self._answers(ready)
        entries = [answered(entry, answers) if answers else entry for entry in ready.entries]
        keeps_ids = not capabilities.known or all(capabilities.of(kind).update_create for kind in kinds)
        unchanged = await self._unchanged(entries, kinds, capabilities) if keeps_ids else set()
        progress = on_progress or (lambda done, total: None)
        progress(len(unchanged), len(entries))
        await self._send([e for e in entries if e.reference not in unchanged], keeps_ids, len(entries), progress)
        logical = {text for text, answer in answers.items() if "identifier" in answer}
        return Loaded(
            counts=dict(sorted(kinds.items())),
            unchanged=len(unchanged),
            replaced=ready.replaced,
            logical_references=sum(text in logical for e in ready.entries for text in references(e.resource)),
            unresolved_references=ready.unresolved,
        )

    async def _send(self, entries: list[LoadEntry], keeps_ids: bool, total: int, progress: OnProgress) -> None:
        sender = ChunkSender(self._connection, await self._client.capabilities(), keeps_ids=keeps_ids)
        before = total - len(entries)
        try:
            for chunk in _chunks(entries):
                await sender.send(chunk)
                progress(before + sender.done, total)
        except LoadError as refused:
            msg = f"{refused} {before + sender.done} of {total} resources are loaded; correct it and load again."
            raise LoadError(msg) from refused
        except FhirError as failed:
            msg = (
                f"{failed} At least {before + sender.done} of {total} resources are loaded; loading again is harmless."
            )
            raise type(failed)(msg) from failed

    async def _answers(self, ready: LoadSet) -> dict[str, Resource]:
        """What each open conditional reference becomes: the server's resource, or a reference by identifier."""
        texts = sorted(ready.open)
        places = {text: entry.place for entry in reversed(ready.entries) for text in references(entry.resource)}
        found = await asyncio.gather(*(self._answer(text, places[text]) for text in texts))
        return dict(zip(texts, found, strict=True))

    async def _answer(self, text: str, place: str) -> Resource:
        kind, _, query = text.partition("?")
        try:
            answer = await self._client.search(kind, [*parse_qsl(query), ("_count", "2")], cap=2)
            matches = [r for r in answer.resources if r["resourceType"] == kind]
        except FhirUnreachable:
            raise
        except FhirError:
            matches = []
        if len(matches) == 1:
            return {"reference": f"{kind}/{matches[0]['id']}"}
        asked = identifier_in(text)
        if asked is None:
            msg = f"{place}: the conditional reference to {kind} fits {len(matches)} resources: it must fit one."
            raise LoadError(msg)
        system, value = asked
        return {"type": kind, "identifier": ({"system": system} if system else {}) | {"value": value}}

    async def _unchanged(
        self, entries: Sequence[LoadEntry], kinds: Iterable[str], capabilities: Capabilities
    ) -> set[str]:
        """The references of entries that the server holds already, equal. What can't be asked counts as changed."""
        there: set[str] = set()
        for kind in kinds:
            ours = {e.resource["id"]: e for e in entries if e.resource["resourceType"] == kind}
            try:
                if not capabilities.offers_param(kind, "_id") or not await self._client.count(kind):
                    continue
                for ids in _parts(sorted(ours), _AT_ONCE):
                    asked = [("_id", ",".join(ids)), ("_count", str(_AT_ONCE))]
                    answer = await self._client.search(kind, asked, cap=_AT_ONCE)
                    there |= {
                        ours[r["id"]].reference
                        for r in answer.resources
                        if r["resourceType"] == kind and r["id"] in ours and holds(r, ours[r["id"]].resource)
                    }
            except FhirUnreachable:
                raise
            except FhirError:
                continue
        return there


def _check_offered(entries: Iterable[LoadEntry], capabilities: Capabilities) -> None:
    for entry in entries:
        kind = entry.resource["resourceType"]
        if capabilities.known and kind not in capabilities.offers:
            msg = f"{entry.place}: the FHIR server does not take {kind}: leave it out; nothing was loaded."
            raise LoadError(msg)


def _parts(names: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]


def _chunks(entries: Iterable[LoadEntry]) -> Iterator[list[LoadEntry]]:
    chunk: list[LoadEntry] = []
    size = 0
    for entry in entries:
        weight = len(wire.dump(entry.resource))
        if chunk and (len(chunk) >= CHUNK or size + weight > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(entry)
        size += weight
    if chunk:
        yield chunk
