"""From a file to a checked story or scenario, or to one error that says where and what."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fhir_fixtures.consistency import faults
from fhir_fixtures.scenario import STEPS, Scenario
from fhir_fixtures.source import Source, StoryError, read_source
from fhir_fixtures.story import Story

Checked = TypeVar("Checked", bound=BaseModel)

_WORDS = {
    "missing": "this field is missing; add it.",
    "extra_forbidden": "there is no such field; check the spelling, or remove it.",
}


def load_story(path: Path, *more: Mapping[str, Any]) -> Story:
    """Read and check one story.

    Args:
        path: a YAML file.
        more: sections whose entries are added to those of the file, as a scenario has them.

    Raises:
        StoryError: the first thing that is wrong, by line.
    """
    source = read_source(path)
    data: dict[str, Any] = source.data
    for one in more:
        data = _added(data, one)
    story = _checked(source, Story, data)
    found = [source.error(field, problem) for field, problem in faults(story)]
    if found:
        raise _first(found)
    return story


def load_scenario(path: Path) -> Scenario:
    """Read and check one scenario.

    Args:
        path: a YAML file.

    Raises:
        StoryError: the first thing that is wrong, by line.
    """
    source = read_source(path)
    found = _checked(source, Scenario, source.data)
    if found.scenario != path.stem:
        raise source.error(("scenario",), f"name it like its file: '{path.stem}'.")
    return found


def _checked(source: Source, kind: type[Checked], data: Mapping[str, Any]) -> Checked:
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        # A misspelt field is also a missing one: say the misspelling.
        written = [item for item in error.errors() if item["type"] != "missing"] or error.errors()
        raise _first([source.error(_field(item["loc"]), _problem(item)) for item in written]) from error


def _added(data: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Lists grow, mappings take in; what is neither is replaced."""
    found = dict(data)
    for key, value in more.items():
        old = found.get(key)
        if key == "results":
            found[key] = {**(old or {}), **{name: _series(old, name, lines) for name, lines in value.items()}}
        elif isinstance(old, Mapping) and isinstance(value, Mapping):
            found[key] = _added(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            found[key] = [*old, *value]
        else:
            found[key] = value
    return found


def _series(old: Mapping[str, Any] | None, name: str, lines: Any) -> Any:  # noqa: ANN401 - as YAML has it
    """Further lines of a measurement, whichever of the two ways it is written in."""
    before = (old or {}).get(name)
    if isinstance(before, Mapping) and isinstance(lines, list):
        return {**before, "values": [*before.get("values", []), *lines]}
    return [*before, *lines] if isinstance(before, list) and isinstance(lines, list) else lines


def _first(found: list[StoryError]) -> StoryError:
    return min(found, key=lambda one: (one.line, one.field))


def _field(loc: tuple[int | str, ...]) -> Sequence[int | str]:
    # A step's kind stands behind its number in pydantic's path, and nowhere in the file.
    kinds = {place + 2 for place, part in enumerate(loc[:-2]) if part == "steps"}
    return [part for place, part in enumerate(loc) if part != "[key]" and not (place in kinds and part in STEPS)]


def _problem(item: ErrorDetails) -> str:
    kind: str = item["type"]
    if kind == "string_pattern_mismatch":
        return f"'{item['input']}' must look like {item['ctx']['pattern']}."
    return _WORDS.get(kind) or f"{item['msg'].removeprefix('Value error, ')}."
