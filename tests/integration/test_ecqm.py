"""The published CMS measures on their published cases."""

import os
from pathlib import Path

import pytest

from evals.ecqm import run
from tools.guidelines.worker import PACKAGES

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("PREROUND_TEST_DATA", str(ROOT.parent / "shared" / "data"))) / "ecqm"


@pytest.fixture
def node_modules() -> Path:
    if not all((ROOT / "node_modules" / each).exists() for each in PACKAGES):
        pytest.skip("the npm packages of the CQL engine are not installed (npm ci)")
    if not DATA.exists():
        pytest.skip(f"the published measures are not at {DATA.name} of PREROUND_TEST_DATA")
    return ROOT / "node_modules"


async def test_every_case_as_published(node_modules: Path) -> None:
    found = await run(DATA, node_modules=node_modules)
    assert [each for each in found["cases"] if not each["ok"]] == []
    assert found["passed"] == found["total"] > 0


async def test_charts_without_profile_tags(node_modules: Path) -> None:
    """One case tags refused orders as orders and counts them as done; a chart of ours never does."""
    found = await run(DATA, node_modules=node_modules, without_profiles=True)
    differ = [each["id"].partition("/")[0] for each in found["cases"] if not each["ok"]]
    assert len(differ) <= 2
    assert set(differ) <= {"PCSBPScreeningFollowUpFHIR"}
