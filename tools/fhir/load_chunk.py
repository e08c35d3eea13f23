"""One chunk of a load on its way: a transaction, a batch or single requests, with each refusal traced to its entry."""

import re
import uuid
from collections.abc import Sequence

from tools.fhir import outcome, wire
from tools.fhir.capabilities import Capabilities
from tools.fhir.connection import Answer, Connection
from tools.fhir.errors import FhirError, LoadError
from tools.fhir.load_set import LoadEntry
from tools.fhir.stored import references, renamed
from tools.fhir.wire import Json, Resource

ORIGIN_SYSTEM = "urn:preround:loaded-as"
"""System of the tag that makes loading repeatable where the server gives ids itself; its code is our `Type/id`."""

_NAMESPACE = uuid.UUID("7c0f3f0e-58f1-5b1e-9a59-0c5f6a4f2d10")
_ENTRY = re.compile(r"Bundle\.entry\[(\d+)\]")


class ChunkSender:
    """Sends chunks in order and remembers the names that the server gave."""

    def __init__(self, connection: Connection, capabilities: Capabilities, *, keeps_ids: bool) -> None:
        self.done = 0
        """Entries that the server has taken."""
        self._connection = connection
        self._capabilities = capabilities
        self._keeps_ids = keeps_ids
        self._names: dict[str, str] = {}

    async def send(self, entries: Sequence[LoadEntry]) -> None:
        """Send one chunk, together where the server can, else one by one.

        Raises:
            LoadError: the server refused an entry; the message begins with where it stands.
            FhirUnreachable: no answer within the limits.
        """
        together = self._together()
        if together is None or not await self._bundle(entries, together):
            for entry in entries:
                await self._single(entry)

    def _together(self) -> str | None:
        """The kind of bundle to send; where the server gives ids, only a transaction settles references inside it."""
        kinds = ("transaction", "batch") if self._keeps_ids else ("transaction",)
        return next((kind for kind in kinds if kind in self._capabilities.interactions), None)

    async def _bundle(self, entries: Sequence[LoadEntry], kind: str) -> bool:
        """Send a bundle; False where it was refused as a whole without a word on which entry is to blame."""
        urls = (
            {} if self._keeps_ids else {e.reference: f"urn:uuid:{uuid.uuid5(_NAMESPACE, e.reference)}" for e in entries}
        )
        bundle = {
            "resourceType": "Bundle",
            "type": kind,
            "entry": [
                {
                    "fullUrl": urls.get(entry.reference) or f"{self._connection.origin.base}/{entry.reference}",
                    "resource": self._body(entry, urls),
                    "request": self._request(entry),
                }
                for entry in entries
            ],
        }
        url = self._connection.origin.url("")
        answer = await self._connection.send("POST", url, body=wire.dump(bundle), repeatable=self._repeatable(entries))
        if not 200 <= answer.status < 300:
            blamed = _blamed(answer)
            if blamed is not None and blamed < len(entries):
                raise _refusal(entries[blamed], answer.status, answer.body)
            return False
        replies = outcome.body_of(answer.body).get("entry")
        if not isinstance(replies, list) or len(replies) != len(entries):
            msg = f"{entries[0].place} and on: the FHIR server's answer does not say what became of each entry."
            raise LoadError(msg)
        refusals = [self._take(entry, reply) for entry, reply in zip(entries, replies, strict=True)]
        for refusal in refusals:
            if refusal is not None:
                raise refusal
        return True

    def _take(self, entry: LoadEntry, reply: Json) -> LoadError | None:
        """Count an entry's reply; gives the refusal, not raised, because others of a batch may well have been taken."""
        response = reply.get("response") if isinstance(reply, dict) else None
        response = response if isinstance(response, dict) else {}
        status = str(response.get("status", ""))[:3]
        if not status.startswith("2"):
            return _refusal(entry, int(status) if status.isdigit() else 0, wire.dump(response.get("outcome")))
        self._name(entry, response.get("location"))
        return None

    async def _single(self, entry: LoadEntry) -> None:
        request = self._request(entry)
        condition = {"If-None-Exist": request["ifNoneExist"]} if "ifNoneExist" in request else {}
        answer = await self._connection.send(
            "PUT" if self._keeps_ids else "POST",
            self._connection.origin.url(request["url"]),
            headers=condition,
            body=wire.dump(self._body(entry, {})),
            repeatable=self._repeatable([entry]),
        )
        if not 200 <= answer.status < 300:
            raise _refusal(entry, answer.status, answer.body)
        self._name(entry, answer.headers.get("location"))

    def _name(self, entry: LoadEntry, location: Json) -> None:
        self.done += 1
        if self._keeps_ids:
            return
        kind = entry.resource["resourceType"]
        found = re.search(
            rf"(?:^|/)({kind}/[A-Za-z0-9\-.]{{1,64}})(?:/_history/|$)", location if isinstance(location, str) else ""
        )
        if found is None:
            msg = f"{entry.place}: the FHIR server does not say which id it gave."
            raise LoadError(msg)
        self._names[entry.reference] = found[1]

    def _body(self, entry: LoadEntry, urls: dict[str, str]) -> Resource:
        if self._keeps_ids:
            return entry.resource
        body: Resource = renamed(entry.resource, {**self._names, **urls})
        meta = body.get("meta", {})
        tag = {"system": ORIGIN_SYSTEM, "code": entry.reference}
        rest = {name: value for name, value in body.items() if name != "id"}
        return {**rest, "meta": {**meta, "tag": [*meta.get("tag", ()), tag]}}

    def _request(self, entry: LoadEntry) -> dict[str, str]:
        if self._keeps_ids:
            return {"method": "PUT", "url": entry.reference}
        request = {"method": "POST", "url": str(entry.resource["resourceType"])}
        if self._conditional(entry):
            request["ifNoneExist"] = f"_tag={ORIGIN_SYSTEM}|{entry.reference}"
        return request

    def _conditional(self, entry: LoadEntry) -> bool:
        return self._capabilities.of(entry.resource["resourceType"]).conditional_create

    def _repeatable(self, entries: Sequence[LoadEntry]) -> bool:
        return self._keeps_ids or all(self._conditional(entry) for entry in entries)


def _blamed(answer: Answer) -> int | None:
    """The number of the entry that an OperationOutcome points at."""
    try:
        issues = outcome.body_of(answer.body).get("issue")
    except FhirError:
        return None
    for issue in issues if isinstance(issues, list) else []:
        paths = [*issue.get("expression", ()), *issue.get("location", ())] if isinstance(issue, dict) else []
        for path in paths:
            if isinstance(path, str) and (found := _ENTRY.match(path)):
                return int(found[1])
    return None


def _refusal(entry: LoadEntry, status: int, body: bytes) -> LoadError:
    patients = {text.split("/")[1] for text in references(entry.resource) if text.startswith("Patient/")}
    hidden = patients | {str(entry.resource["id"])}
    try:
        words = outcome.text_of(wire.parse(body), hidden)
    except ValueError:
        words = ""
    said = f": {words.rstrip('.')}" if words else ""
    return LoadError(f"{entry.place}: the FHIR server refused this {entry.resource['resourceType']} ({status}){said}.")
