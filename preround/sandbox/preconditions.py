"""If-Match and If-None-Match against what is current."""

import re

from preround.sandbox.exchange import Request
from preround.sandbox.outcome import FhirError
from preround.sandbox.versions import Current

_ETAG = re.compile(r'(?:W/)?"([^"]*)"')


def check_preconditions(request: Request, previous: Current | None) -> None:
    """Refuse a write whose conditions do not hold.

    Args:
        request: with its If-Match and If-None-Match.
        previous: what is current, deleted or not.

    Raises:
        FhirError: 412 when the resource is not, or is, as the caller said.
    """
    exists = previous is not None and not previous.deleted
    if request.if_none_match is not None:
        if request.if_none_match.strip() != "*":
            raise FhirError(400, "value", "On a write If-None-Match can only be *.")
        if exists:
            raise FhirError(412, "duplicate", "The resource exists already: read it, or leave If-None-Match out.")
    if request.if_match is not None:
        wanted = etag_version(request.if_match)
        if previous is None or not exists or wanted != str(previous.version):
            raise FhirError(412, "conflict", "The resource is at another version: read it again and repeat the change.")


def etag_version(text: str) -> str:
    """The version in an ETag.

    Raises:
        FhirError: 400 when it is not written `W/"1"`.
    """
    found = _ETAG.fullmatch(text.strip())
    if found is None:
        raise FhirError(400, "value", 'An ETag is written W/"1", with the quotes.')
    return found[1]
