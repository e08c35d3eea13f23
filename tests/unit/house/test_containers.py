"""The compose file and the Dockerfile: valid, loopback only, no secret, a health check each, nobody is root.

No container engine is asked. The compose file is held against the Compose specification's own JSON schema, as
check-jsonschema brings it along, with and without its variables filled in; what a schema cannot say is tested here. The
flags of vLLM are held against vLLM's own parser in tests/models.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from agents.models.registry import registry
from preround.cli import COMMANDS
from preround.commands.doctor import ROOMS
from preround.reference.settings_page import variables
from tests.unit.house.compose import FILE, SERVICES, TEXT, VARIABLE, compose, filled, words
from tests.unit.house.files import ROOT, pyproject

COMPOSE = compose()
SECRET = re.compile(r"pass(word|wd)?|secret|token|api_?key|credential", re.IGNORECASE)
SETTINGS = {name for name, _ in variables()}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
IGNORE = (ROOT / ".dockerignore").read_text().splitlines()
OURS = {name: s for name, s in SERVICES.items() if "build" in s}
VLLM = {name: s for name, s in SERVICES.items() if s.get("profiles") == ["gpu"]}
ONCE = {"weights"}
"""Services that do one thing and end."""


def validated(path: Path) -> subprocess.CompletedProcess[str]:
    """A file held against the Compose specification."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_the_file_is_what_the_compose_specification_allows(tmp_path: Path) -> None:
    assert validated(FILE).returncode == 0
    names = {m["name"] for m in VARIABLE.finditer(TEXT)}
    for given in ({}, dict.fromkeys(names, "7")):
        path = tmp_path / "docker-compose.yml"
        path.write_text(filled(TEXT, given))
        done = validated(path)
        assert done.returncode == 0, done.stdout
    broken = compose()
    broken["services"]["web"]["portss"] = ["1:1"]
    path.write_text(yaml.safe_dump(broken))
    assert validated(path).returncode != 0, "the specification is really asked"


def test_every_variable_has_a_default() -> None:
    body = "\n".join(line.partition(" #")[0] for line in TEXT.splitlines() if not line.lstrip().startswith("#"))
    assert body.count("$") == len(VARIABLE.findall(body))
    assert "$" not in filled(body)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_made_from_something_fixed_and_is_watched(name: str) -> None:
    service = SERVICES[name]
    assert ("build" in service) != ("image" in service)
    if "image" in service:
        tag = service["image"].partition(":")[2]
        assert re.search(r"\d+\.\d+", tag), "pin a version"
    if name in ONCE:
        assert "restart" not in service
        return
    assert service["healthcheck"]["test"][0] == "CMD"
    assert {"interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"])
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_open_on_this_machine_only_and_has_no_privileges(name: str) -> None:
    service = SERVICES[name]
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in service.get("ports", ()))
    assert not {"privileged", "network_mode", "pid", "ipc", "cap_add", "devices"} & set(service)
    assert all(not volume.startswith(("/", ".", "~")) for volume in service.get("volumes", ()))
    if name not in ONCE:
        assert "no-new-privileges:true" in service["security_opt"]


def test_a_database_is_reached_by_its_program_alone() -> None:
    for name in ("db", "ehr-db"):
        assert "ports" not in SERVICES[name]
        assert SERVICES[name]["networks"] == ["data"]
    assert COMPOSE["networks"]["data"]["internal"] is True


def test_no_two_services_take_one_port() -> None:
    taken = [port.split(":")[1] for service in SERVICES.values() for port in service.get("ports", ())]
    assert len(taken) == len(set(taken))


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_given_no_secret_and_no_setting_that_does_not_exist(name: str) -> None:
    environment = SERVICES[name].get("environment", {})
    shown = {key: value for key, value in environment.items() if SECRET.search(key)}
    assert all(str(value).startswith("/run/secrets/") for value in shown.values()), "a file's name at most"
    assert {key for key in environment if key.startswith("PREROUND_")} <= SETTINGS
    assert not re.search(r"--(api-key|password|hf-token)\b", " ".join(words(SERVICES[name])))
    for source in SERVICES[name].get("secrets", ()):
        assert (source if isinstance(source, str) else source["source"]) in COMPOSE["secrets"]


def test_secrets_lie_in_files_that_neither_git_nor_the_image_sees() -> None:
    used = {
        s if isinstance(s, str) else s["source"] for service in SERVICES.values() for s in service.get("secrets", ())
    }
    assert used == set(COMPOSE["secrets"])
    assert all(secret["file"].startswith("./secrets/") for secret in COMPOSE["secrets"].values())
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"secrets/", ".env"} <= set(ignored)
    assert IGNORE[1] == "*"
    assert not [line for line in IGNORE if line.startswith(("!secrets", "!.env"))]
    assert SERVICES["web"]["secrets"] == ["preround_database_url"], "which the settings read by its name"
    assert "PREROUND_DATABASE_URL" in SETTINGS


def test_what_a_service_names_exists() -> None:
    volumes = {v.partition(":")[0] for service in SERVICES.values() for v in service.get("volumes", ())}
    assert volumes == set(COMPOSE["volumes"])
    networks = {n for service in SERVICES.values() for n in service.get("networks", ())}
    assert networks - {"default"} == set(COMPOSE["networks"])
    for service in SERVICES.values():
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] == "service_healthy"
            with_it = set(SERVICES[other]["profiles"]) >= set(service["profiles"])
            assert with_it or how.get("required") is False, "without its profile it would not start"
    hosts = set(re.findall(r"(?:http|jdbc:postgresql)://([a-z-]+)[:/]", json.dumps(SERVICES)))
    assert hosts - {"127"} <= set(SERVICES)


