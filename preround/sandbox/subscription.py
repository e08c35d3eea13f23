"""A Subscription as it can be served: what is waited for, whom to tell, and how; or why it can't be.

R4's rest-hook channel and no other: without a payload a POST to the endpoint, with one a PUT below it. What is told
goes to this machine, and to hosts that the operator names.
"""

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from preround.sandbox.document import Json
from preround.sandbox.instants import span
from preround.sandbox.matching import conditions
from preround.sandbox.outcome import FhirError
from preround.sandbox.parameters import registry
from preround.sandbox.terms import Filter, parse_search

PAYLOADS = frozenset({"application/fhir+json", "application/json"})
"""Media types of what may be sent along."""
UNWATCHED = frozenset({"AuditEvent", "Subscription"})
"""Types that being told of would itself change."""

_HEADER = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}):[ \t]*([\x20-\x7e]{0,2000})")
_OURS = frozenset({"connection", "content-length", "content-type", "host", "te", "trailer", "transfer-encoding"})


class Unservable(ValueError):
    """This Subscription is not served: correct what its `error` says, and send it again with the status `requested`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hook:
    """One Subscription that can be served."""

    type: str
    """Resource type that is waited for."""
    filters: tuple[Filter, ...]
    """What of it; all must hold."""
    endpoint: str
    """Whom to tell, without a slash at its end."""
    headers: tuple[tuple[str, str], ...]
    """Headers that go along."""
    payload: bool
    """Whether the resource goes along."""
    end: int | None
    """When it ends, in microseconds since 1970; never if None."""


def hook_of(content: Json, *, hosts: Collection[str] = ()) -> Hook:
    """What a Subscription asks for.

    Args:
        content: the resource.
        hosts: hosts beside this machine that may be told, `host` or `host:port`.

    Raises:
        Unservable: why it can't be served.
    """
    channel = content.get("channel")
    if not isinstance(channel, dict) or channel.get("type") != "rest-hook":
        raise Unservable("Only the channel rest-hook is served.")
    payload = channel.get("payload")
    if payload is not None and payload not in PAYLOADS:
        raise Unservable("The payload is application/fhir+json or nothing.")
    kind, filters = _criteria(content.get("criteria"))
    return Hook(
        type=kind,
        filters=filters,
        endpoint=_endpoint(channel.get("endpoint"), hosts),
        headers=_headers(channel.get("header", [])),
        payload=payload is not None,
        end=_end(content.get("end")),
    )


def _criteria(text: object) -> tuple[str, tuple[Filter, ...]]:
    kind, _, query = text.partition("?") if isinstance(text, str) else ("", "", "")
    if kind not in registry().types or kind in UNWATCHED:
        raise Unservable("The criteria are a search like Observation?category=laboratory, on a type that is watched.")
    try:
        search = parse_search(kind, tuple(parse_qsl(query, keep_blank_values=True)))
        conditions(kind, search.filters, "")  # a value that can't be is refused here, and not when something is stored
    except FhirError as error:
        raise Unservable(f"The criteria cannot be used: {error}") from error
    if len(search.pairs) != len(search.filters):
        raise Unservable("The criteria hold filters only: leave out what sorts, counts or includes.")
    return kind, search.filters


def _endpoint(text: object, hosts: Collection[str]) -> str:
    try:
        parts = urlsplit(text if isinstance(text, str) else "")
        port = parts.port
    except ValueError:
        raise Unservable("The endpoint is not an address.") from None
    host = (parts.hostname or "").lower()
    if parts.scheme not in {"http", "https"} or not host or parts.fragment or "@" in parts.netloc:
        raise Unservable("The endpoint is an http or https address without a user name or fragment.")
    if loopback(host):
        return parts.geturl().rstrip("/")
    names = {one.strip().lower() for one in hosts}
    if not {host, f"{host}:{port or (443 if parts.scheme == 'https' else 80)}"} & names:
        raise Unservable("The endpoint is not on this machine, nor on a host that the operator of this server names.")
    if parts.scheme != "https":
        raise Unservable("An endpoint on another machine is told over https only.")
    return parts.geturl().rstrip("/")


def loopback(host: str) -> bool:
    """Whether a host is this machine, by its name alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _headers(lines: object) -> tuple[tuple[str, str], ...]:
    found = []
    for line in lines if isinstance(lines, list) else []:
        match = _HEADER.fullmatch(line) if isinstance(line, str) else None
        if match is None or match[1].lower() in _OURS:
            raise Unservable("A header is written Name: value, and is none that the connection itself needs.")
        found.append((match[1], match[2].strip()))
    return tuple(found)


def _end(text: object) -> int | None:
    if text is None:
        return None
    found = span(text) if isinstance(text, str) else None
    if found is None:
        raise Unservable("The end is no instant.")
    return found[0]
