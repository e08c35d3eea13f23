"""From a story to the bytes of a FHIR R4 transaction bundle: the same story, the same bytes."""

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from fhir_fixtures.binder import Binder, Resource
from fhir_fixtures.care import add_care
from fhir_fixtures.conditions import add_allergies, add_problems
from fhir_fixtures.documents import add_notes
from fhir_fixtures.imaging import add_imaging
from fhir_fixtures.loading import load_story
from fhir_fixtures.medicines import add_medicines
from fhir_fixtures.people import add_encounters, add_people
from fhir_fixtures.results import add_results
from fhir_fixtures.source import StoryError
from fhir_fixtures.story import Story

_DIGITS = re.compile(r'"\\u0001(-?\d+(?:\.\d+)?)\\u0001"')
_FIRST = ("Patient", "Practitioner", "Encounter", "Medication")
"""What others refer to stands first, for servers that load a bundle entry by entry."""


def resources_of(story: Story) -> list[Resource]:
    """Every resource of a story, in one fixed order; decimals are Decimal.

    Args:
        story: a checked story.
    """
    binder = Binder(story)
    add_people(binder)
    add_encounters(binder)
    add_problems(binder)
    add_allergies(binder)
    add_medicines(binder)
    add_results(binder)
    add_notes(binder)
    add_imaging(binder)
    add_care(binder)
    return sorted([*binder.resources, *story.raw], key=_place)


def compile_story(path: Path) -> bytes:
    """One story as a transaction bundle of PUT entries, in UTF-8 JSON.

    Args:
        path: the story's YAML file.

    Raises:
        StoryError: the story is not right; says where.
    """
    return bundle_of(resources_of(load_story(path)))


def bundle_of(resources: Iterable[Resource]) -> bytes:
    """Resources as a transaction bundle of PUT entries, in UTF-8 JSON."""
    entries = [
        {
            "fullUrl": f"urn:uuid:{uuid5(NAMESPACE_URL, _url(resource))}",
            "resource": resource,
            "request": {"method": "PUT", "url": _url(resource)},
        }
        for resource in resources
    ]
    return _json({"resourceType": "Bundle", "type": "transaction", "entry": entries})


def compile_all(folder: Path, out_dir: Path) -> list[Path]:
    """Compile every story of a folder to a `.json` file of the same name.

    Args:
        folder: holds the `.yaml` files.
        out_dir: is made where it is missing.

    Returns:
        The files written, in name order.

    Raises:
        StoryError: a story is not right, or two stories share a slug.
    """
    sources = sorted(folder.glob("*.yaml"))
    slugs: dict[str, str] = {}
    for path in sources:
        story = load_story(path).story
        if story in slugs:
            problem = f"'{story}' is taken by {slugs[story]}; choose another."
            raise StoryError(file=path.name, line=1, field="story", problem=problem)
        slugs[story] = path.name
    out_dir.mkdir(parents=True, exist_ok=True)
    written = [out_dir / f"{path.stem}.json" for path in sources]
    for path, target in zip(sources, written, strict=True):
        target.write_bytes(compile_story(path))
    return written


def _place(resource: Resource) -> tuple[int, str, str]:
    kind = resource["resourceType"]
    return (_FIRST.index(kind) if kind in _FIRST else len(_FIRST), kind, resource["id"])


def _url(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _json(document: Resource) -> bytes:
    """Sorted keys, one space, and decimals with the digits that the story wrote."""
    text = json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False, default=_marked)
    return (_DIGITS.sub(r"\1", text) + "\n").encode()


def _marked(value: object) -> str:
    """A Decimal between two characters that no YAML text can hold, for `_json` to unwrap."""
    if not isinstance(value, Decimal):
        raise TypeError(f"a story can't hold a {type(value).__name__}.")
    return f"\x01{value:f}\x01"
