"""The documents are true: their commands run, their links lead somewhere, their names are those of the code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from preround.failure import NOT_FOUND, REFUSED, UNREACHABLE, WRONG_USE
from tests.unit.house.files import ROOT, modules, tracked

DOCUMENTS = [p for p in tracked() if p.suffix == ".md"]
BLOCK = re.compile(r"^```bash test\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")
WALKS = [p for p in DOCUMENTS if BLOCK.search((ROOT / p).read_text())]
README = (ROOT / "README.md").read_text()
BIN = Path(sys.executable).parent
SECONDS = 600
"""A walk is a dozen commands; on a crowded machine each may take long."""


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script in a folder of its own, with this environment's programs first on PATH."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "160"}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_the_readme_has_a_walk() -> None:
    assert Path("README.md") in WALKS


@pytest.mark.parametrize("document", WALKS, ids=str)
def test_the_blocks_of_a_document_run_one_after_the_other_in_an_empty_folder(document: Path, tmp_path: Path) -> None:
    done = run("\n".join(BLOCK.findall((ROOT / document).read_text())), tmp_path)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    if document == Path("README.md"):
        assert "Written: Composition/" in done.stdout
        assert (tmp_path / ".preround").is_dir()


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_lead_to_files_that_exist(document: Path) -> None:
    text = (ROOT / document).read_text()
    targets = [t.partition("#")[0] for t in LINK.findall(text) if "://" not in t and not t.startswith("#")]
    missing = [t for t in targets if not (ROOT / document.parent / t).exists()]
    assert missing == []


def test_help_and_the_readme_name_the_same_commands(tmp_path: Path) -> None:
    shown = run("preround --help", tmp_path)
    assert shown.returncode == 0, shown.stderr
    listed = set(re.findall(r"^  ([a-z]+) ", shown.stdout.partition("Commands:")[2], re.MULTILINE))
    assert listed == set(re.findall(r"^\| `preround ([a-z]+)", README, re.MULTILINE))


def test_the_readme_has_the_exit_codes_of_the_program() -> None:
    assert {int(n) for n in re.findall(r"^\| (\d) \|", README, re.MULTILINE)} == {
        0,
        1,
        WRONG_USE,
        NOT_FOUND,
        REFUSED,
        UNREACHABLE,
    }


def test_the_readme_names_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", README, re.MULTILINE))
    assert named
    assert named <= targets


def test_the_architecture_names_modules_that_exist() -> None:
    """In `docs/architecture.md` whatever looks like a file or a dotted module of ours is one."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    names = set(re.findall(r"`([a-z_]+(?:/[\w.-]+)+/?)`", text))
    assert len(names) > 30
    assert [n for n in sorted(names) if not (ROOT / n).exists()] == []
    ours = {p.with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__") for p in modules()}
    rooms = "|".join(sorted({name.partition(".")[0] for name in ours}))
    dotted = set(re.findall(rf"`((?:{rooms})(?:\.[a-z_]+)+)`", text))
    assert [n for n in sorted(dotted) if n not in ours and not n.endswith(".sqlite")] == []


def test_decisions_are_numbered_without_gaps_and_each_says_where_it_stands() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert [int(p.name[:4]) for p in records] == list(range(1, len(records) + 1))
    for record in records:
        text = record.read_text()
        assert text.startswith(f"# {int(record.name[:4])}. ")
        assert re.search(r"^Status: (accepted|superseded by \d{4})", text, re.MULTILINE), record.name
