"""Who may ask for cards: tokens of systems that the site names, from origins that it names; nobody else."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA384
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from preround.cds_hooks.site import HookClient, HookSite
from preround.replay.stage_clock import StageClock
from preround.settings import Settings
from preround.shown.instant import instant
from preround.web.app import create_web
from preround.wiring import House, open_house
from tests.integration.ehr import Ehr, asking, call, with_key
from tests.visiting import SITE
from tools.fhir.smart.key import SigningKey
from tools.key_set import KeysAway, KeySets

ISSUER = "https://ehr.example"
ORIGIN = "https://pages.ehr.example"
NOW = instant("2026-06-01T08:00:00Z")
PATH = "/cds-services/preround-patient-view"
KEY = SigningKey.made()
NOTHING = {"resourceType": "Bundle", "type": "searchset", "total": 0}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(KEY.public_jwks))
    site = HookSite(clients=(HookClient(iss=ISSUER, jwks=keys),), origins=(ORIGIN,))
    async with open_house(Settings(home=tmp_path / "home", hooks=site), clock=StageClock(NOW)) as opened:
        yield opened


@pytest.fixture
async def ehr(house: House) -> AsyncIterator[Ehr]:
    async with asking(house, key=False) as found:
        yield found


def claims(**other: Any) -> dict[str, Any]:
    at = int(NOW.timestamp())
    found = {"iss": ISSUER, "aud": f"{SITE}{PATH}", "iat": at, "exp": at + 300, "jti": "one"} | other
    return {name: value for name, value in found.items() if value is not None}


def by_hand(algorithm: str, key_id: str, sign: Callable[[bytes], bytes]) -> str:
    """A token as the library would not make it."""
    parts = [json.dumps(part).encode() for part in ({"alg": algorithm, "kid": key_id, "typ": "JWT"}, claims())]
    text = b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    return b".".join([text, urlsafe_b64encode(sign(text)).rstrip(b"=")]).decode()


async def asked(ehr: Ehr, token: str | None) -> httpx.Response:
    prefetch: dict[str, Any] = dict.fromkeys(ehr.services["patient-view"]["prefetch"], NOTHING)
    prefetch["patient"] = {"resourceType": "Patient", "id": "p1", "birthDate": "1960-01-01"}
    more = {"authorization": f"Bearer {token}"} if token else {}
    return await ehr.ask("patient-view", call("patient-view", "p1", prefetch=prefetch), **more)


async def test_a_named_client_comes_in_once_with_each_token(ehr: Ehr) -> None:
    token = KEY.sign(claims())
    assert (await asked(ehr, token)).status_code == 200
    again = await asked(ehr, token)
    assert (again.status_code, again.headers["www-authenticate"]) == (401, "Bearer")
    assert "used before" in again.json()["detail"]
    assert (await asked(ehr, KEY.sign(claims(jti="two")))).status_code == 200


async def test_a_used_token_stays_used_in_the_next_process(house: House, ehr: Ehr) -> None:
    token = KEY.sign(claims())
    assert (await asked(ehr, token)).status_code == 200
    async with open_house(house.settings, clock=StageClock(NOW)) as later, asking(later, key=False) as there:
        assert (await asked(there, token)).status_code == 401


WRONG: dict[str, Callable[[], str | None]] = {
    "no token": lambda: None,
    "no JWT": lambda: "nonsense",
    "another issuer": lambda: KEY.sign(claims(iss="https://other.example")),
    "another audience": lambda: KEY.sign(claims(aud=f"{SITE}/cds-services/preround-order-sign")),
    "no audience": lambda: KEY.sign(claims(aud=None)),
    "expired": lambda: KEY.sign(claims(iat=1, exp=2)),
    "from the future": lambda: KEY.sign(claims(iat=claims()["iat"] + 120, exp=claims()["iat"] + 240)),
    "not yet": lambda: KEY.sign(claims(nbf=claims()["iat"] + 120)),
    "too long": lambda: KEY.sign(claims(exp=claims()["iat"] + 3600)),
    "no end": lambda: KEY.sign(claims(exp=None)),
    "times in words": lambda: KEY.sign(claims(iat="now")),
    "no id": lambda: KEY.sign(claims(jti=None)),
    "an id that is a number": lambda: KEY.sign(claims(jti=7)),
    "a stranger's key under a known name": lambda: jwt.encode(
        claims(), SigningKey.made().private, algorithm="ES384", headers={"kid": KEY.key_id}
    ),
    "a key that nobody knows": lambda: SigningKey.made().sign(claims()),
    "no key named": lambda: jwt.encode(claims(), KEY.private, algorithm="ES384"),
    "HMAC with the public key": lambda: by_hand(
        "HS384", KEY.key_id, lambda text: hmac.digest(json.dumps(KEY.public_jwks).encode(), text, "sha384")
    ),
    "none": lambda: by_hand("none", KEY.key_id, lambda text: b""),
    "a key set of its own": lambda: jwt.encode(
        claims(), KEY.private, algorithm="ES384", headers={"kid": KEY.key_id, "jku": "https://evil.example/jwks"}
    ),
    "RSA by the name of the curve's key": lambda: jwt.encode(
        claims(), rsa.generate_private_key(65537, 2048), algorithm="RS384", headers={"kid": KEY.key_id}
    ),
}


async def test_whoever_does_not_prove_it_is_refused(ehr: Ehr) -> None:
    for name, token in WRONG.items():
        answer = await asked(ehr, token())
        assert answer.status_code == 401, name
        assert answer.json()["title"] == "Unauthorized", name
        assert "cards" not in answer.json(), name


@pytest.mark.parametrize("kind", ["P-256", "RSA 1024"])
async def test_weak_keys_open_nothing(tmp_path: Path, kind: str) -> None:
    if kind == "P-256":
        weak: Any = ec.generate_private_key(ec.SECP256R1())
        public = ECAlgorithm.to_jwk(weak.public_key(), as_dict=True)
    else:
        weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it is to be refused
        public = RSAAlgorithm.to_jwk(weak.public_key(), as_dict=True)
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [{**public, "kid": "weak"}]}))
    site = HookSite(clients=(HookClient(iss=ISSUER, jwks=tmp_path / "keys.json"),))
    if kind == "P-256":
        token = by_hand("ES384", "weak", lambda text: weak.sign(text, ec.ECDSA(SHA384())))
    else:
        token = by_hand("RS384", "weak", lambda text: weak.sign(text, padding.PKCS1v15(), SHA384()))
    async with (
        open_house(Settings(home=tmp_path / "home", hooks=site), clock=StageClock(NOW)) as house,
        asking(house, key=False) as ehr,
    ):
        assert (await asked(ehr, token)).status_code == 401


async def test_feedback_wants_a_token_for_its_own_address(ehr: Ehr) -> None:
    token = KEY.sign(claims())
    path = f"{PATH}/feedback"
    sent = await ehr.web.post(path, json={"feedback": []}, headers={"authorization": f"Bearer {token}"})
    assert sent.status_code == 401


async def test_where_no_client_is_named_the_access_key_alone_opens(tmp_path: Path) -> None:
    async with open_house(with_key(Settings(home=tmp_path))) as house:
        async with asking(house, key=False) as ehr:
            assert (await asked(ehr, None)).status_code == 401
            assert (await asked(ehr, "another-key")).status_code == 401
        async with asking(house) as ehr:
            assert (await asked(ehr, None)).status_code == 200


async def test_pages_of_a_named_origin_may_ask_and_no_others(house: House) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=create_web(house)), base_url=SITE) as web:

        async def before(origin: str, path: str = PATH) -> httpx.Response:
            asks = {"origin": origin, "access-control-request-method": "POST"}
            return await web.options(path, headers={**asks, "access-control-request-headers": "authorization"})

        allowed = await before(ORIGIN)
        assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, ORIGIN)
        assert (await before("https://evil.example")).status_code == 400
        assert "access-control-allow-origin" not in (await before(ORIGIN, "/api/items")).headers
        for origin, expected in ((ORIGIN, 401), ("https://evil.example", 403)):
            sent = {"origin": origin, "sec-fetch-site": "cross-site"}
            answer = await web.post(PATH, json={}, headers=sent)
            assert answer.status_code == expected
            assert answer.headers.get("access-control-allow-origin") == (ORIGIN if expected == 401 else None)
        blocked = await web.post("/api/runs", json={}, headers={"origin": ORIGIN, "sec-fetch-site": "cross-site"})
        assert blocked.status_code == 403


class _Published:
    """A system's key set over HTTP; counts who reads it."""

    def __init__(self) -> None:
        self.keys: list[Any] = [*KEY.public_jwks["keys"]]
        self.reads = 0
        self.status = 200

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.reads += 1
        return httpx.Response(self.status, json={"keys": self.keys})


async def test_published_keys_are_kept_and_read_again_for_a_new_one() -> None:
    published, clock, url = _Published(), StageClock(NOW), "https://ehr.example/jwks"
    sets = KeySets(now=clock.now, transport=httpx.MockTransport(published))
    assert await sets.key(url, KEY.key_id)
    assert await sets.key(url, KEY.key_id)
    assert await sets.key(url, "new") is None
    assert published.reads == 1
    published.keys.append({"kid": "new"})
    clock.later(timedelta(seconds=31))
    assert await sets.key(url, "new") == {"kid": "new"}
    assert published.reads == 2
    published.status = 500
    clock.later(timedelta(hours=1))
    with pytest.raises(KeysAway):
        await sets.key(url, KEY.key_id)
