"""What a FHIR request is, said without what it asks for: the interaction and the type, never an id or a value."""

from __future__ import annotations

from typing import Literal, get_args

import httpx

from tools.fhir.resource_types import KNOWN
from tools.observer import FhirRequest, Interaction

Method = Literal["GET", "PUT", "POST"]
"""There is no DELETE: Preround never removes anything from a record."""

_OPERATIONS: dict[str, Interaction] = {one: one for one in get_args(Interaction) if one.startswith("$")}
_BY_LENGTH: dict[tuple[str, int], Interaction] = {
    ("GET", 1): "search",
    ("GET", 2): "read",
    ("PUT", 2): "update",
    ("POST", 1): "create",
}


def request_of(method: Method, url: httpx.URL, base: httpx.URL) -> FhirRequest:
    """A request to a server as those who watch are told of it."""
    parts = [part for part in url.path.removeprefix(base.path).split("/") if part]
    kind = parts[0] if parts and parts[0] in KNOWN else "other"
    return FhirRequest(
        method=method,
        interaction=_interaction(method, parts, known=kind != "other"),
        resource_type=kind,
        host=base.host,
        port=base.port,
    )


def _interaction(method: Method, parts: list[str], *, known: bool) -> Interaction:
    if parts == ["metadata"]:
        return "capabilities"
    if not parts:
        return "transaction" if method == "POST" else "other"
    if parts[-1] in _OPERATIONS:
        return _OPERATIONS[parts[-1]]
    if not known:
        return "other"
    if "_history" in parts:
        return "vread" if parts[-1] != "_history" else "history"
    return _BY_LENGTH.get((method, len(parts)), "other")
