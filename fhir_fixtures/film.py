"""A film or a stack of slices in a story, as a clinician writes it: what was taken, and what is to be seen on it."""

from typing import Literal, Self
from uuid import NAMESPACE_URL, uuid5

from pydantic import Field, model_validator

from fhir_fixtures.entries import Entry
from fhir_fixtures.moment import Time
from fhir_fixtures.wording import Text

CHEST_SLICES = 100
"""Slices of a CT of the chest."""


class Sight(Entry):
    """One thing that is drawn into a picture."""

    what: Literal["opacity", "effusion", "line", "nodule"]
    """A round opacity; fluid with a level; a venous line; a nodule (CT)."""
    side: Literal["right", "left"]
    """The patient's side; on a frontal film his right lies to the left."""
    zone: Literal["upper", "middle", "lower"] = "lower"
    """Third of the lung; an effusion is always at the base, a line ends in the middle."""
    mm: int = Field(default=40, ge=5, le=160)
    """Diameter; of an effusion the height of its level above the base."""


class Film(Entry):
    """A study with its pictures, and the radiologist's report where there is one."""

    of: Literal["chest-film", "chest-ct"]
    """What was taken."""
    at: Time
    """When."""
    modality: Literal["DX", "CR", "CT"] = "DX"
    """CR films are stored with black and white reversed, as many readers do."""
    view: Literal["PA", "AP"] = "PA"
    """Of a film."""
    shows: tuple[Sight, ...] = ()
    """What is drawn; nothing is a normal chest."""
    report: Text | None = None
    """The report's words; None is a study that was not read yet."""
    by: Text | None = None
    """Who reported it; None is the encounter's practitioner."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.of == "chest-ct") != (self.modality == "CT"):
            raise ValueError("a chest-ct has `modality: CT`, and a chest-film has DX or CR")
        if self.of == "chest-ct" and any(one.what != "nodule" for one in self.shows):
            raise ValueError("only a nodule can be drawn into a chest-ct")
        return self


def uid(story: str, film: Film, part: str) -> str:
    """A DICOM UID that is the same every time.

    Args:
        story: the story's slug.
        film: the study.
        part: `study`, `series` or an instance's number.
    """
    return f"2.25.{uuid5(NAMESPACE_URL, f'preround:films:{story}:{film.at}:{film.of}:{film.view}:{part}').int}"
