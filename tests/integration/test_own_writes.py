"""What Preround itself wrote begins no round, told by a subscription or asked for; and what holds that, taken away.

Of what Preround writes, a site's rules can name only the measurement that somebody said and signed. Here there are
rules for the others too, so that each write reaches the watch.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from graphs.prepared import Prepared, PreparedEntry
from preround.doing import deciding, rounds
from preround.home import SANDBOX, sandbox_app
from preround.reporting.passes import report_once
from preround.sandbox.notifying import Notifier
from preround.settings import Settings
from preround.subscriptions import keeping, registering
from preround.subscriptions.door import SubscriptionDoor
from preround.subscriptions.rules import Rule, Rules
from preround.subscriptions.watching import Watcher
from preround.web.listening import address_of, answered, listening
from preround.wiring import House, open_house
from review.queue import queue
from tests.acceptance.homes import Home, copied, drafted_home
from tests.unit.fhir.socket_server import served
from tools.outgoing import Outgoing

STATUS = {
    "Composition": ("preliminary", "final", "amended"),
    "Provenance": (),
    "Task": ("requested", "received", "accepted", "ready", "in-progress", "completed", "cancelled"),
    "AuditEvent": (),
}
"""What Preround writes beside what a chart has, and the statuses by which it is searched."""
TOLD = ("Composition", "Provenance", "Task")
"""Of these, what the sandbox tells of: of who read what it tells nobody."""
WAYS = ("told", "asked")


def rule(kind: str) -> Rule:
    """A rule that a site cannot have."""
    given: dict[str, Any] = {"name": kind.lower(), "type": kind, "tasks": ("comparison",), "every_version": True}
    given["where"] = {"status": STATUS[kind]} if STATUS[kind] else {}
    return Rule.model_construct(**given, wait_seconds=0.0, apart_seconds=0.0)


MEASURED = Rule.model_validate(
    {
        "name": "measured",
        "type": "Observation",
        "where": {"category": ["vital-signs"], "status": ["final"]},
        "tasks": ["comparison"],
        "every_version": True,
        "apart_seconds": 0,
    }
)
"""A rule that a site can have, of what Preround writes."""
RULES = Rules.model_construct(rule=(*map(rule, STATUS), MEASURED))
_LOINC, _CATEGORY = "http://loinc.org", "http://terminology.hl7.org/CodeSystem/observation-category"


@dataclass(frozen=True, kw_only=True)
class Signing:
    """A house that watches the server to which it writes, with an item that waits."""

    house: House
    base: str
    watcher: Watcher
    notifier: Notifier

    @property
    def patient(self) -> str:
        return queue(self.house.services.db)[0].patient

    async def writes(self) -> set[str]:
        """Somebody signs; before and after the queue and the audit chain are told. Gives the types written."""
        (item,) = queue(self.house.services.db, states={"open"})
        assert (await report_once(self.house)).trouble is None
        done = await deciding.decide(self.house, item_id=item.item_id, person="Ada Nowak", verb="approve")
        assert done["outcome"] == "approved"
        assert (await report_once(self.house)).trouble is None
        client = self.house.services.client
        return {kind for kind in STATUS if (await client.search(kind, [], cap=500)).resources}

    async def measures(self) -> None:
        """Somebody says a pulse, and signs it."""
        pulse = {**measured(self.patient), "status": "preliminary"}
        entry = PreparedEntry(title="Pulse", resource=pulse, labels=("said-measurement",))
        said = Prepared(
            patient=self.patient, task="transcript", prepared_by="a dictation", entries=(entry,), page=("Pulse 72.",)
        )
        run = await rounds.open_prepared(self.house, said)
        item = rounds.item_of_run(self.house, run.run_id)
        done = await deciding.decide(self.house, item_id=item, person="Ada Nowak", verb="approve")
        assert done["outcome"] == "approved"
        (receipt,) = done["receipts"]
        assert receipt["reference"].startswith("Observation/")

    async def begun(self) -> set[str]:
        """The server tells what it has to, and a turn is taken; gives the rules by which rounds began."""
        await self.notifier.step()
        return {one.rule for one in (await self.watcher.step()).begun}


@asynccontextmanager
async def signing(home: Home, way: str) -> AsyncIterator[Signing]:
    app = sandbox_app(home.settings)
    send = Outgoing(seconds=20)
    async with served(app) as base:
        settings = Settings(home=home.path, fhir=base, fhir_tasks=True, fhir_audit=True)
        async with open_house(settings) as house:
            notifier = Notifier(home.path / SANDBOX, now=house.services.clock.now, send=send)

            async def submit(run_id: str, patient: str) -> None:
                """Nobody drives it: that it began is all that is asked here."""

            watcher = Watcher(house, RULES, submit, poll_seconds=1e-6 if way == "asked" else 0)
            doors = FastAPI()
            doors.include_router(SubscriptionDoor(house, RULES).router)
            with listening("127.0.0.1", 0) as listener:
                async with answered(doors, listener):
                    rung = [one for one in RULES.rule if one.name != "auditevent"]
                    for one in rung if way == "told" else ():
                        await registering.subscribe(house, one, url=address_of("127.0.0.1", listener))
                    here = Signing(house=house, base=base, watcher=watcher, notifier=notifier)
                    assert await here.begun() == set(), "what stands there begins nothing"
                    found = await registering.standings(house, [one.name for one in rung])
                    assert {one.status for one in found} == {"active" if way == "told" else "none"}
                    yield here
            notifier.close()
    await send.close()
    app.state.database.close()  # type: ignore[attr-defined]


def measured(patient: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": _CATEGORY, "code": "vital-signs"}]}],
        "code": {"coding": [{"system": _LOINC, "code": "8867-4"}]},
        "subject": {"reference": patient},
        "effectiveDateTime": "2026-05-01",
        "valueQuantity": {"value": 72, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
    }


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return copied(drafted_home(tmp_path_factory.getbasetemp())[0], tmp_path / "home")


@pytest.mark.parametrize("way", WAYS)
async def test_what_was_signed_and_reported_begins_no_round_and_somebody_elses_does(home: Home, way: str) -> None:
    async with signing(home, way) as here:
        assert await here.writes() == set(STATUS)
        assert await here.begun() == set()
        assert await here.begun() == set()
        theirs = {
            "resourceType": "Composition",
            "id": "theirs",
            "status": "final",
            "type": {"text": "letter"},
            "title": "Letter",
            "date": "2026-01-01",
            "author": [{"display": "Somebody else"}],
            "subject": {"reference": here.patient},
        }
        async with httpx.AsyncClient(timeout=60) as client:
            answer = await client.put(f"{here.base}/Composition/theirs", json=theirs)
            assert answer.status_code == 201, answer.text
        assert await here.begun() == {"composition"}, "the watch is awake"


@pytest.mark.parametrize("way", WAYS)
async def test_without_what_knows_our_own_writes_the_composition_would_begin_one(
    home: Home, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with signing(home, way) as here:
        monkeypatch.setattr(keeping, "written_versions", lambda connection, names: frozenset())
        await here.writes()
        assert await here.begun() == {"composition"}


@pytest.mark.parametrize("way", WAYS)
async def test_without_that_and_without_asking_whose_it_is_each_of_them_would(
    home: Home, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with signing(home, way) as here:
        patient = here.patient
        whose: Callable[..., str] = lambda resource, base: patient  # noqa: E731
        monkeypatch.setattr(keeping, "written_versions", lambda connection, names: frozenset())
        monkeypatch.setattr(keeping, "patient_of", whose)
        await here.writes()
        assert await here.begun() == {kind.lower() for kind in (TOLD if way == "told" else STATUS)}


@pytest.mark.parametrize("way", WAYS)
async def test_a_measurement_that_somebody_signed_begins_none_by_a_rule_that_a_site_can_have(
    home: Home, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with signing(home, way) as here:
        await here.measures()
        assert await here.begun() == set()
        async with httpx.AsyncClient(timeout=60) as client:
            theirs = {**measured(here.patient), "id": "theirs"}
            assert (await client.put(f"{here.base}/Observation/theirs", json=theirs)).status_code == 201
        assert await here.begun() == {"measured"}, "the watch is awake"
        monkeypatch.setattr(keeping, "written_versions", lambda connection, names: frozenset())
        await here.measures()
        assert "measured" in await here.begun(), "what knows our own writes is what holds it"


@pytest.mark.parametrize("kind", STATUS)
def test_no_site_can_have_such_a_rule(kind: str) -> None:
    with pytest.raises(ValidationError, match="Encounter"):
        Rule.model_validate(rule(kind).model_dump() | {"where": {"status": ("final",)}})
    assert Rule.model_validate(rule(kind).model_dump() | {"type": "Observation", "where": {"status": ("final",)}})
