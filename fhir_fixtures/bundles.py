"""The compiled bundles of the stories that come with the package."""

from collections.abc import Iterator

from fhir_fixtures import PATIENTS
from fhir_fixtures.compile import compile_story


def bundles() -> Iterator[tuple[str, bytes]]:
    """Each story's file name without its ending, and its transaction bundle as UTF-8 JSON, in name order."""
    for path in sorted(PATIENTS.glob("*.yaml")):
        yield path.stem, compile_story(path)
