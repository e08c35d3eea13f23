"""Settings out of files: what a container engine mounts is as good as the environment, which wins over it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from preround import settings
from preround.settings import Settings


def test_a_secret_is_read_from_the_file_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    url = "postgresql+psycopg://preround:abc@db:5432/preround"
    (tmp_path / "preround_database_url").write_text(f"{url}\n")
    (tmp_path / "preround_fhir_token").write_text("opaque")
    (tmp_path / "spring.datasource.password").write_text("another program's")
    assert Settings().database_url is None
    monkeypatch.setattr(settings, "SECRETS", tmp_path)
    found = Settings()
    assert read(found) == url
    assert found.fhir_token is not None
    assert found.fhir_token.get_secret_value() == "opaque"
    assert "opaque" not in repr(found)
    (tmp_path / "preround.toml").write_text('database_url = "sqlite:///other"\nmodel = "medgemma-4b-it"\n')
    assert (read(Settings()), Settings().model) == (url, "medgemma-4b-it")
    monkeypatch.setenv("PREROUND_DATABASE_URL", "postgresql://given")
    assert read(Settings()) == "postgresql://given"
    assert read(Settings(database_url=SecretStr("sqlite://"))) == "sqlite://"
    assert "given" not in repr(Settings())


def read(found: Settings) -> str | None:
    """The database's address, which holds a password."""
    return found.database_url.get_secret_value() if found.database_url else None


def test_an_empty_variable_is_none_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PREROUND_MODEL_REVISION", "")
    monkeypatch.setenv("PREROUND_MODEL_SECONDS", "")
    assert Settings().model_revision is None
    assert Settings().model_seconds == 600.0
