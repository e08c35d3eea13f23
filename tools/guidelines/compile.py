"""Compile the guideline library: each CQL source to the ELM that is kept beside it.

Run as `python -m tools.guidelines.compile [FOLDER]` after a change to a `.cql` file; needs the npm packages (`npm ci`).
"""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from tools.guidelines.node import WORKER_FOLDER, node_binary

HERE = Path(__file__).parent
CONVERSIONS = HERE / "conversions"
"""Libraries that others' logic includes and may come without: FHIR types read as those of CQL."""

TRANSLATOR = "@cqframework/cql"
"""The npm package that turns CQL into ELM, ours ahead of time and others' when it is added."""


class CqlNotTranslated(Exception):
    """The CQL could not be translated: correct what the message names and compile again."""


HEADER = re.compile(r"^\s*library\s+(?:[\w\"]+\.)*\"?(\w+)\"?(?:\s+version\s+'([^']*)')?", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One library as CQL."""

    name: str
    """As its first line says."""
    version: str
    """As its first line says; empty where it says none."""
    cql: str
    """The text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Translated:
    """What came of one library."""

    source: Source
    """The library."""
    elm: Mapping[str, Any] | None
    """The translation; none where there are errors."""
    errors: tuple[str, ...]
    """What is wrong with it, in the translator's words."""


def source_of(cql: str, *, name: str = "") -> Source:
    """A library with the name and version that its text declares; `name` where it declares none."""
    found = HEADER.search(cql)
    return Source(name=found[1] if found else name, version=(found[2] or "") if found else "", cql=cql)


def translated(
    sources: Sequence[Source], *, node_modules: Path, models: Mapping[str, str] | None = None, seconds: float = 300
) -> tuple[Translated, ...]:
    """Translate libraries, each by itself: one that is wrong keeps no other from being translated.

    Args:
        sources: they may include one another, by name and version.
        node_modules: where `npm ci` put the translator and the FHIR 4.0.1 model.
        models: model information as XML by "NAME-VERSION", for models that the engine does not bring.
        seconds: time limit.

    Raises:
        CqlNotTranslated: the translator could not run.
    """
    spare = [source_of(path.read_text(encoding="utf-8")) for path in sorted(CONVERSIONS.glob("*.cql"))]
    request = {
        "sources": [asdict(each) for each in sources],
        "included": [asdict(each) for each in spare],
        "models": dict(models or {}),
    }
    command = [node_binary(), WORKER_FOLDER / "translate.mjs", node_modules]
    try:
        ran = subprocess.run(  # noqa: S603 - our script, our folders
            command, input=orjson.dumps(request), capture_output=True, check=False, timeout=seconds
        )
    except subprocess.TimeoutExpired as problem:
        raise CqlNotTranslated("the translator did not end in time; give fewer libraries at once") from problem
    if ran.returncode:
        raise CqlNotTranslated(ran.stderr.decode(errors="replace").strip()[-2000:])
    answers = orjson.loads(ran.stdout)["results"]
    return tuple(
        Translated(source=each, elm=answer.get("elm"), errors=tuple(answer["errors"]))
        for each, answer in zip(sources, answers, strict=True)
    )


def translate(folder: Path, *, node_modules: Path) -> Mapping[str, Mapping[str, Any]]:
    """Translate every `.cql` file of a folder.

    Args:
        folder: holds the sources; a library includes others of the same folder by name.
        node_modules: where `npm ci` put the translator and the FHIR 4.0.1 model.

    Returns:
        The ELM of each library by the name of its file.

    Raises:
        CqlNotTranslated: the translator refused a source, or could not run.
    """
    paths = sorted(folder.glob("*.cql"))
    sources = [source_of(each.read_text(encoding="utf-8"), name=each.stem) for each in paths]
    results = translated(sources, node_modules=node_modules)
    errors = [f"{each.source.name}: {problem}" for each in results for problem in each.errors]
    if errors:
        raise CqlNotTranslated("; ".join(errors[:10]))
    return {path.stem: each.elm for path, each in zip(paths, results, strict=True) if each.elm is not None}


def as_kept(elm: Mapping[str, Any]) -> bytes:
    """The bytes of one library as they are kept: one line, so that a diff is of the CQL and not of its translation."""
    return orjson.dumps(elm) + b"\n"


def main(arguments: Sequence[str]) -> None:
    """Translate the folder given, else the built-in ones, and write `NAME.elm.json` beside each source."""
    for folder in [Path(each) for each in arguments] or [HERE / "library", CONVERSIONS]:
        for name, elm in translate(folder, node_modules=Path("node_modules")).items():
            (folder / f"{name}.elm.json").write_bytes(as_kept(elm))


if __name__ == "__main__":
    main(sys.argv[1:])
