"""Reading and searching a FHIR server; this module cannot write."""

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self, Unpack

import httpx

from tools.fhir import outcome, wire
from tools.fhir.capabilities import Capabilities
from tools.fhir.connection import Answer, Connection, Reach
from tools.fhir.errors import (
    FhirError,
    FhirGarbled,
    FhirNotFound,
    FhirUnreachable,
    LoginRefused,
    LoginUnusable,
)
from tools.fhir.paging import Gathering, SearchAnswer
from tools.fhir.query import Params, ids_in, is_id, known_type
from tools.fhir.stored import references
from tools.fhir.wire import Resource

PAGE = 1000
"""Resources asked for in one page."""


class FhirClient:
    """Reads one FHIR server: `async with FhirClient("https://host/fhir") as client: …`."""

    def __init__(self, base_url: str, **reach: Unpack[Reach]) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            base_url: the server's FHIR base, such as `https://host/fhir`.
            reach: how it is reached.

        Raises:
            BadAddress: the base URL is not usable.
        """
        self._connection = Connection(base_url, methods=frozenset({"GET"}), **reach)
        # `$validate` is a POST that stores nothing; no other address is ever asked on this connection.
        self._checking = Connection(base_url, methods=frozenset({"POST"}), **reach)
        self._capabilities: Capabilities | None = None
        self._asking = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Open the client."""
        await self._connection.__aenter__()
        await self._checking.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the client."""
        await self._checking.__aexit__(kind, error, trace)
        await self._connection.__aexit__(kind, error, trace)

    @property
    def base_url(self) -> str:
        """The server's base URL, without a slash at its end."""
        return str(self._connection.origin.base)

    @property
    def requests(self) -> int:
        """Requests sent so far, retries counted."""
        return self._connection.requests + self._checking.requests

    @property
    def bytes(self) -> int:
        """Bytes of answers read so far, decompressed."""
        return self._connection.bytes + self._checking.bytes

    async def capabilities(self) -> Capabilities:
        """What the server can do; asked once, then remembered. A server that does not say rules nothing out.

        Raises:
            FhirUnreachable: no answer within the limits.
            LoginUnusable, LoginRefused: the server wants a login, which failed.
        """
        async with self._asking:
            if self._capabilities is None:
                try:
                    statement = await self._resource("metadata", (), ())
                    self._capabilities = Capabilities.read(statement)
                except (FhirUnreachable, LoginUnusable, LoginRefused):
                    raise
                except FhirError:
                    self._capabilities = Capabilities(known=False)
            return self._capabilities

    async def read(self, resource_type: str, resource_id: str) -> Resource:
        """The current version of one resource.

        Raises:
            FhirNotFound: there is none, it was deleted, or the id can't be one.
            FhirRefused: the server refused.
            FhirGarbled: the answer is not that resource.
            FhirUnreachable: no answer within the limits.
        """
        return await self._read(resource_type, resource_id, "")

    async def vread(self, resource_type: str, resource_id: str, version: str) -> Resource:
        """One version of one resource; raises as `read` does."""
        if not is_id(version):
            raise FhirNotFound
        return await self._read(resource_type, resource_id, f"/_history/{version}")

    async def validate(self, resource: Resource) -> tuple[outcome.Finding, ...]:
        """What the server's `$validate` says of a resource, which it does not store; nothing where all is well.

        Raises:
            FhirNotFound, FhirRefused, FhirGarbled: the server did not say.
            FhirUnreachable: no answer within the limits.
        """
        kind = str(resource.get("resourceType"))
        known_type(kind)
        url = self._checking.origin.url(f"{kind}/$validate")
        answer = await self._checking.send("POST", url, body=wire.dump(resource), repeatable=True)
        hidden = [text.split("/")[1] for text in references(resource) if text.startswith("Patient/")]
        # A resource that is not valid may be answered with an OperationOutcome under 400, 412 or 422 as well as 200.
        if answer.status not in {200, 400, 412, 422}:
            outcome.refuse(answer.status, answer.body, hidden)
        body = outcome.body_of(answer.body)
        if body["resourceType"] == "Parameters":
            body = next((p["resource"] for p in body.get("parameter", ()) if "resource" in p), body)
        if body["resourceType"] != "OperationOutcome":
            raise FhirGarbled
        return outcome.findings(body, hidden)

    async def count(self, resource_type: str, params: Params = ()) -> int:
        """How many resources a search finds, by the server's own count; raises as `search` does."""
        known_type(resource_type)
        bundle = await self._resource(resource_type, [*params, ("_summary", "count")], ids_in(params))
        total = bundle.get("total")
        if not isinstance(total, int) or isinstance(total, bool):
            raise FhirGarbled
        return total

    async def search(self, resource_type: str, params: Params, *, cap: int) -> SearchAnswer:
        """Search a type and follow the `next` links until `cap` resources of that type are there.

        Args:
            resource_type: such as `Observation`.
            params: parameters in order, `_count` among them.
            cap: the most resources of the type to read; `truncated` says where there were more.

        Raises:
            FhirNotFound, FhirRefused, FhirGarbled: the first page failed; a later one ends up in `problem`.
            FhirUnreachable: no answer within the limits.
        """
        known_type(resource_type)
        url = self._connection.origin.url(resource_type, params)
        return await self._pages(url, Gathering(frozenset({resource_type}), cap), ids_in(params), cap)

    async def everything(self, patient_id: str, resource_types: frozenset[str], *, cap: int) -> SearchAnswer:
        """What `Patient/id/$everything` gives of some types, and what came along; raises and stops as `search` does."""
        if not is_id(patient_id):
            raise FhirNotFound
        params = [("_type", ",".join(sorted(resource_types))), ("_count", str(PAGE))]
        url = self._connection.origin.url(f"Patient/{patient_id}/$everything", params)
        return await self._pages(url, Gathering(resource_types, cap), (patient_id,), cap)

    async def _pages(self, first: httpx.URL, gathering: Gathering, hidden: tuple[str, ...], cap: int) -> SearchAnswer:
        url: httpx.URL | None = first
        asked: set[httpx.URL] = set()
        while url is not None:
            asked.add(url)
            try:
                answer, bundle = await self._ask(url, hidden)
                gathering.add(bundle, at=answer.at)
                url = self._next(bundle, answer.url)
            except FhirUnreachable:
                raise
            except FhirError as error:
                if gathering.pages == 0:
                    raise
                return gathering.cut(str(error))
            if url is not None and (stop := gathering.stop(url in asked, self._connection.limits.pages)):
                return gathering.cut(stop)
            if url is not None and gathering.matches >= cap:
                return gathering.cut(None)
        return gathering.whole()

    async def fetch(self, link: str, *, most: int, headers: Mapping[str, str] | None = None) -> Answer:
        """What a link of this server leads to, such as an attachment's content; the token goes to no other address.

        Args:
            link: relative to the base, or absolute and under it.
            most: bytes; more is not read to its end.
            headers: in place of the usual ones.

        Raises:
            OtherOrigin: the link leads elsewhere; nothing was asked.
            FhirNotFound, FhirRefused, FhirGarbled: the server gave nothing, or too much.
            FhirUnreachable: no answer within the limits.
        """
        url = self._connection.origin.follow(link, httpx.URL(f"{self.base_url}/"))
        sent = {"Accept": "application/fhir+json, */*;q=0.5", **(headers or {})}
        answer = await self._connection.send("GET", url, headers=sent, repeatable=True, most=most)
        outcome.refuse(answer.status, answer.body, ())
        return answer

    def _next(self, bundle: Resource, seen_at: httpx.URL) -> httpx.URL | None:
        links = bundle.get("link")
        for link in links if isinstance(links, list) else []:
            if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
                return self._connection.origin.follow(link["url"], seen_at)
        return None

    async def _read(self, resource_type: str, resource_id: str, version: str) -> Resource:
        known_type(resource_type)
        if not is_id(resource_id):
            raise FhirNotFound
        resource = await self._resource(f"{resource_type}/{resource_id}{version}", (), (resource_id,))
        if resource.get("resourceType") != resource_type or resource.get("id") != resource_id:
            msg = "The server answered with another resource than the one asked for: check the server."
            raise FhirGarbled(msg)
        return resource

    async def _resource(self, path: str, params: Params, hidden: Sequence[str]) -> Resource:
        _, resource = await self._ask(self._connection.origin.url(path, params), hidden)
        return resource

    async def _ask(self, url: httpx.URL, hidden: Sequence[str]) -> tuple[Answer, Resource]:
        # Strict handling: a server that does not know a parameter should say so instead of leaving it out.
        # No cache on the way: some servers repeat a search's last answer for a minute, and a chart moves in that time.
        headers = {"Prefer": "handling=strict", "Cache-Control": "no-cache"}
        answer = await self._connection.send("GET", url, headers=headers, repeatable=True)
        outcome.refuse(answer.status, answer.body, hidden)
        return answer, outcome.body_of(answer.body)
