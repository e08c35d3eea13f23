"""The settings' ways to log in, as `preround doctor` and `preround key` use them."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from preround.cli import app as cli
from preround.commands.doctor import logins
from preround.fhir_login import LoginUnclear, login
from preround.settings import Settings
from tests.unit.fhir.fake_fhir import FakeFhir
from tests.unit.fhir.socket_server import served
from tests.unit.fhir.token_server import CLIENT, SmartFhir
from tools.fhir.auth import BasicAuth, BearerAuth, NoAuth
from tools.fhir.errors import KeyUnusable
from tools.fhir.smart.key import SigningKey

NOW = datetime(2026, 6, 1, tzinfo=UTC)


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - doctor logs in at the real time


def chosen(settings: Settings) -> object:
    return login(settings, settings.fhir or "http://none.invalid", purpose="read", now=lambda: NOW)


def test_the_settings_choose_one_way() -> None:
    base: dict[str, Any] = {"fhir": "http://127.0.0.1/fhir"}
    token, word = SecretStr("t"), SecretStr("w")
    assert chosen(Settings(**base)) == NoAuth()
    assert chosen(Settings(**base, fhir_token=token)) == BearerAuth(token="t")  # noqa: S106
    assert chosen(Settings(**base, fhir_user="u", fhir_password=word)) == BasicAuth(user="u", password="w")  # noqa: S106
    assert chosen(Settings(fhir_token=token)) == NoAuth()  # the embedded sandbox gets nobody's token
    for wrong in (
        {"fhir_token": token, "fhir_client_id": "c"},
        {"fhir_user": "u"},
        {"fhir_client_id": "c"},
        {"fhir_client_id": "c", "fhir_key": Path("a"), "fhir_key_text": word},
    ):
        with pytest.raises(LoginUnclear):
            chosen(Settings(**base, **wrong))
    with pytest.raises(KeyUnusable, match="PREROUND_FHIR_KEY"):
        chosen(Settings(**base, fhir_client_id="c", fhir_key=Path("not-there.pem")))


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    made = CliRunner().invoke(cli, ["key", str(file), "--new", "--json", str(tmp_path / "jwks.json")])
    assert made.exit_code == 0, made.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown = json.loads((tmp_path / "jwks.json").read_text())
    assert shown == SigningKey.read(file.read_text()).public_jwks
    assert CliRunner().invoke(cli, ["key", str(file), "--new"]).exit_code == 4
    assert CliRunner().invoke(cli, ["key", str(tmp_path / "jwks.json")]).exit_code == 2
    assert CliRunner().invoke(cli, ["key", str(tmp_path / "none")]).exit_code == 2


async def test_doctor_logs_in_and_says_how_it_went(tmp_path: Path) -> None:
    key = SigningKey.made()
    file = tmp_path / "key.pem"
    file.write_text(key.pem)
    smart = SmartFhir(FakeFhir({"resourceType": "Patient", "id": "p"}), keys=key.public_jwks, clock=WallClock())
    async with served(smart) as base:
        settings = Settings(fhir=base, fhir_client_id=CLIENT, fhir_key=file)
        found = await logins(settings)
        assert [c.ok for c in found] == [True, True]
        assert "system/*.rs" in found[0].detail
        assert "system/*.rs system/*.cu" in found[1].detail
        smart.grants = {"system/*.rs"}
        read, write = await logins(settings)
        assert (read.ok, write.ok) == (True, False)
        assert "PREROUND_FHIR_SCOPES" in write.detail
        (refused,) = await logins(Settings(fhir=base, fhir_token=SecretStr("wrong")))
        assert not refused.ok
        assert "check the credentials" in refused.detail
