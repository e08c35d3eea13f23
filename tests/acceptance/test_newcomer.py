"""A newcomer's path by the documents alone: clone, `make demo`, add a guideline, add a scenario, run it.

The environment is this one: what `make` installs is the same pins again, which CI does from nothing.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.unit.house.files import ROOT, tracked
from tests.unit.house.walks import BIN, run, script

RECOMMENDATION = Path("docs/how-to/add-a-recommendation.md")
SCENARIO = Path("docs/how-to/write-a-scenario.md")
WALKED = {RECOMMENDATION: "3 of 3 cases pass", SCENARIO: "refused-allergy"}
"""Documents whose blocks are run here, and need not be run alone; and what they say when it went well."""


def cloned(folder: Path) -> Path:
    """The project as a newcomer has it, with this environment in place of one that is installed for minutes."""
    there = folder / "preround"
    if (ROOT / ".git").exists():
        subprocess.run(["git", "clone", "-q", str(ROOT), str(there)], check=True)
    for one in tracked():  # what is not committed yet belongs to it
        (there / one).parent.mkdir(parents=True, exist_ok=True)
        (there / one).write_bytes((ROOT / one).read_bytes())
    (there / ".venv").symlink_to(BIN.parent)
    (there / "node_modules").symlink_to(ROOT / "node_modules")
    return there


def test_from_a_clone_to_a_scenario_of_ones_own(tmp_path: Path) -> None:
    there = cloned(tmp_path)
    first = re.search(r"^```bash make\n(make demo) .*?^```$", (there / "README.md").read_text(), re.M | re.S)
    assert first is not None, "the README begins with `make demo`"
    assert f"`{first[1]} ARGS=--no-serve`" in (there / "README.md").read_text()
    made = "-o node_modules -o .venv/.app"  # they are there: see `cloned`
    demo = run(f"{first[1]} ARGS=--no-serve {made}", there, PYTHONPATH=str(there))
    assert demo.returncode == 0, demo.stderr[-3000:]
    assert "Act on / verify first" in demo.stdout
    assert (there / ".preround").is_dir()
    for document, expected in WALKED.items():
        done = run(script(document), there, PYTHONPATH=str(there))
        assert done.returncode == 0, f"{document}: {done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        assert expected in done.stdout, document