def test_each_profile_starts_what_it_says() -> None:
    profiles: dict[str, set[str]] = {}
    for name, service in SERVICES.items():
        assert len(service["profiles"]) == 1, "nothing starts unasked"
        profiles.setdefault(service["profiles"][0], set()).add(name)
    assert profiles == {
        "demo": {"demo"},
        "app": {"web", "db"} | ({"worker"} if "worker" in COMMANDS else set()),
        "ehr": {"ehr", "ehr-db"},
        "watch": {"prometheus"},
        "pacs": {"pacs"},
        "gpu": {"reason", "see"},
        "weights": {"weights"},
    }
    assert set(re.findall(r"--profile ([a-z]+)", TEXT)) == set(profiles)


@pytest.mark.parametrize("name", OURS)
def test_what_an_image_of_ours_runs_is_a_command(name: str) -> None:
    ran = words(OURS[name]) or json.loads(re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)[0])
    assert ran[0] == "preround"
    assert ran[1] in COMMANDS


@pytest.mark.parametrize("name", VLLM)
def test_a_model_is_served_as_its_row_and_the_offline_rule_want_it(name: str) -> None:
    said = words(VLLM[name])
    served = said[said.index("--served-model-name") + 1]
    row = registry()[served]
    assert ("see" if name == "see" else "reason") == row.roles[0]
    assert said[said.index("--model") + 1] == row.repository
    assert said[said.index("--max-model-len") + 1] == str(row.served_context)
    assert said[said.index("--dtype") + 1] == "bfloat16"
    assert f"{served}@main" in said
    assert "disable_any_whitespace" in said[said.index("--structured-outputs-config") + 1]
    quiet = VLLM[name]["environment"]
    assert (quiet["HF_HUB_OFFLINE"], quiet["VLLM_NO_USAGE_STATS"], quiet["DO_NOT_TRACK"]) == ("1", "1", "1")
    assert VLLM[name]["volumes"] == ["weights:/weights:ro"]


def test_a_revision_and_further_flags_reach_the_model_as_they_are_given() -> None:
    given = {"REASON_REVISION": "0123456789abcdef", "REASON_FLAGS": "--kv-cache-dtype fp8", "REASON_CARDS": "2"}
    said = words(compose(given)["services"]["reason"])
    assert said[said.index("--revision") + 1] == "0123456789abcdef"
    assert "medgemma-27b-text-it@0123456789abcdef" in said
    assert said[-2:] == ["--kv-cache-dtype", "fp8"]
    assert words(SERVICES["reason"])[-2:] == ["--quantization", "fp8"], "what one card of 80 GB wants"
    assert "--quantization" not in words(compose({"REASON_FLAGS": ""})["services"]["reason"])
    assert compose(given)["services"]["web"]["environment"]["PREROUND_MODEL_REVISION"] == "0123456789abcdef"


def test_one_card_holds_both_models() -> None:
    shares = [float(s[s.index("--gpu-memory-utilization") + 1]) for s in map(words, VLLM.values())]
    assert sum(shares) <= 0.95


def test_the_image_is_pinned_and_nobody_is_root() -> None:
    base = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(base) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim", base[0])
    assert "--require-hashes" in DOCKERFILE
    user = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)
    assert user == ["preround"]
    assert DOCKERFILE.index("\nUSER ") < DOCKERFILE.index("\nCMD ")
    assert "\nHEALTHCHECK " in DOCKERFILE
    assert "npm ci" in DOCKERFILE, "the CQL engine is in the image"
    assert set(re.findall(r"\b(PREROUND_\w+)=", DOCKERFILE)) <= SETTINGS


def test_each_extra_of_the_image_has_its_pins() -> None:
    named = re.findall(r"^# Further pins by name.*: ([a-z, ]+) \(", DOCKERFILE, re.MULTILINE)[0].split(", ")
    assert set(named) <= set(pyproject()["project"]["optional-dependencies"])
    for name in [*named, *(s["build"]["args"]["EXTRAS"] for s in OURS.values() if isinstance(s["build"], dict))]:
        assert (ROOT / "requirements" / f"{name}.txt").exists()
        assert f"requirements/{name}.txt" in DOCKERFILE


def test_every_room_and_every_copied_file_reaches_the_image_and_nothing_else_does() -> None:
    assert IGNORE[1] == "*"
    allowed = {line[1:] for line in IGNORE if line.startswith("!")}
    files = {"LICENSE", "README.md", "pyproject.toml", "package.json", "package-lock.json"}
    pins = set(re.findall(r"requirements/[a-z]+\.txt", DOCKERFILE))
    assert allowed == set(ROOMS) | files | pins
    assert all((ROOT / path).exists() for path in allowed)


def test_documents_name_profiles_services_and_variables_that_exist() -> None:
    documents = (ROOT / "README.md", ROOT / "docs" / "serving.md", *(ROOT / "docs" / "how-to").glob("*.md"))
    text = "\n".join(one.read_text() for one in documents)
    called = re.findall(r"docker compose (?:exec|stop)(?: -T)? ((?:[a-z]+ ?)+)", text)
    assert {called_first.split()[0] for called_first in called} <= set(SERVICES)
    profiles = {p for service in SERVICES.values() for p in service["profiles"]}
    assert set(re.findall(r"--profile ([a-z]+)", text)) <= profiles
    variables = {m["name"] for m in VARIABLE.finditer(TEXT)}
    assert set(re.findall(r"`((?:REASON|SEE)_[A-Z]+)(?:=[^`]*)?`", text)) <= variables
    assert {v for v in variables if v.startswith(("REASON_", "SEE_"))} <= set(re.findall(r"[A-Z]+_[A-Z]+", text))
