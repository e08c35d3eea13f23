"""The entries of a batch or transaction: each as a request, and each reply as an entry of the answer."""

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote

from preround.sandbox.document import Json, serialise
from preround.sandbox.exchange import Reply, Request, split_path
from preround.sandbox.instants import instant
from preround.sandbox.outcome import FhirError, Issue, operation_outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry."""

    full_url: str
    """`fullUrl`, or nothing."""
    request: Request
    """What it asks."""


def entry_of(value: object, base: str, outer: Request) -> Entry:
    """Read one entry.

    Args:
        value: the parsed entry.
        base: this server's address, taken off absolute addresses.
        outer: the request that brought the bundle.

    Raises:
        FhirError: 400 when it has no request that can be read.
    """
    content = value if isinstance(value, dict) else {}
    asked = content.get("request")
    if not isinstance(asked, dict) or not all(isinstance(asked.get(name), str) for name in ("method", "url")):
        raise FhirError(400, "required", "Each entry needs a request with a method and a url.")
    resource = content.get("resource")
    if resource is not None and not isinstance(resource, dict):
        raise FhirError(400, "structure", "An entry's resource must be an object.")
    if resource is None and asked["method"] in {"POST", "PUT", "PATCH"}:
        raise FhirError(400, "required", f"An entry with the method {asked['method']} needs a resource.")
    path, _, query = asked["url"].removeprefix(base).partition("?")
    return Entry(
        full_url=str(content.get("fullUrl") or ""),
        request=Request(
            method=asked["method"],
            segments=tuple(unquote(segment) for segment in split_path(path)),
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            resource=resource,
            if_match=_text(asked, "ifMatch"),
            if_none_match=_text(asked, "ifNoneMatch"),
            if_none_exist=_text(asked, "ifNoneExist"),
            prefer=outer.prefer,
        ),
    )


def reply_entry(reply: Reply, *, with_resource: bool) -> str:
    """A reply as the JSON text of an entry.

    Args:
        reply: the reply.
        with_resource: whether its body goes along.
    """
    response: Json = {"status": f"{reply.status} {HTTPStatus(reply.status).phrase}"}
    if reply.location:
        response["location"] = reply.location
    if reply.etag:
        response["etag"] = reply.etag
    if reply.modified:
        response["lastModified"] = instant(reply.modified)
    body = f'"resource":{reply.body},' if with_resource and isinstance(reply.body, str) else ""
    return f'{{{body}"response":{serialise(response)}}}'


def refusal_entry(error: FhirError) -> str:
    """A refusal as the JSON text of an entry."""
    status = f"{error.status} {HTTPStatus(error.status).phrase}"
    return serialise({"response": {"status": status, "outcome": operation_outcome(error.issues)}})


def in_entry(error: FhirError, number: int) -> FhirError:
    """The refusal of a whole bundle because of one entry, which it names."""
    place = f"Bundle.entry[{number}]"
    issues = [
        Issue(severity=issue.severity, code=issue.code, text=f"{place}: {issue.text}", expression=place)
        for issue in error.issues
    ]
    return FhirError(error.status, error.issues[0].code, str(error), issues=issues)


def _text(asked: Json, name: str) -> str | None:
    found = asked.get(name)
    return found if isinstance(found, str) else None
