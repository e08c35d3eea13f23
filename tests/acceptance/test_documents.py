"""The documents' blocks run, one after the other, in an empty folder, as a reader would run them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.sandbox_server import sandbox_beside
from tests.acceptance.test_newcomer import WALKED
from tests.unit.house.files import ROOT, tracked
from tests.unit.house.walks import BLOCK, run, script

EHR = "https://ehr.example/fhir"
"""The address of a hospital's server in the documents."""
WALKS = [p for p in tracked() if p.suffix == ".md" and BLOCK.search((ROOT / p).read_text())]


@pytest.fixture(scope="module")
def ehr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A FHIR server that stands for a hospital's own: the sandbox of another home, over a socket."""
    folder = tmp_path_factory.mktemp("ehr")
    assert run("python -m fhir_fixtures charts && preround load charts", folder).returncode == 0
    with sandbox_beside(folder / ".preround") as (address, _):
        yield address


def test_the_readme_has_a_walk() -> None:
    assert Path("README.md") in WALKS


@pytest.mark.parametrize("document", [p for p in WALKS if p not in WALKED], ids=str)
def test_the_blocks_of_a_document_run_one_after_the_other_in_an_empty_folder(
    document: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    commands = script(document)
    if EHR in commands:
        commands = commands.replace(EHR, request.getfixturevalue("ehr"))
    done = run(commands, tmp_path)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    if document == Path("README.md"):
        assert "Written: Composition/" in done.stdout
        assert (tmp_path / ".preround").is_dir()
