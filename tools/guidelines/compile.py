"""Compile the guideline library: each CQL source to the ELM that is kept beside it.

Run as `python -m tools.guidelines.compile [FOLDER]` after a change to a `.cql` file; needs the npm packages (`npm ci`).
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from tools.guidelines.library import BUILT_IN
from tools.guidelines.node import WORKER_FOLDER, node_binary

TRANSLATOR = "@cqframework/cql"
"""The npm package that turns CQL into ELM, ours ahead of time and others' when it is added."""


class CqlNotTranslated(Exception):
    """The CQL could not be translated: correct what the message names and compile again."""


def translate(folder: Path, *, node_modules: Path) -> Mapping[str, Mapping[str, Any]]:
    """Translate every `.cql` file of a folder.

    Args:
        folder: holds the sources; a library includes others of the same folder by name.
        node_modules: where `npm ci` put the translator and the FHIR 4.0.1 model.

    Returns:
        The ELM of each library by its name.

    Raises:
        CqlNotTranslated: the translator refused a source, or could not run.
    """
    command = [node_binary(), WORKER_FOLDER / "translate.mjs", node_modules, folder]
    ran = subprocess.run(command, capture_output=True, check=False, timeout=120)  # noqa: S603 - our script, our folders
    if ran.returncode:
        raise CqlNotTranslated(ran.stderr.decode(errors="replace").strip()[-2000:])
    answer = orjson.loads(ran.stdout)
    if answer["errors"]:
        raise CqlNotTranslated("; ".join(answer["errors"][:10]))
    elm: Mapping[str, Mapping[str, Any]] = answer["elm"]
    return elm


def as_kept(elm: Mapping[str, Any]) -> bytes:
    """The bytes of one library as they are kept: one line, so that a diff is of the CQL and not of its translation."""
    return orjson.dumps(elm) + b"\n"


def main(arguments: Sequence[str]) -> None:
    """Translate the folder given, else the built-in one, and write `NAME.elm.json` beside each source."""
    folder = Path(arguments[0]) if arguments else BUILT_IN
    for name, elm in translate(folder, node_modules=Path("node_modules")).items():
        (folder / f"{name}.elm.json").write_bytes(as_kept(elm))


if __name__ == "__main__":
    main(sys.argv[1:])
