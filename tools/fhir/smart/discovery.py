"""Where a FHIR server's clients log in: its SMART configuration, else its CapabilityStatement."""

from dataclasses import dataclass

import httpx

from tools.fhir import wire
from tools.fhir.connection import Connection
from tools.fhir.errors import BadAddress, FhirError, FhirUnreachable, LoginUnusable
from tools.fhir.origin import Origin
from tools.fhir.wire import Json

_OAUTH = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """What a server says of logging in."""

    token_url: str | None
    """The token endpoint as the server names it."""
    first_version: bool
    """True where it knows only the scopes of SMART 1, such as `system/*.read`."""


async def discover(connection: Connection) -> Login:
    """Ask the server, without any token.

    Args:
        connection: to the FHIR server, without authorization.

    Raises:
        FhirUnreachable: the server did not answer within the limits.
    """
    configuration = await _object(connection, ".well-known/smart-configuration")
    said = [c for c in _list(configuration.get("capabilities")) if isinstance(c, str)]
    url = configuration.get("token_endpoint")
    if not isinstance(url, str):
        url = _in_statement(await _object(connection, "metadata"))
    return Login(token_url=url, first_version="permission-v1" in said and "permission-v2" not in said)


def accepted(found: str | None, *, base: httpx.URL, configured: str | None) -> str:
    """The token endpoint to use: the configured one, else the discovered one if it has the FHIR server's own origin.

    A server can so not send our assertions, or us, to a host that nobody here has named.

    Raises:
        LoginUnusable: there is none, it lies elsewhere, or its address is not safe.
    """
    text = configured or found
    if not text:
        raise LoginUnusable("The FHIR server does not say where clients log in: set PREROUND_FHIR_TOKEN_URL.")
    try:
        url = Origin.of(text).base
    except BadAddress:
        raise LoginUnusable from None
    if url.scheme == "http" and url.host not in _LOOPBACK and base.scheme == "https":
        raise LoginUnusable("The token endpoint is not on https, so nothing was sent there: set one that is.")
    if configured is None and _origin(url) != _origin(base):
        raise LoginUnusable(
            f"The FHIR server names a token endpoint on another host ({url.host}): "
            "set PREROUND_FHIR_TOKEN_URL to it if that is right."
        )
    return text.strip()  # as it was written: the assertion's audience must be exactly that


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host.lower(), url.port or {"http": 80, "https": 443}[url.scheme]


async def _object(connection: Connection, path: str) -> dict[str, Json]:
    try:
        url = connection.origin.url(path)
        answer = await connection.send("GET", url, headers={"Accept": "application/json"}, repeatable=True)
        found = wire.parse(answer.body) if answer.status == 200 else {}
    except FhirUnreachable:
        raise
    except (FhirError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _in_statement(statement: dict[str, Json]) -> str | None:
    for rest in _list(statement.get("rest")):
        security = rest.get("security") if isinstance(rest, dict) else None
        for extension in _list(security.get("extension")) if isinstance(security, dict) else []:
            if isinstance(extension, dict) and extension.get("url") == _OAUTH:
                for one in _list(extension.get("extension")):
                    if isinstance(one, dict) and one.get("url") == "token" and isinstance(one.get("valueUri"), str):
                        return str(one["valueUri"])
    return None


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
