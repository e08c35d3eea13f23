"""Who sits before the browser: the name last signed with, kept in the browser until the evening.

It only fills the field in. What a name may do, the policy says, when a form is sent.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from fastapi import Request
from starlette.responses import Response

COOKIE = "reviewer"
KEPT_SECONDS = 12 * 3600
MOST_CHARACTERS = 200


def reviewer_of(request: Request) -> str:
    """The name that this browser signed with last; empty where it has not."""
    return " ".join(unquote(request.cookies.get(COOKIE, ""))[:MOST_CHARACTERS].split())


def remember(response: Response, request: Request, name: str) -> Response:
    """Have the browser keep the name; scripts and other sites never see it."""
    if name := " ".join(name[:MOST_CHARACTERS].split()):
        response.set_cookie(
            COOKIE,
            quote(name),
            max_age=KEPT_SECONDS,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
    return response
