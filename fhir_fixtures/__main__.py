"""`python -m fhir_fixtures OUT_DIR [FOLDER] [--films]`: compile the stories to bundles, and draw their pictures."""

import sys
from pathlib import Path

from fhir_fixtures import PATIENTS
from fhir_fixtures.compile import compile_all
from fhir_fixtures.loading import load_story
from fhir_fixtures.source import StoryError
from fhir_fixtures.story import Story


def main(arguments: list[str]) -> int:
    """Compile every story.

    Args:
        arguments: where the bundles go, optionally another folder of stories, and `--films` to have DICOM files too.

    Returns:
        0 done; 2 wrong use, or a story that is not right.
    """
    films = "--films" in arguments
    arguments = [one for one in arguments if one != "--films"]
    if len(arguments) not in (1, 2) or arguments[0].startswith("-"):
        sys.stderr.write("Write: python -m fhir_fixtures OUT_DIR [FOLDER] [--films].\n")
        return 2
    folder = Path(arguments[1]) if len(arguments) > 1 else PATIENTS
    try:
        written = compile_all(folder, Path(arguments[0]))
        written += _draw(folder, Path(arguments[0])) if films else []
    except StoryError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for path in written:
        sys.stdout.write(f"{path}\n")
    return 0


def _draw(folder: Path, out_dir: Path) -> list[Path]:
    """The DICOM files of every story that has films."""
    stories = [load_story(path) for path in sorted(folder.glob("*.yaml"))]
    return [path for story in stories for path in _pictures(story, out_dir / "films")]


def _pictures(story: Story, folder: Path) -> list[Path]:
    if not story.films:
        return []
    try:
        # Whoever compiles stories without films needs no library for pictures.
        from fhir_fixtures.pictures import write_pictures
    except ImportError:
        sys.stderr.write(
            "Pictures need more libraries; in the folder of Preround, run `pip install -e '.[imaging]'`.\n"
        )
        return []
    return write_pictures(story, folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
