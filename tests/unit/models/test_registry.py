"""The registry: rows that the project ships, rows that a site lays over them, and the pin against what is served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.models.registry import ModelRow, ModelUnknown, RegistryUnusable, registry, row_of
from agents.models.serving import compared
from agents.models.source import GROUPS, SourceAttributes

PIN = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("name", "repository", "role"),
    [
        ("medgemma-27b-text-it", "google/medgemma-27b-text-it", "reason"),
        ("medgemma-27b-it", "google/medgemma-27b-it", "see"),
        ("medgemma-1.5-4b-it", "google/medgemma-1.5-4b-it", "see"),
        ("medgemma-4b-it", "google/medgemma-4b-it", "see"),
        ("medsiglip-448", "google/medsiglip-448", "embed-image"),
        ("medasr", "google/medasr", "hear"),
        ("openbiollm-8b", "aaditya/Llama3-OpenBioLLM-8B", "reason"),
        ("openbiollm-70b", "aaditya/Llama3-OpenBioLLM-70B", "reason"),
        ("meditron3-8b", "OpenMeditron/Meditron3-8B", "reason"),
        ("meditron3-70b", "OpenMeditron/Meditron3-70B", "reason"),
    ],
)
def test_each_model_of_the_project_has_a_row(name: str, repository: str, role: str) -> None:
    row = row_of(name)
    assert row.repository == repository
    assert role in row.roles
    assert row.revision is None, "the site pins what it downloaded"
    assert row.licence
    assert row.source.developer != "unknown"
    assert row.source.intended_use != "unknown"
    assert row.source.out_of_scope != "unknown"
    assert row.card != "unknown", "it says where its attributes were taken from"
    assert "text" not in row.modalities or row.served_context <= row.context
    assert row.served_context > row.answer_tokens or row.served_context == 0
    assert ("image" in row.modalities and "reason" in row.roles) == (row.image_tokens is not None)


def test_no_other_rows_but_two_that_stand_for_any_model() -> None:
    rows = registry()
    assert len(rows) == 12
    assert {r.name for r in rows.values() if r.generic} == {"openai-compatible", "lora-adapter"}
    assert not rows["lora-adapter"].named
    lora = row_of("lora-adapter", served="ward")
    assert lora.named
    assert (lora.served_name, lora.base, lora.adapter) == ("ward", "medgemma-27b-text-it", True)
    assert lora.thinking == rows["medgemma-27b-text-it"].thinking
    assert "87.7" not in lora.source.validity_external, "the base's figures are not the adapter's"


def test_the_source_attributes_are_the_31_of_the_rule() -> None:
    listed = [key for keys in GROUPS.values() for key in keys]
    assert len(listed) == len(set(listed)) == 31
    assert set(listed) == set(SourceAttributes.model_fields)
    assert [len(keys) for keys in GROUPS.values()] == [4, 4, 2, 4, 2, 4, 5, 4, 2]
    for row in registry().values():
        shown = [value for _, attributes in row.source.grouped() for _, value in attributes]
        assert len(shown) == 31
        assert row.source.known == sum(value != "unknown" for value in shown)
    assert registry()["openai-compatible"].source.known == 0, "nothing is said of what nobody named"
    local = {row.source.validity_local for row in registry().values()}
    assert local == {"unknown"}, "only the site can measure that"


def site(folder: Path, text: str) -> Path:
    path = folder / "models.toml"
    path.write_text(text)
    return path


def test_a_site_adds_an_endpoint_an_adapter_and_a_pin(tmp_path: Path) -> None:
    rows = registry(
        site(
            tmp_path,
            f"""
            [[model]]
            name = "medgemma-27b-text-it"
            revision = "{PIN}"
            [[model]]
            name = "our-lora"
            base = "medgemma-27b-text-it"
            adapter = true
            repository = "/srv/adapters/our-lora"
            [[model]]
            name = "house-llm"
            roles = ["reason"]
            repository = "house/llm"
            served = "House-LLM-7B"
            url = "https://llm.hospital.example/v1"
            modalities = ["text"]
            context = 16384
            served_context = 16384
            answer_tokens = 2048
            gigabytes = 15
            licence = "bought"
            """,
        )
    )
    base, lora, house = rows["medgemma-27b-text-it"], rows["our-lora"], rows["house-llm"]
    assert base.revision == PIN
    assert base.thinking is not None
    assert lora.thinking == base.thinking
    assert lora.adapter
    assert (lora.base, lora.revision, lora.served_name) == ("medgemma-27b-text-it", None, "our-lora")
    assert (house.served_name, house.url) == ("House-LLM-7B", "https://llm.hospital.example/v1")


@pytest.mark.parametrize(
    "text",
    [
        "no toml [",
        "[other]",
        "model = 5",
        "[[model]]\nrole = 1",
        '[[model]]\nname = "x"',
        '[[model]]\nname = "x"\nbase = "nowhere"',
        '[[model]]\nname = "x"\nbase = "x"',
        '[[model]]\nname = "medasr"\nrevision = "main"',
        '[[model]]\nname = "medasr"\nlicense = "typo"',
        '[[model]]\nname = "medasr"\nsource = "a card"',
        '[[model]]\nname = "medasr"\n[model.source]\nauthor = "typo"',
    ],
)
def test_a_site_file_that_is_wrong_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(RegistryUnusable, match="PREROUND_MODELS"):
        registry(site(tmp_path, text))


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RegistryUnusable):
        registry(tmp_path / "missing.toml")
    with pytest.raises(ModelUnknown, match="preround models"):
        row_of("gpt")


def tiny(**changes: Any) -> ModelRow:
    return ModelRow.model_validate({**row_of("medgemma-4b-it").model_dump(), "name": "tiny", **changes})


@pytest.mark.parametrize(
    ("pin", "served", "state", "words"),
    [
        (None, {"tiny": ""}, "served", "no revision is pinned"),
        (PIN, {"tiny": "/cache/models--x/snapshots/" + PIN}, "served", "pinned revision"),
        (PIN[:8], {"tiny": "", f"tiny@{PIN}": ""}, "served", "pinned revision"),
        (PIN, {"tiny": "/cache/snapshots/" + PIN[::-1]}, "differs", "the pin says"),
        (PIN, {"tiny": "", f"tiny@{PIN[::-1]}": ""}, "differs", "the pin says"),
        (PIN, {"tiny": "google/x"}, "served", "does not say"),
        (PIN, {"other": ""}, "not served", "serves other"),
        (PIN, {}, "not served", "serves nothing"),
    ],
)
def test_the_pin_against_what_is_served(pin: str | None, served: dict[str, str], state: str, words: str) -> None:
    found = compared(
        tiny(revision=pin), {n: {"id": n, "root": root, "max_model_len": 40_000} for n, root in served.items()}
    )
    assert found.state == state
    assert words in found.detail
    assert found.ok == (state == "served")


@pytest.mark.parametrize(
    ("changes", "said", "state", "words"),
    [
        ({}, {"max_model_len": 8192}, "differs", "--max-model-len 32768"),
        ({"served_context": 8192}, {"max_model_len": 8192}, "served", "no revision"),
        ({}, {}, "served", "no revision"),
        ({"adapter": True}, {"parent": None}, "differs", "--lora-modules"),
        ({"adapter": True}, {"parent": "medgemma-4b-it"}, "served", "no revision"),
        ({}, {"parent": "medgemma-4b-it"}, "differs", "adapter on medgemma-4b-it"),
        ({"generic": True}, {}, "not served", "PREROUND_MODEL_SERVED"),
    ],
)
def test_what_else_a_server_says_of_a_model(
    changes: dict[str, Any], said: dict[str, Any], state: str, words: str
) -> None:
    found = compared(tiny(**changes), {"tiny": {"id": "tiny", **said}})
    assert found.state == state
    assert words in found.detail
