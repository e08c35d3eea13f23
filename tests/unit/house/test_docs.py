"""The documents are true: their commands run, their links lead somewhere, their names are those of the code."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from preround.cli import COMMANDS
from preround.failure import NOT_FOUND, REFUSED, UNREACHABLE, WRONG_USE
from tests.unit.house.files import ROOT, modules, tracked
from tests.unit.house.walks import BLOCK, run

DOCUMENTS = [p for p in tracked() if p.suffix == ".md"]
FENCE = re.compile(r"^```(\w+)(?: ([\w .-]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HELD_ELSEWHERE = {
    "collector": "tests/integration/test_canary.py",
    "docker": "tests/unit/house/test_containers.py",
    "gpu": "tests/models/test_vllm_round.py",
    "make": "tests/acceptance/test_newcomer.py",
    "network": "tests/integration/test_literature_pubmed.py",
    "postgres": "tests/unit/store/test_database.py",
    "smart": "tests/integration/test_fhir_login.py",
}
"""Why a block does not run here, and which tests hold what it shows."""
LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")
README = (ROOT / "README.md").read_text()


def test_each_block_that_users_type_runs_here_or_says_what_holds_it() -> None:
    told = [p for p in DOCUMENTS if p.parts[0] == "docs" and p.parts[1] in ("how-to", "tour.md", "README.md")]
    for document in (Path("README.md"), *told):
        for kind, mark, body in FENCE.findall((ROOT / document).read_text()):
            if kind in ("bash", "python") and not mark.startswith("test"):
                assert mark in HELD_ELSEWHERE, f"{document}: {body}"
                assert (ROOT / HELD_ELSEWHERE[mark]).exists()
                assert subprocess.run(["bash", "-n"], input=body, text=True, check=False).returncode == 0
                assert set(re.findall(r"^preround ([a-z]+)", body, re.MULTILINE)) <= set(COMMANDS)
            if kind == "toml":
                tomllib.loads(body)
            if kind == "json":
                json.loads(body)


def test_the_examples_of_the_tour_are_short() -> None:
    examples = [body for kind, _, body in BLOCK.findall((ROOT / "docs" / "tour.md").read_text()) if kind == "python"]
    assert len(examples) == 3
    assert [len(one.splitlines()) for one in examples if len(one.splitlines()) >= 60] == []


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
