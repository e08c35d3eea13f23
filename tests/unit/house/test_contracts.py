"""The import contracts hold, and each of them would be broken by what it forbids."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.house.files import ROOT, pyproject

CONFIG: dict[str, Any] = pyproject()["tool"]["importlinter"]
CONTRACTS: list[dict[str, Any]] = CONFIG["contracts"]
PROTECTED = [c for c in CONTRACTS if c["type"] == "protected"]
ROOMS_IN_ORDER = ["benchmarks", "preround", "evals", "graphs", "agents | review", "claims | tools", "chart | store"]


def kept(contracts: list[dict[str, Any]], folder: Path) -> bool:
    """Whether the code as it is keeps these contracts."""
    lines = ["[tool.importlinter]", *(f"{k} = {json.dumps(v)}" for k, v in CONFIG.items() if k != "contracts")]
    for contract in contracts:
        lines += ["[[tool.importlinter.contracts]]", *(f"{k} = {json.dumps(v)}" for k, v in contract.items())]
    (folder / "contracts.toml").write_text("\n".join(lines))
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache", "--config", folder / "contracts.toml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert f"Contracts: {len(contracts) if done.returncode == 0 else 0} kept" in done.stdout, done.stdout + done.stderr
    return done.returncode == 0


def test_every_contract_is_kept(tmp_path: Path) -> None:
    assert kept(CONTRACTS, tmp_path)


@pytest.mark.parametrize("contract", PROTECTED, ids=[c["protected_modules"][0] for c in PROTECTED])
def test_a_protected_module_has_importers_and_another_importer_would_be_seen(
    contract: dict[str, Any], tmp_path: Path
) -> None:
    """With nobody allowed it breaks, so that it does not hold for want of anything to watch."""
    assert not kept([{**contract, "allowed_importers": []}], tmp_path)


def test_the_rooms_are_in_the_order_of_the_architecture_and_not_upside_down(tmp_path: Path) -> None:
    layers = next(c for c in CONTRACTS if c["type"] == "layers")
    assert layers["layers"] == ROOMS_IN_ORDER
    assert not kept([{**layers, "layers": ROOMS_IN_ORDER[::-1]}], tmp_path)
