"""From a file to a checked story, or to one error that says where and what."""

from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from fhir_fixtures.consistency import faults
from fhir_fixtures.source import StoryError, read_source
from fhir_fixtures.story import Story

_WORDS = {
    "missing": "this field is missing; add it.",
    "extra_forbidden": "there is no such field; check the spelling, or remove it.",
}


def load_story(path: Path) -> Story:
    """Read and check one story.

    Args:
        path: a YAML file.

    Raises:
        StoryError: the first thing that is wrong, by line.
    """
    source = read_source(path)
    try:
        story = Story.model_validate(source.data)
    except ValidationError as error:
        # A misspelt field is also a missing one: say the misspelling.
        written = [item for item in error.errors() if item["type"] != "missing"] or error.errors()
        raise _first([source.error(_field(item["loc"]), _problem(item)) for item in written]) from error
    found = [source.error(field, problem) for field, problem in faults(story)]
    if found:
        raise _first(found)
    return story


def _first(found: list[StoryError]) -> StoryError:
    return min(found, key=lambda one: (one.line, one.field))


def _field(loc: tuple[int | str, ...]) -> list[int | str]:
    return [part for part in loc if part != "[key]"]


def _problem(item: ErrorDetails) -> str:
    kind: str = item["type"]
    if kind == "string_pattern_mismatch":
        return f"'{item['input']}' must look like {item['ctx']['pattern']}."
    return _WORDS.get(kind) or f"{item['msg'].removeprefix('Value error, ')}."
