"""The API's way to open evidence: a source of an item as it was read, with a record of who opened it."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.responses import Response

from preround.doing.evidence import note, opening_json
from preround.failure import Declined
from preround.people.sessions import visitor_here
from preround.web.api import ItemId, answer
from preround.web.api_bodies import NewOpening
from preround.web.once import OnceRoute, documented
from preround.web.problem_json import PROBLEM
from preround.web.readings import Readings
from preround.web.source_page import opened_source
from preround.wiring import House


class EvidenceDoor:
    """The route that opens a source.

    Args:
        house: the running program.
        readings: results and evidence, kept in memory.
    """

    def __init__(self, house: House, readings: Readings) -> None:
        self._house = house
        self._readings = readings
        self.router = APIRouter(
            prefix="/api", tags=["Preround"], route_class=OnceRoute, responses={"default": PROBLEM, 422: PROBLEM}
        )
        self.router.add_api_route(
            "/items/{item_id}/opened", self.open, methods=["POST"], dependencies=[Depends(documented)], status_code=201
        )

    def open(self, item_id: ItemId, body: NewOpening) -> Response:
        """Open one source of an item, as it was read; that this person did goes on record, where the item waits."""
        visitor = visitor_here()
        if self._house.settings.people_sign_in and (visitor is None or visitor.subject is None):
            raise Declined("People sign in here: open the source in the browser, under your own name")
        found = opened_source(self._house, self._readings, item_id, body.source)
        noted = note(self._house, item_id, found.reference, given=body.person)
        return answer(opening_json(item_id, found, noted), status=201)
