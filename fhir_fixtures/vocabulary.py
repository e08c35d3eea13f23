"""The words that stories may use, and the LOINC, SNOMED CT, RxNorm, CVX and UCUM codes behind them."""

from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from fhir_fixtures.source import read_source
from fhir_fixtures.wording import Text

Section = Literal[
    "allergens", "answers", "drugs", "ingredients", "measurements", "notes", "panels", "problems", "procedures",
    "reactions", "routes", "vaccines", "visits",
]  # fmt: skip
"""The sections that hold codes."""
Names = dict[Text, Text]


class Measurement(BaseModel):
    """One thing that is measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    category: Literal["laboratory", "vital-signs", "social-history", "imaging"]
    """FHIR observation category."""
    codes: dict[str, str]
    """LOINC `code display` by unit as written; the first unit holds where a story writes none, "" means no unit."""
    components: tuple[str, ...] = ()
    """LOINC `code display` of each part of a pair, in the order it is written."""


class Vocabulary(BaseModel):
    """Every word a story may use."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    systems: dict[str, str]
    """Code system URL by section."""
    units: dict[str, str]
    """UCUM code by unit as written."""
    measurements: dict[str, Measurement]
    """What is measured, by short name."""
    timings: dict[str, tuple[int, int, Literal["h", "d", "wk"]]]
    """Times, per, unit of time."""
    allergens: Names
    answers: Names
    drugs: Names
    ingredients: Names
    notes: Names
    panels: Names
    problems: Names
    procedures: Names
    reactions: Names
    routes: Names
    vaccines: Names
    visits: Names

    def names(self, *sections: Section | Literal["units", "timings"]) -> list[str]:
        """Every word of these sections."""
        return [name for section in sections for name in getattr(self, section)]

    def concept(self, name: str, *sections: Section) -> dict[str, Any]:
        """A CodeableConcept: the code from the first section that has the word, with text as a chart would have it.

        Raises:
            KeyError: none of the sections has it.
        """
        for section in sections:
            line = getattr(self, section).get(name)
            if line is not None:
                code = coding(self.systems[section], line)
                # A short name is for the story's author; a problem list shows the terminology's own words.
                return {"coding": [code], "text": code["display"] if section == "problems" else name.replace("-", " ")}
        raise KeyError(name)


def coding(system: str, line: str) -> dict[str, str]:
    """A Coding from a vocabulary line `code display`."""
    code, display = line.split(" ", 1)
    return {"system": system, "code": code, "display": display}


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary that comes with the package."""
    source = read_source(Path(str(files("fhir_fixtures"))) / "vocabulary.yaml")
    return Vocabulary.model_validate(source.data)


def known(*sections: Section | Literal["units", "timings"]) -> BeforeValidator:
    """A field's validator: the word must stand in one of these sections; the error offers the nearest."""

    def check(value: object) -> object:
        words = vocabulary().names(*sections)
        if value in words:
            return value
        near = get_close_matches(str(value), words, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'?" if near else "add it to vocabulary.yaml"
        raise ValueError(f"'{value}' is not among the vocabulary's {' or '.join(sections)}; {hint}")

    return BeforeValidator(check)


Problem = Annotated[str, known("problems")]
Reaction = Annotated[str, known("reactions")]
Allergen = Annotated[str, known("ingredients", "allergens")]
MeasurementName = Annotated[str, known("measurements")]
Vaccine = Annotated[str, known("vaccines")]
Procedure = Annotated[str, known("procedures")]
Visit = Annotated[str, known("visits")]
Note = Annotated[str, known("notes")]
Panel = Annotated[str, known("panels")]
Timing = Annotated[str, known("timings")]
Route = Annotated[str, known("routes")]
