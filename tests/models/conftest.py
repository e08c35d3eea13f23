"""One environment, one set of tiny weights and one server for all tests of real models."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import IN_CI
from tests.models import environment
from tests.models.server import VllmServer, quiet

# What lies in `inside` runs in the models' environment, started by test_inside.py.
collect_ignore = ["inside", "shim"]


def pytest_configure(config: pytest.Config) -> None:
    """Name the marks of this folder."""
    config.addinivalue_line("markers", "models: runs real model code on tiny random weights")
    config.addinivalue_line("markers", "vllm: starts a real vLLM on the CPU")


@pytest.fixture(scope="session")
def models_python() -> Path:
    """The Python with vLLM and transformers; made in CI, elsewhere used where it was made."""
    if IN_CI:
        return environment.make()
    found = environment.python()
    if found is None:
        pytest.skip("The models' environment is missing: run python -m tests.models.environment")
    return found


@pytest.fixture(scope="session")
def tiny(models_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the tiny weights `text`, `image`, `llama`, `hearing` and `embedding`."""
    out = tmp_path_factory.mktemp("tiny")
    command = [str(models_python), "-m", "tests.models.tiny", str(out)]
    subprocess.run(command, env=quiet(), cwd=environment.ROOT, check=True, capture_output=True, timeout=300)
    return out


@pytest.fixture(scope="session")
def vllm(models_python: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VllmServer]:
    """A real vLLM that serves the tiny model with an image encoder."""
    server = VllmServer(python=models_python, weights=tiny / "image", log=tmp_path_factory.mktemp("vllm") / "vllm.log")
    server.start()
    try:
        yield server
    finally:
        server.kill()
