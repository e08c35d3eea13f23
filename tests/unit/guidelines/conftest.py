"""What the guideline tests share: the packages of Node, and one worker for a whole module."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tools.guidelines.compile import TRANSLATOR
from tools.guidelines.worker import PACKAGES, GuidelineWorker

NODE_MODULES = Path(__file__).parents[3] / "node_modules"


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """Where the npm packages are; without them the test says so and is skipped."""
    if not all((NODE_MODULES / each).exists() for each in (*PACKAGES, TRANSLATOR)):
        pytest.skip("the npm packages of the CQL engine are not installed (npm ci)")
    return NODE_MODULES


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def worker(node_modules: Path) -> AsyncIterator[GuidelineWorker]:
    """A running worker."""
    async with GuidelineWorker(node_modules=node_modules) as started:
        yield started
