"""One environment, one set of tiny weights and one server for all tests of real models."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

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
def tiny(models_python: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Folder with the tiny weights `text`, `image`, `llama`, `hearing` and `embedding`."""

    def make(out: Path) -> None:
        ran(models_python, "tests.models.tiny", out)

    return made_once(tmp_path_factory, worker_id, "tiny", make)


@pytest.fixture(scope="session")
def adapter(models_python: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A LoRA adapter on the tiny text model, made by the commands of docs/fine-tune.md; its examples lie beside it."""

    def make(folder: Path) -> None:
        examples = folder / "examples.jsonl"
        ran(Path(sys.executable), "evals.tuning_examples", "--out", examples)
        given = ("--base", tiny / "text", "--examples", examples, "--out", folder / "ward-lora")
        shape = ("--steps", "40", "--rank", "4", "--rate", "1e-2", "--longest", "3000")
        ran(models_python, "agents.models.fine_tune", *given, *shape)

    return made_once(tmp_path_factory, worker_id, "adapter", make) / "ward-lora"


def ran(python: Path, module: str, *words: str | Path) -> None:
    """Run a module to its end."""
    command = [str(python), "-m", module, *map(str, words)]
    done = subprocess.run(
        command, env=quiet(), cwd=environment.ROOT, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


def made_once(factory: pytest.TempPathFactory, worker_id: str, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that whichever worker comes first makes, and all of them use."""
    base = factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / name
    with FileLock(f"{folder}.lock"):
        if not (folder / "made").exists():
            folder.mkdir(exist_ok=True)
            make(folder)
            (folder / "made").touch()
    return folder


@pytest.fixture(scope="session")
def vllm(models_python: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VllmServer]:
    """A real vLLM that serves the tiny model with an image encoder."""
    server = VllmServer(python=models_python, weights=tiny / "image", log=tmp_path_factory.mktemp("vllm") / "vllm.log")
    server.start()
    try:
        yield server
    finally:
        server.kill()
