"""The entrance: nobody sees or does anything before they have come in, whatever route is added later."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import URL, Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from preround.cds_hooks.crossing import PREFIX as HOOKS
from preround.cds_hooks.crossing import within
from preround.failure import Declined
from preround.people.people import People
from preround.people.sessions import Session, visit
from preround.subscriptions.door import PREFIX as SUBSCRIPTIONS
from preround.web.problem import Problem
from preround.web.problem_json import problem_json
from preround.web.rendering import respond

OPEN = frozenset(
    {"/healthz", "/readyz", "/metrics", "/enter", "/sign-out", "/launch", "/launch/alone", "/launch/back", HOOKS}
)
"""What is answered to anybody; each of these holds nothing of a patient."""
OPEN_UNDER = ("/static/", "/sign-in/", f"{SUBSCRIPTIONS}/")
"""The same for whatever lies under these; at the last a FHIR server rings, with a secret that is asked for there."""
_PROGRAMS = ("/api/", "/fhir/", f"{HOOKS}/", f"{SUBSCRIPTIONS}/")
_PROGRAM = frozenset({"/fhir", HOOKS})
_KNOCKING = frozenset({"/enter", "/launch", "/launch/alone", "/launch/back"})
_ITEM = re.compile(r"/items/([0-9A-Za-z-]+)(?:/|$)")
ELSEWHERE = {
    "title": "Another patient's chart",
    "sentence": "You came from one patient's chart and see that patient alone. Open Preround from the other chart.",
}
_NOBODY = "Come in first: a person by the link or sign-in, a program with Authorization: Bearer and PREROUND_ACCESS_KEY"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cookie:
    """The session's cookie at one address; cookies know no ports, so its name holds the port."""

    name: str
    """Its name."""
    secure: bool
    """Whether it is sent over https only."""

    @classmethod
    def at(cls, url: URL, what: str = "preround") -> Cookie:
        """The cookie for the address that a request came to: the session's, or one for a browser on its way."""
        secure = url.scheme == "https"
        prefix = "__Host-" if secure else ""
        return cls(name=f"{prefix}{what}-{url.port or (443 if secure else 80)}", secure=secure)

    def read(self, headers: Headers) -> str | None:
        """The secret that a request brings."""
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(self.name)
        except CookieError:
            return None
        return found.value if found else None

    def put(self, response: Response, secret: str) -> None:
        """Give a browser the secret, until it is closed."""
        response.set_cookie(self.name, secret, httponly=True, secure=self.secure, samesite="lax", path="/")

    def drop(self, response: Response) -> None:
        """Have a browser forget it."""
        response.delete_cookie(self.name, httponly=True, secure=self.secure, samesite="lax", path="/")


class Entrance:
    """Lets in who has a session or the access key, and nobody else; counts how often each asks.

    Args:
        app: the application.
        people: who may come in.
        patient_of: whose an item is; ``None`` for one that is not there.
    """

    def __init__(self, app: ASGIApp, *, people: People, patient_of: Callable[[str], str | None]) -> None:
        self._app = app
        self._people = people
        self._patient_of = patient_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        path = scope["path"]
        address = request.client.host if request.client else ""
        session = self._people.known(Cookie.at(request.url).read(request.headers), request.headers.get("authorization"))
        knocks = path in _KNOCKING or path.startswith("/sign-in/")
        wait = self._people.knocks.wait(address) if knocks else 0
        wait = wait or self._people.requests.wait(session.caller if session else address)
        scope.setdefault("state", {})["session"] = session
        with visit(session):
            if wait:
                await _late(path, wait)(scope, receive, send)
            # The hooks hold systems to tokens of their own, which no session stands for.
            elif session is None and path not in OPEN and not path.startswith(OPEN_UNDER) and not within(path):
                await _nobody(path, self._people)(scope, receive, send)
            elif session is not None and not self._bound(session, path):
                await respond("problem.html", ELSEWHERE, status=403)(scope, receive, send)
            else:
                await self._app(scope, receive, send)

    def _bound(self, session: Session, path: str) -> bool:
        """Whether a session may go there: one that was opened from a patient's chart sees that patient alone."""
        patient = session.visitor.patient
        if patient is None or path in OPEN or path == "/launch/patient" or path.startswith(OPEN_UNDER):
            return True
        found = _ITEM.match(path)
        return found is not None and self._patient_of(found[1]) == patient


def sign_in_page(people: People, problem: Problem | None = None, *, to: str = "/") -> Response:
    """The ways to come in."""
    context = {"problem": problem, "by_link": people.by_link, "providers": people.providers, "to": to}
    return respond("sign_in.html", context, status=401)


def _nobody(path: str, people: People) -> Response:
    if path in _PROGRAM or path.startswith(_PROGRAMS):
        found = problem_json(Declined(_NOBODY), status=401)
        found.headers["www-authenticate"] = "Bearer"
        return found
    return sign_in_page(people, to=path)


def _late(path: str, seconds: int) -> Response:
    words = f"These are more requests than one caller may send; wait {seconds} s"
    if path in _PROGRAM or path.startswith(_PROGRAMS):
        found = problem_json(Declined(words), status=429)
    else:
        found = respond("problem.html", {"title": "Too many requests", "sentence": f"{words}."}, status=429)
    found.headers["retry-after"] = str(seconds)
    return found
