"""`preround doctor` on the ways in: what is well said, and for each thing that is wrong what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette

from preround.cds_hooks.site import HookClient, HookSite
from preround.people.checks import door_checks
from preround.people.site import SignIn, Smart
from preround.settings import Settings
from tests.provider import CLIENT, Provider
from tests.unit.fhir.socket_server import served

ROLES: dict[str, Any] = {"ward": ("clinician",)}


@dataclass
class Clock:
    """A clock that can be wrong."""

    off: timedelta = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off  # noqa: TID251 - a provider tells the time by it


async def said(settings: Settings, clock: Clock | None = None) -> dict[str, tuple[bool, str]]:
    return {name: (ok, words) for name, ok, words in await door_checks(settings, (clock or Clock()).now)}


async def test_one_person_on_one_machine_is_well(tmp_path: Path) -> None:
    found = await said(Settings(home=tmp_path))
    assert found.keys() == {"sign-in", "cards"}
    assert all(ok for ok, _ in found.values())
    assert "one-time link" in found["sign-in"][1]


async def test_a_provider_is_asked_for_its_keys_and_its_clock(tmp_path: Path) -> None:
    clock = Clock()
    provider = Provider(clock)
    async with served(provider) as fhir:
        base = fhir.removesuffix("/fhir")
        settings = Settings(home=tmp_path, sign_in=SignIn(issuer=base, client_id=CLIENT, roles=ROLES))
        ok, words = (await said(settings))["sign-in"]
        assert ok, words
        assert "1 key" in words
        assert "/sign-in/back" in words
        ok, words = (await said(settings, Clock(off=timedelta(minutes=9))))["sign-in"]
        assert (ok, "NTP" in words) == (False, True)
    ok, words = (await said(settings))["sign-in"]
    assert (ok, "does not answer" in words) == (False, True)


@pytest.mark.parametrize(
    ("sign_in", "named"),
    [
        (SignIn(issuer="http://127.0.0.1:1", client_id=CLIENT), "PREROUND_SIGN_IN__ROLES"),
        (SignIn(issuer="http://127.0.0.1:1", roles=ROLES), "PREROUND_SIGN_IN__CLIENT_ID"),
    ],
)
async def test_what_is_not_set_is_named(tmp_path: Path, sign_in: SignIn, named: str) -> None:
    ok, words = (await said(Settings(home=tmp_path, sign_in=sign_in)))["sign-in"]
    assert (ok, named in words) == (False, True)


async def test_a_launch_needs_a_server_that_offers_it(tmp_path: Path) -> None:
    provider = Provider(Clock(), Starlette())
    smart, sign_in = Smart(client_id=CLIENT), SignIn(roles=ROLES)
    async with served(provider) as base:
        ok, words = (await said(Settings(home=tmp_path, fhir=base, smart=smart, sign_in=sign_in)))["launch"]
        assert (ok, "/launch/back" in words) == (True, True), words
        provider.methods = ["plain"]
        ok, words = (await said(Settings(home=tmp_path, fhir=base, smart=smart, sign_in=sign_in)))["launch"]
        assert (ok, "S256" in words) == (False, True)
    ok, words = (await said(Settings(home=tmp_path, smart=smart, sign_in=sign_in)))["launch"]
    assert (ok, "PREROUND_FHIR" in words) == (False, True)


async def test_each_system_that_asks_for_cards_must_show_a_key(tmp_path: Path) -> None:
    good, empty = tmp_path / "good.json", tmp_path / "gone.json"
    key = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
    good.write_bytes(orjson.dumps(KeySet([key]).as_dict(private=False)))
    for jwks, well in ((good, True), (empty, False)):
        hooks = HookSite(clients=(HookClient(iss="https://ehr.example", jwks=jwks),))
        ok, words = (await said(Settings(home=tmp_path, hooks=hooks)))["cards"]
        assert (ok, "https://ehr.example" in words) == (well, True), words
    away = HookSite(clients=(HookClient(iss="https://ehr.example", jwks_url="http://127.0.0.1:1/keys"),))
    ok, words = (await said(Settings(home=tmp_path, hooks=away)))["cards"]
    assert (ok, "[hooks]" in words) == (False, True)
