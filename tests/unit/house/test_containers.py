"""The compose file and the Dockerfile: loopback only, no secret, a health check each, nobody is root."""

import re
from typing import Any

import pytest
import yaml

from preround.commands.doctor import ROOMS
from preround.settings import Settings
from tests.unit.house.files import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SECRET = re.compile(r"pass(word|wd)?|secret|token|api_?key|credential", re.IGNORECASE)
SETTINGS = {f"PREROUND_{name.upper()}" for name in Settings.model_fields}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
IGNORE = (ROOT / ".dockerignore").read_text().splitlines()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_made_from_something_fixed_and_is_watched(name: str) -> None:
    service = SERVICES[name]
    assert ("build" in service) != ("image" in service)
    if "image" in service:
        tag = service["image"].partition(":")[2]
        assert re.search(r"\d", tag), "pin a version"
    assert service["healthcheck"]["test"][0] == "CMD"
    assert {"interval", "timeout", "retries"} <= set(service["healthcheck"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_open_on_this_machine_only_and_has_no_privileges(name: str) -> None:
    service = SERVICES[name]
    assert service.get("ports"), name
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in service["ports"])
    assert not {"privileged", "network_mode", "pid", "cap_add", "devices"} & set(service)
    assert all(not volume.startswith(("/", ".", "~")) for volume in service.get("volumes", ()))


def test_no_two_services_take_one_port() -> None:
    taken = [port.split(":")[1] for service in SERVICES.values() for port in service["ports"]]
    assert len(taken) == len(set(taken))


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_given_no_secret_and_no_setting_that_does_not_exist(name: str) -> None:
    environment = SERVICES[name].get("environment", {})
    assert not [key for key in environment if SECRET.search(key)]
    assert {key for key in environment if key.startswith("PREROUND_")} <= SETTINGS
    assert "env_file" not in SERVICES[name]


def test_what_a_service_names_exists() -> None:
    volumes = {v.partition(":")[0] for service in SERVICES.values() for v in service.get("volumes", ())}
    assert volumes == set(COMPOSE["volumes"])
    for service in SERVICES.values():
        for other, how in service.get("depends_on", {}).items():
            assert set(SERVICES[other]["profiles"]) == set(service["profiles"])
            assert how["condition"] == "service_healthy"
    reached = SERVICES["app-ehr"]["environment"]["PREROUND_FHIR"]
    assert re.fullmatch(r"http://ehr:8080/fhir", reached)


def test_the_embedded_way_starts_by_itself() -> None:
    plain = {name for name, service in SERVICES.items() if "profiles" not in service}
    assert plain == {"app"}


def test_the_image_is_pinned_and_nobody_is_root() -> None:
    base = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert base == ["python:3.11-slim"]
    assert "--require-hashes" in DOCKERFILE
    user = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)
    assert user == ["preround"]
    assert DOCKERFILE.index("\nUSER ") < DOCKERFILE.index("\nCMD ")
    assert set(re.findall(r"\b(PREROUND_\w+)=", DOCKERFILE)) <= SETTINGS


def test_every_room_and_every_copied_file_reaches_the_image_and_nothing_else_does() -> None:
    assert IGNORE[1] == "*"
    allowed = {line[1:] for line in IGNORE if line.startswith("!")}
    files = {"LICENSE", "README.md", "pyproject.toml", "package.json", "package-lock.json", "requirements/app.txt"}
    assert allowed == set(ROOMS) | files
    assert all((ROOT / path).exists() for path in allowed)
