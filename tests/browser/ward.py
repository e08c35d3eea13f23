"""Homes in which rounds of invented patients wait, drafted in this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fhir_fixtures import PATIENTS
from fhir_fixtures.bundles import bundles
from fhir_fixtures.loading import load_story
from preround.doing import rounds
from preround.doing.load import load
from preround.settings import Settings
from preround.wiring import SANDBOX_URL, open_house
from tests.browser.serving import apart
from tools.fhir.transport import in_process

WARD = ("Alder", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Juniper", "Larch", "Maple", "Oak")
"""What takes the place of the story's given name, so that each is found by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Patient:
    """Somebody whose chart is read."""

    patient_id: str
    """The id on the server."""
    bundle: bytes
    """The chart."""
    as_of: datetime
    """Clinical now."""


def patient(story: str) -> Patient:
    """Whom a story tells of."""
    told = load_story(PATIENTS / f"{story}.yaml")
    body = next(body for name, body in bundles() if name == story)
    return Patient(patient_id=f"fx-{told.story}-patient", bundle=body, as_of=told.now)


def namesakes(story: str, given: str, *names: str) -> tuple[Patient, ...]:
    """The same story of several people; ids stay apart, so that one's signature leaves the others' charts as they are.

    Args:
        story: the story.
        given: the given name in it.
        names: what takes its place.
    """
    one = patient(story)
    text = one.bundle.decode()
    return tuple(
        Patient(
            patient_id=f"fx-{name.lower()}-patient",
            bundle=text.replace(one.patient_id.removesuffix("patient"), f"fx-{name.lower()}-")
            .replace(given, name)
            .encode(),
            as_of=one.as_of,
        )
        for name in names
    )


def drafted_for(home: Path, *patients: Patient) -> Mapping[str, str]:
    """Load their charts and have a round drafted for each; gives the item of each by the patient's id."""
    return apart(_draft(home, patients))


async def _draft(home: Path, patients: tuple[Patient, ...]) -> Mapping[str, str]:
    found = {}
    async with open_house(Settings(home=home)) as house:
        assert house.sandbox is not None
        for one in patients:
            file = home / f"{one.patient_id}.json"
            file.write_bytes(one.bundle)
            await load([file], base_url=SANDBOX_URL, transport=in_process(house.sandbox))
        for one in patients:
            run = await rounds.start(house, patient=one.patient_id, tasks=rounds.DEFAULT_TASKS, as_of=one.as_of)
            found[one.patient_id] = rounds.item_of_run(house, run.run_id)
    return found
