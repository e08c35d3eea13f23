"""How a scenario is put on stage: what is played, on whose settings, about which patient, from when on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fhir_fixtures import PATIENTS
from fhir_fixtures.loading import load_story
from fhir_fixtures.scenario import RoundStep, Scenario
from preround.failure import Unusable
from preround.settings import ReasonerName, Settings
from tools.guidelines.library import GuidelineLibrary
from tools.guidelines.worker import GuidelineWorker
from tools.tape import Tape


@dataclass(frozen=True, kw_only=True)
class Engine:
    """What all scenarios share: the CQL process and the recommendations, which hold nothing of a patient."""

    worker: GuidelineWorker
    """The process."""
    library: GuidelineLibrary
    """The recommendations."""


@dataclass(frozen=True, kw_only=True)
class Cast:
    """How a scenario is put on stage."""

    scenario: Scenario
    """What is played."""
    settings: Settings
    """The site's; home and servers are the stage's own."""
    engine: Engine
    """The CQL engine."""
    stories: tuple[Path, ...] = (PATIENTS,)
    """Folders with patients; the first that has one counts."""
    reasoner: ReasonerName | None = None
    """Who drafts, in place of whom the scenario names."""
    tape: Tape | None = None
    """What was recorded before."""
    from_tape: bool = False
    """Whether the tape is all that there is: no server, no model."""
    recording: bool = False
    """Whether the literature sources of the settings may be asked."""

    @property
    def pictured(self) -> bool:
        """Whether pictures are read in it."""
        return any(isinstance(step, RoundStep) and "imaging" in step.round for step in self.scenario.steps)


def who_and_when(cast: Cast) -> tuple[datetime, str]:
    """When the scenario begins, and the patient's id."""
    scenario = cast.scenario
    if cast.from_tape and cast.tape is not None:
        return datetime.fromisoformat(cast.tape.head["starts"]), cast.tape.head["patient"]
    if scenario.story is None:
        return scenario.moment(scenario.starts or ""), (scenario.patient or "").removeprefix("Patient/")
    story = load_story(story_of(cast))
    return scenario.moment(scenario.starts) if scenario.starts else story.now, f"fx-{story.story}-patient"


def story_of(cast: Cast) -> Path:
    """The file of the patient's story.

    Raises:
        Unusable: there is none.
    """
    paths = [folder / f"{cast.scenario.story}.yaml" for folder in cast.stories]
    found = next((path for path in paths if path.is_file()), None)
    if found is None:
        known = ", ".join(sorted(p.stem for folder in cast.stories for p in folder.glob("*.yaml")))
        raise Unusable(
            f"There is no patient {cast.scenario.story} for the scenario {cast.scenario.scenario}; put one into "
            f"patients/ beside it, or choose among {known}"
        )
    return found
