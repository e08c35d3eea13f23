"""The addresses of CDS Hooks: discovery, the services, and what became of their cards."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from claims.canonical import exact_bytes
from preround.cds_hooks.answering import Answering, Place
from preround.cds_hooks.card import Card
from preround.cds_hooks.clients import Clients, NotLetIn
from preround.cds_hooks.crossing import PREFIX
from preround.cds_hooks.given import AnotherPatient, NotEnough
from preround.cds_hooks.messages import CardFeedback, Feedback, HookCall
from preround.cds_hooks.services import SERVICES, Service
from preround.failure import Missing, Unusable
from preround.people.sessions import Session
from preround.web.problem_json import problem_json
from preround.wiring import House
from review.reasons import reasons
from store import hook_cards
from store.hook_cards import CardRow, FeedbackRow
from tools.fhir import wire
from tools.key_set import KeySets

LARGEST = 64 * 1024 * 1024
"""Bytes of a call: a whole chart in its prefetch."""
Sent = TypeVar("Sent", bound=BaseModel)


class TooLarge(ValueError):
    """The call is too large: send no more than the prefetch templates ask for."""


class HookDoor:
    """The routes.

    Args:
        house: the running program.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._answering = Answering(house)
        self._clients = Clients(house.settings.hooks, KeySets(now=house.services.clock.now), house.services.db)
        self.router = APIRouter(include_in_schema=False)
        add = self.router.add_api_route
        add(PREFIX, self.services, methods=["GET"])
        add(f"{PREFIX}/{{service_id}}", self.call, methods=["POST"])
        add(f"{PREFIX}/{{service_id}}/feedback", self.feedback, methods=["POST"])

    def services(self) -> Response:
        """CDS Hooks 2.0: which services there are, and what each wants to know."""
        return _json({"services": [one.described(self._answering.codes) for one in SERVICES]})

    async def call(self, request: Request, service_id: str) -> Response:
        """CDS Hooks 2.0: cards about a patient or about orders, from rules and guidelines; no model is asked."""
        try:
            client = await self._let_in(request)
            service = _service(service_id)
            sent = await _read(request, HookCall)
            if sent.hook != service.hook:
                raise Unusable(f"This service answers {service.hook}; call it when that hook fires")
            cards = await self._answering.cards(sent, service, self._place(request))
        except (NotLetIn, Missing, Unusable, AnotherPatient, NotEnough, TooLarge) as error:
            return _refusal(error)
        await run_in_threadpool(self._shown, cards, sent.hookInstance, service, client)
        given = _override_reasons()
        return _json({"cards": [one.as_json(sent.hookInstance, service.id, given) for one in cards]})

    async def feedback(self, request: Request, service_id: str) -> Response:
        """CDS Hooks 2.0: what became of cards; kept once for each, and shown by `preround hooks`."""
        try:
            client = await self._let_in(request)
            service = _service(service_id)
            sent = await _read(request, Feedback)
            await run_in_threadpool(self._kept, sent.feedback, service, client)
        except (NotLetIn, Missing, Unusable, TooLarge) as error:
            return _refusal(error)
        return _json({})

    async def _let_in(self, request: Request) -> str:
        session: Session | None = request.state.session
        if session is not None and session.visitor.way == "key":
            return ""  # a program of this server's own
        if not self._clients.named:
            raise NotLetIn("name its issuer in the table [hooks] of preround.toml, or send PREROUND_ACCESS_KEY")
        now = self._house.services.clock.now()
        return await self._clients.check(
            request.headers.get("authorization"), audience=f"{self._site(request)}{request.url.path}", now=now
        )

    def _site(self, request: Request) -> str:
        return (self._house.settings.public_url or str(request.base_url)).rstrip("/")

    def _place(self, request: Request) -> Place:
        return Place(site=self._site(request), linked=self._house.settings.public_url)

    def _shown(self, cards: tuple[Card, ...], instance: UUID, service: Service, client: str) -> None:
        if not cards:
            return
        now = self._house.services.clock.now()
        rows = [
            CardRow(
                card=str(one.uuid(instance, service.id)), service=service.id, about=one.key, client=client, shown=now
            )
            for one in cards
        ]
        with self._house.services.db.write() as connection:
            hook_cards.keep(connection, rows)

    def _kept(self, feedback: tuple[CardFeedback, ...], service: Service, client: str) -> None:
        now = self._house.services.clock.now()
        with self._house.services.db.write() as connection:
            for one in feedback:
                card = hook_cards.card(connection, str(one.card))
                if card is None or (card.service, card.client) != (service.id, client):
                    raise Missing("A card of this feedback was not given by this service; send the uuid of the card")
                why = one.overrideReason
                row = FeedbackRow(
                    card=card.card,
                    outcome=one.outcome,
                    code=why.reason.code if why and why.reason else None,
                    system=why.reason.system if why and why.reason else None,
                    words=why.userComment if why else None,
                    suggestions=tuple(each.id for each in one.acceptedSuggestions),
                    decided=one.outcomeTimestamp,
                    received=now,
                )
                hook_cards.answer(connection, row)


def _service(service_id: str) -> Service:
    found = next((one for one in SERVICES if one.id == service_id), None)
    if found is None:
        raise Missing(f"There is no such service; {PREFIX} lists what there is")
    return found


async def _read(request: Request, kind: type[Sent]) -> Sent:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise TooLarge
    try:
        return kind.model_validate(wire.parse(body))
    except ValidationError as error:
        # What was given is not repeated: it may be a patient's.
        where = "; ".join(f"{'.'.join(str(p) for p in one['loc'][:4])}: {one['msg']}" for one in error.errors()[:5])
        raise Unusable(f"Correct the request: {where}") from None
    except ValueError:
        raise Unusable("The request is not JSON; send the body that CDS Hooks describes") from None


def _override_reasons() -> list[dict[str, str]]:
    return [{"code": r.code, "system": r.system, "display": r.display} for r in reasons() if r.answers is not None]


def _refusal(error: Exception) -> Response:
    status = {NotLetIn: 401, Missing: 404, NotEnough: 412, TooLarge: 413}.get(type(error), 400)
    found = problem_json(error, status=status)
    if status == 401:
        found.headers["www-authenticate"] = "Bearer"
    return found


def _json(value: Any, *, status: int = 200) -> Response:  # noqa: ANN401 - any JSON value
    return Response(exact_bytes(value), status_code=status, media_type="application/json")
