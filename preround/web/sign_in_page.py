"""Coming in and leaving: the one-time link, a provider's sign-in, a launch from the EHR, and the way out."""

from __future__ import annotations

from collections.abc import Awaitable

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from preround.people.people import People
from preround.people.providers import Arrived
from preround.people.visitor import Way
from preround.web.entrance import Cookie, sign_in_page
from preround.web.problem import Problem
from preround.web.rendering import respond
from preround.wiring import House
from review.queue import queue
from store import items
from tools.sign_in.errors import SignInError

_USED = "This link was used already, or a newer one was printed. Each opens once."
_PRINTED = "A new link stands in the terminal where this server runs, or in the file that its log names."
_BYE = "Your session here is over."


class SignInPage:
    """The routes of coming in.

    Args:
        house: the running program.
        people: who may come in.
    """

    def __init__(self, house: House, people: People) -> None:
        self._house = house
        self._people = people
        self.router = APIRouter(include_in_schema=False)
        add = self.router.add_api_route
        add("/enter", self.enter, methods=["GET"])
        add("/sign-in/link", self.another, methods=["POST"])
        add("/sign-in/start", self.start, methods=["GET"])
        add("/sign-in/back", self.back, methods=["GET"])
        add("/launch", self.launch, methods=["GET"])
        add("/launch/alone", self.alone, methods=["GET"])
        add("/launch/back", self.launched, methods=["GET"])
        add("/launch/patient", self.patient, methods=["GET"])
        add("/sign-out", self.leave, methods=["POST"])

    def enter(self, request: Request, link: str = "") -> Response:
        """Come in by the one-time link."""
        secret = self._people.enter(link)
        if secret is not None:
            return self._in(request, secret, self._people.home)
        if request.state.session is not None:
            return RedirectResponse(self._people.home, status_code=303)
        return sign_in_page(self._people, Problem(status=401, sentence=_USED))

    def another(self) -> Response:
        """Have a new one-time link printed in the server's terminal."""
        if not self._people.by_link:
            return sign_in_page(self._people)
        self._people.print_link()
        return respond("problem.html", {"title": "A new link", "sentence": _PRINTED})

    async def start(self, request: Request, to: str = "/", again: bool = False) -> Response:
        """Be sent to the provider to sign in, or to sign in once more."""
        here = to if to.startswith("/") and not to.startswith(("//", "/\\")) else "/"
        return await self._sent(request, self._people.providers.sign_in(to=here, again=again))

    async def launch(self, request: Request, iss: str = "", launch: str = "") -> Response:
        """Be launched from the EHR."""
        return await self._sent(request, self._people.providers.launch(iss=iss, launch=launch or None))

    async def alone(self, request: Request) -> Response:
        """Sign in with the EHR and choose the patient there."""
        iss = self._house.settings.fhir or ""
        return await self._sent(request, self._people.providers.launch(iss=iss, launch=None))

    async def back(self, request: Request, state: str = "", code: str = "", iss: str | None = None) -> Response:
        """Come back from the provider."""
        return await self._arrived(request, "oidc", state, code, iss)

    async def launched(self, request: Request, state: str = "", code: str = "", iss: str | None = None) -> Response:
        """Come back from the EHR."""
        return await self._arrived(request, "smart", state, code, iss)

    def patient(self, request: Request, item: str = "") -> Response:
        """What waits for the patient from whose chart one was launched, or the item of theirs that a card named."""
        patient = request.state.session.visitor.patient
        with self._house.services.db.read() as connection:
            named = items.get(connection, item) if item else None
        if named is not None and named.patient == patient:
            return RedirectResponse(f"/items/{named.item_id}", status_code=303)
        found = [one for one in queue(self._house.services.db, states={"open"}) if one.patient == patient]
        if len(found) == 1:
            return RedirectResponse(f"/items/{found[0].item_id}", status_code=303)
        return respond("patient.html", {"items": found, "now": self._house.services.clock.now()})

    def leave(self, request: Request) -> Response:
        """Leave: the session is over."""
        cookie = Cookie.at(request.url)
        self._people.sessions.end(cookie.read(request.headers))
        found = respond("problem.html", {"title": "You have left", "sentence": _BYE})
        cookie.drop(found)
        return found

    async def _sent(self, request: Request, asking: Awaitable[tuple[str, str]]) -> Response:
        try:
            url, secret = await asking
        except SignInError as error:
            return sign_in_page(self._people, Problem(status=401, sentence=str(error)))
        found = RedirectResponse(url, status_code=303)
        Cookie.at(request.url, "asking").put(found, secret)
        return found

    async def _arrived(self, request: Request, way: Way, state: str, code: str, iss: str | None) -> Response:
        asking = Cookie.at(request.url, "asking")
        secret = asking.read(request.headers)
        try:
            person: Arrived = await self._people.providers.back(way, state=state, code=code, iss=iss, secret=secret)
        except SignInError as error:
            return sign_in_page(self._people, Problem(status=401, sentence=str(error)))
        kept = self._people.sessions.begin(person.visitor, lives=person.lives)
        found = self._in(request, kept, person.to)
        asking.drop(found)
        return found

    def _in(self, request: Request, secret: str, to: str) -> Response:
        """Hand out a session; the one that this browser had is over."""
        cookie = Cookie.at(request.url)
        self._people.sessions.end(cookie.read(request.headers))
        found = RedirectResponse(to, status_code=303)
        cookie.put(found, secret)
        return found
