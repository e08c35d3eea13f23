"""`python -m fhir_fixtures OUT_DIR [FOLDER]`: compile the stories to bundles."""

import sys
from pathlib import Path

from fhir_fixtures import PATIENTS
from fhir_fixtures.compile import compile_all
from fhir_fixtures.source import StoryError


def main(arguments: list[str]) -> int:
    """Compile every story.

    Args:
        arguments: where the bundles go, and optionally another folder of stories.

    Returns:
        0 done; 2 wrong use, or a story that is not right.
    """
    if len(arguments) not in (1, 2) or arguments[0].startswith("-"):
        sys.stderr.write("Write: python -m fhir_fixtures OUT_DIR [FOLDER].\n")
        return 2
    folder = Path(arguments[1]) if len(arguments) > 1 else PATIENTS
    try:
        written = compile_all(folder, Path(arguments[0]))
    except StoryError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for path in written:
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
