"""A small FHIR server in memory with real answers, real conditions on writes, and faults on demand."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tools.fhir import wire
from tools.fhir.stored import renamed

Reply = tuple[int, dict[str, str], bytes]
Fault = Callable[["FakeFhir", Callable[[], Reply]], Awaitable[Reply | None]]

PARAMS = ["_id", "_tag", "identifier", "patient", "subject", "code", "date"]


def status(code: int, **headers: str) -> Fault:
    """Answer with a status, without doing what was asked."""

    async def fault(_: "FakeFhir", __: Callable[[], Reply]) -> Reply:
        return code, {k.replace("_", "-"): v for k, v in headers.items()}, wire.dump(outcome("the server is not well"))

    return fault


def body(text: bytes, code: int = 200, kind: str = "application/fhir+json") -> Fault:
    """Answer with this body, without doing what was asked."""

    async def fault(_: "FakeFhir", __: Callable[[], Reply]) -> Reply:
        return code, {"content-type": kind}, text

    return fault


def hang(seconds: float) -> Fault:
    """Wait, then answer."""

    async def fault(_: "FakeFhir", do: Callable[[], Reply]) -> Reply:
        await asyncio.sleep(seconds)
        return do()

    return fault


async def lose_reply(_: "FakeFhir", do: Callable[[], Reply]) -> None:
    """Do what was asked, then break the connection off before the reply."""
    do()


async def fine(_: "FakeFhir", do: Callable[[], Reply]) -> Reply:
    """No fault: for a place in the order."""
    return do()


def outcome(text: str, severity: str = "error") -> dict[str, Any]:
    issue = {"severity": severity, "code": "processing", "diagnostics": text}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


class FakeFhir:
    """An ASGI app under `/fhir`."""

    def __init__(
        self,
        *resources: dict[str, Any],
        types: tuple[str, ...] = (),
        update_create: bool = True,
        conditional_create: bool = True,
        transactions: bool = True,
        bundles: bool = True,
        honours_if_none_match: bool = True,
        rolls_back: bool = True,
        includes: tuple[str, ...] = (),
        page: int = 1000,
    ) -> None:
        self.store: dict[tuple[str, str], list[dict[str, Any] | None]] = {}
        self.types = types
        self.update_create = update_create
        self.conditional_create = conditional_create
        self.transactions = transactions
        self.bundles = bundles
        self.refuses: Callable[[dict[str, Any]], bool] = lambda resource: False
        self.honours_if_none_match = honours_if_none_match
        self.rolls_back = rolls_back
        self.includes = includes
        self.page = page
        self.total: int | None = None
        self.blames = True
        self.faults: list[Fault] = []
        self.faulty: Callable[[str, str], bool] = lambda method, path: True
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self._ids = itertools.count(1)
        for resource in resources:
            self.put(resource)

    def put(self, resource: dict[str, Any]) -> dict[str, Any]:
        versions = self.store.setdefault((resource["resourceType"], resource["id"]), [])
        meta = {**resource.get("meta", {}), "versionId": str(len(versions) + 1), "lastUpdated": "2021-08-01T00:00:00Z"}
        versions.append({**resource, "meta": meta})
        return {**resource, "meta": meta}

    def delete(self, kind: str, name: str) -> None:
        self.store[kind, name].append(None)

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [v[-1] for (k, _), v in self.store.items() if k == kind and v[-1] is not None]

    def sent(self, method: str) -> list[str]:
        return [path for m, path, _ in self.seen if m == method]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        content = b""
        while (message := await receive())["type"] == "http.request":
            content += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {k.decode().lower(): v.decode() for k, v in scope["headers"]}
        host = headers.get("host", "fhir.test")
        method, path = scope["method"], scope["path"]
        query = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
        self.seen.append((method, path + ("?" + urlencode(query) if query else ""), headers))

        def do() -> Reply:
            return self.answer(
                method, path.removeprefix("/fhir").strip("/"), query, headers, content, f"http://{host}/fhir"
            )

        faulty = self.faults and self.faulty(method, path)
        reply = await self.faults.pop(0)(self, do) if faulty else do()
        if reply is None:
            # A promise of more bytes than come: over a socket the connection breaks.
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"999")]})
            raise ConnectionAbortedError
        code, extra, text = reply
        raw = [(k.encode(), v.encode()) for k, v in {"content-type": "application/fhir+json", **extra}.items()]
        await send({"type": "http.response.start", "status": code, "headers": raw})
        await send({"type": "http.response.body", "body": text})

    def answer(
        self, method: str, path: str, query: list[tuple[str, str]], headers: dict[str, str], content: bytes, base: str
    ) -> Reply:
        parts = path.split("/") if path else []
        if method == "GET" and parts == ["metadata"]:
            return 200, {}, wire.dump(self.metadata())
        if method == "GET":
            return self.read(parts) if len(parts) > 1 else self.search(parts[0], query, base)
        value = wire.parse(content)
        if self.refuses(value):
            return 422, {}, wire.dump(outcome(f"element {value['id']} is unknown"))
        if method == "PUT":
            return self.update(parts[0], parts[1], value, headers)
        if method == "POST" and not parts:
            return self.bundle(value, base)
        return self.create(parts[0], value, headers)

    def metadata(self) -> dict[str, Any]:
        kinds = sorted({*self.types, *(kind for kind, _ in self.store)})
        system = [{"code": code} for code in ("transaction", "batch") if code == "batch" or self.transactions]
        system = system if self.bundles else []
        return {
            "resourceType": "CapabilityStatement",
            "rest": [
                {
                    "mode": "server",
                    "interaction": system,
                    "resource": [
                        {
                            "type": kind,
                            "interaction": [{"code": "read"}, {"code": "search-type"}, {"code": "update"}],
                            "updateCreate": self.update_create,
                            "conditionalCreate": self.conditional_create,
                            "searchInclude": [i for i in self.includes if i.startswith(f"{kind}:")],
                            "searchParam": [{"name": name, "type": "token"} for name in PARAMS],
                        }
                        for kind in kinds
                    ],
                }
            ],
        }

    def read(self, parts: list[str]) -> Reply:
        versions = self.store.get((parts[0], parts[1]))
        if versions is None:
            return 404, {}, wire.dump(outcome("not known"))
        if len(parts) == 4:
            found = versions[int(parts[3]) - 1] if parts[3].isdigit() and 0 < int(parts[3]) <= len(versions) else None
            return (200, {}, wire.dump(found)) if found else (404, {}, wire.dump(outcome("not known")))
        if versions[-1] is None:
            return 410, {}, wire.dump(outcome("deleted"))
        return 200, {"etag": f'W/"{len(versions)}"'}, wire.dump(versions[-1])

    def matches(self, kind: str, query: list[tuple[str, str]]) -> list[dict[str, Any]]:
        found = self.all(kind)
        for name, value in query:
            if name in {"patient", "subject"}:
                found = [r for r in found if r.get(name, r.get("subject", {})).get("reference") == f"Patient/{value}"]
            elif name == "_id":
                found = [r for r in found if r["id"] in value.split(",")]
            elif name in {"identifier", "_tag"}:
                found = [r for r in found if value in _tokens(r, name)]
        return found

    def search(self, kind: str, query: list[tuple[str, str]], base: str) -> Reply:
        options = dict(query)
        found = self.matches(kind, query)
        if options.get("_summary") == "count":
            return 200, {}, wire.dump({"resourceType": "Bundle", "type": "searchset", "total": len(found)})
        size, start = min(int(options.get("_count", "50")), self.page), int(options.get("_offset", "0"))
        entries = [{"resource": r, "search": {"mode": "match"}} for r in found[start : start + size]]
        if options.get("_include") in self.includes:
            references = {r.get("medicationReference", {}).get("reference", "") for r in found[start : start + size]}
            wanted = [r for r in self.all("Medication") if f"Medication/{r['id']}" in references]
            entries += [{"resource": r, "search": {"mode": "include"}} for r in wanted]
        bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "entry": entries, "link": []}
        if start + size < len(found):
            more = urlencode([*((k, v) for k, v in query if k != "_offset"), ("_offset", str(start + size))])
            bundle["link"].append({"relation": "next", "url": f"{base}/{kind}?{more}"})
        if self.total is not None:
            bundle["total"] = self.total
        return 200, {}, wire.dump(bundle)

    def update(self, kind: str, name: str, value: dict[str, Any], headers: dict[str, str]) -> Reply:
        versions = self.store.get((kind, name), [])
        there = bool(versions) and versions[-1] is not None
        if headers.get("if-none-match") == "*" and there and self.honours_if_none_match:
            return 412, {}, wire.dump(outcome("there is one"))
        wanted = headers.get("if-match")
        if wanted is not None and wanted != f'W/"{len(versions)}"':
            return 412, {}, wire.dump(outcome("stale"))
        if not versions and not self.update_create:
            return 405, {}, wire.dump(outcome("ids are the server's to give"))
        stored = self.put(value)
        return (200 if there else 201), {"location": _location(stored)}, wire.dump(stored)

    def create(self, kind: str, value: dict[str, Any], headers: dict[str, str]) -> Reply:
        condition = headers.get("if-none-exist")
        if condition is not None and self.conditional_create:
            found = self.matches(kind, parse_qsl(condition))
            if len(found) > 1:
                return 412, {}, wire.dump(outcome("many"))
            if found:
                return 200, {"location": _location(found[0])}, wire.dump(found[0])
        stored = self.put({**value, "id": f"given-{next(self._ids)}"})
        return 201, {"location": _location(stored)}, wire.dump(stored)

    def bundle(self, value: dict[str, Any], base: str) -> Reply:
        before = {key: list(versions) for key, versions in self.store.items()}
        replies = []
        names: dict[str, str] = {}
        for number, entry in enumerate(value["entry"]):
            request = entry["request"]
            headers = {
                name: request[field]
                for name, field in (
                    ("if-match", "ifMatch"),
                    ("if-none-match", "ifNoneMatch"),
                    ("if-none-exist", "ifNoneExist"),
                )
                if field in request
            }
            code, extra, text = self.answer(
                request["method"], request["url"], [], headers, wire.dump(entry["resource"]), base
            )
            if code >= 400 and value["type"] == "transaction":
                if self.rolls_back:
                    self.store = before
                failed = wire.parse(text)
                if self.blames:
                    failed["issue"][0]["expression"] = [f"Bundle.entry[{number}].resource.code"]
                return code, {}, wire.dump(failed)
            names[entry.get("fullUrl", "")] = "/".join(extra.get("location", "").split("/")[:2])
            response = {"status": str(code), "location": extra.get("location", "")}
            replies.append({"response": response | ({"outcome": wire.parse(text)} if code >= 400 else {})})
        if value["type"] == "transaction":
            for versions in self.store.values():
                versions[-1] = renamed(
                    versions[-1], {url: name for url, name in names.items() if url.startswith("urn:")}
                )
        return 200, {}, wire.dump({"resourceType": "Bundle", "type": f"{value['type']}-response", "entry": replies})


def _tokens(resource: dict[str, Any], name: str) -> list[str]:
    if name == "_tag":
        return [f"{t.get('system', '')}|{t.get('code', '')}" for t in resource.get("meta", {}).get("tag", [])]
    listed = resource.get("identifier", [])
    return [f"{i.get('system', '')}|{i.get('value', '')}" for i in (listed if isinstance(listed, list) else [listed])]


def _location(stored: dict[str, Any]) -> str:
    return f"{stored['resourceType']}/{stored['id']}/_history/{stored['meta']['versionId']}"
