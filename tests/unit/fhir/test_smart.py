"""SMART backend services against a strict token server, over sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.unit.fhir.fake_fhir import FakeFhir
from tests.unit.fhir.socket_server import served
from tests.unit.fhir.token_server import CLIENT, Clock, SmartFhir
from tools.fhir.client import FhirClient
from tools.fhir.errors import FhirGarbled, FhirRefused, FhirUnreachable, KeyUnusable, LoginRefused, LoginUnusable
from tools.fhir.limits import Limits
from tools.fhir.smart.backend import BackendAuth, Client
from tools.fhir.smart.key import SigningKey

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
KEY = SigningKey.made()
QUICK = Limits(request_seconds=1.0, attempts=3, backoff_seconds=0.01, longest_wait_seconds=1.0)
PATIENT = {"resourceType": "Patient", "id": "p"}


def pem(key: Any, password: bytes | None = None) -> str:
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return str(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock).decode())


RSA = pem(rsa.generate_private_key(65537, 2048))


@asynccontextmanager
async def reading(app: SmartFhir, **changes: Any) -> AsyncIterator[FhirClient]:
    client = Client(**{"client_id": CLIENT, "key": KEY, **changes})
    async with served(app) as base:
        auth = BackendAuth(base, client=client, now=app.clock.now, limits=QUICK)
        async with FhirClient(base, auth=auth, limits=QUICK) as reader:
            yield reader


def server(key: SigningKey = KEY, *, lives: int = 300, clock: Clock | None = None) -> SmartFhir:
    return SmartFhir(FakeFhir(PATIENT), keys=key.public_jwks, clock=clock or Clock(NOW), lives=lives)


@pytest.mark.parametrize("key", [KEY, SigningKey.read(RSA)], ids=["ES384", "RS384"])
async def test_one_login_serves_many_requests(key: SigningKey) -> None:
    app = server(key)
    async with reading(app, key=key) as client:
        found = await asyncio.gather(*(client.read("Patient", "p") for _ in range(12)))
    assert {f["id"] for f in found} == {"p"}
    assert len(app.asked) == 1
    assert app.asked[0]["scope"] == "system/*.rs"
    assert app.asked[0]["grant_type"] == "client_credentials"
    assert (app.assertions[0]["iss"], app.assertions[0]["exp"]) == (CLIENT, NOW.timestamp() + 240)


async def test_the_token_goes_to_the_fhir_server_and_the_assertion_to_the_login_alone() -> None:
    app = server()
    async with reading(app) as client:
        await client.read("Patient", "p")
    proofs = {path: proof for path, proof, _ in app.seen}
    assert proofs["/auth/token"] == ""
    assert proofs["/fhir/.well-known/smart-configuration"] == ""
    assert proofs["/fhir/Patient/p"].startswith("Bearer ")


async def test_it_is_renewed_before_it_ends_and_not_sooner() -> None:
    clock = Clock(NOW)
    app = server(lives=300, clock=clock)
    async with reading(app) as client:
        await client.read("Patient", "p")
        clock.pass_by(239)
        await client.read("Patient", "p")
        assert len(app.asked) == 1
        clock.pass_by(2)
        await client.read("Patient", "p")
        assert len(app.asked) == 2
    assert app.assertions[0]["jti"] != app.assertions[1]["jti"]
    assert [path for path, _, _ in app.seen].count("/fhir/.well-known/smart-configuration") == 1


async def test_a_revoked_token_is_replaced_once_however_many_requests_meet_it() -> None:
    app = server()
    async with reading(app) as client:
        await client.read("Patient", "p")
        app.revoke()
        await asyncio.gather(*(client.read("Patient", "p") for _ in range(5)))
    assert len(app.asked) == 2


async def test_a_server_that_takes_no_token_is_not_asked_for_ever() -> None:
    app = server(lives=300)
    async with reading(app) as client:
        await client.read("Patient", "p")
        app.clock = Clock(NOW.replace(year=2030))  # to the server every token has expired
        with pytest.raises((FhirRefused, LoginRefused), match=r"credentials|clock|expired"):
            await client.read("Patient", "p")
    assert len(app.asked) == 2


async def test_each_try_has_an_assertion_of_its_own() -> None:
    app = server()
    app.busy = 2
    async with reading(app) as client:
        await client.read("Patient", "p")
    assert len(app.asked) == 1


async def test_the_capability_statement_says_it_where_there_is_no_configuration() -> None:
    app = server()
    app.has_configuration = False
    async with reading(app) as client:
        assert (await client.read("Patient", "p"))["id"] == "p"


@pytest.mark.parametrize(
    ("capabilities", "purpose", "scopes"),
    [
        (["permission-v1"], "read", "system/*.read"),
        (["permission-v1"], "write", "system/*.read system/*.write"),
        ([], "read", "system/*.rs"),
        ([], "write", "system/*.rs system/*.cu"),
    ],
)
async def test_scopes_are_those_of_the_servers_smart_version(
    capabilities: list[str], purpose: Any, scopes: str
) -> None:
    app = server()
    app.capabilities = capabilities
    async with reading(app, purpose=purpose) as client:
        await client.read("Patient", "p")
    assert app.asked[0]["scope"] == scopes


async def test_a_login_on_another_host_must_be_named_by_us() -> None:
    app, elsewhere = server(), server()
    async with served(elsewhere) as other:
        app.token_url = other.replace("/fhir", "/auth/token")
        async with reading(app) as client:
            with pytest.raises(LoginUnusable, match="PREROUND_FHIR_TOKEN_URL"):
                await client.read("Patient", "p")
        assert elsewhere.seen == []
        async with reading(app, token_url=app.token_url) as client:
            with pytest.raises(FhirRefused):  # its token is not this server's
                await client.read("Patient", "p")
        assert {path for path, _, _ in elsewhere.seen} == {"/auth/token"}


@pytest.mark.parametrize(
    "url", ["ftp://login.example/token", "https://user:secret@login.example/token", "/token", "http://[broken", ""]
)
async def test_an_unusable_token_endpoint_is_refused(url: str) -> None:
    app = server()
    app.token_url = url or None
    app.has_configuration = bool(url)
    async with reading(app, token_url=url or "nowhere") as client:
        with pytest.raises(LoginUnusable):
            await client.read("Patient", "p")
    assert app.asked == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"key": SigningKey.made()}, "public key with the id"),
        ({"client_id": "somebody-else"}, "check the client id"),
        ({"scopes": "system/*.cruds"}, "PREROUND_FHIR_SCOPES"),
    ],
)
async def test_a_refused_login_says_what_to_do_and_not_who_we_are(change: dict[str, Any], said: str) -> None:
    app = server()
    app.grants = {"system/*.rs"}
    async with reading(app, **change) as client:
        with pytest.raises(LoginRefused, match=said) as raised:
            await client.read("Patient", "p")
    assert change.get("client_id", CLIENT) not in str(raised.value)
    assert all(not proof for _, proof, _ in app.seen)


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"access_token": ""},
        {"access_token": "a\r\nX-Evil: 1"},
        {"access_token": 7},
        {"access_token": "t", "token_type": "mac"},
    ],
)
async def test_an_answer_without_a_usable_token_is_garbled(reply: dict[str, Any]) -> None:
    app = server()
    app.reply = (200, reply)
    async with reading(app) as client:
        with pytest.raises(FhirGarbled):
            await client.read("Patient", "p")


async def test_a_login_that_nobody_answers_is_unreachable() -> None:
    app = server()
    async with reading(app, token_url="http://127.0.0.1:9/token") as client:  # noqa: S106
        with pytest.raises(FhirUnreachable):
            await client.read("Patient", "p")


# What the strict server refuses: shown on the server itself, so that its checks are not vacuous.


def test_the_token_server_refuses_forgeries() -> None:
    here = "http://h/auth/token"
    good = {"iss": CLIENT, "sub": CLIENT, "aud": here, "exp": NOW.timestamp() + 60, "jti": "1"}

    def answer(assertion: str) -> int:
        return app.token(f"scope=s&client_assertion={assertion}".encode(), here)[0]

    app = server()
    assert answer(KEY.sign(good)) == 200
    assert answer(KEY.sign(good)) == 400  # replayed
    for wrong in ({"aud": "http://other"}, {"exp": NOW.timestamp() - 1}, {"exp": NOW.timestamp() + 900}, {"iss": "x"}):
        assert answer(KEY.sign({**good, "jti": str(wrong), **wrong})) == 400
    other = SigningKey.made()
    assert answer(jwt.encode({**good, "jti": "2"}, other.private, "ES384", headers={"kid": KEY.key_id})) == 400
    assert answer(jwt.encode({**good, "jti": "3"}, "x" * 64, "HS384", headers={"kid": KEY.key_id})) == 400


# Keys


def test_a_key_is_read_from_pem_jwk_and_a_set() -> None:
    known = SigningKey.read(KEY.pem)
    assert known.key_id == KEY.key_id
    assert SigningKey.read(KEY.pem, key_id="mine").key_id == "mine"
    one = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1())))
    two = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048)))
    found = SigningKey.read(json.dumps({"keys": [one | {"kid": "a"}, two | {"kid": "b"}]}), key_id="b")
    assert (found.algorithm, found.key_id) == ("RS384", "b")
    assert SigningKey.read(json.dumps(one | {"kid": "a"})).key_id == "a"
    shown = json.dumps(found.public_jwks)
    assert '"d"' not in shown
    assert "PRIVATE" not in repr(KEY)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "PEM or JWK"),
        ("no key", "PEM or JWK"),
        ("{", "PEM or JWK"),
        ('{"kty": "oct", "k": "c2VjcmV0", "d": "x"}', "PEM or JWK"),
        ('{"kty": "RSA", "d": "!"}', "PEM or JWK"),
        (json.dumps(KEY.public_jwks), "no private key"),
        ("-----BEGIN PUBLIC KEY-----\nxx", "public key"),
        (pem(rsa.generate_private_key(65537, 1024)), "1024 bits"),  # noqa: S505
        (pem(ec.generate_private_key(ec.SECP256R1())), "P-384"),
        (pem(ec.generate_private_key(ec.SECP384R1()), b"locked"), "has a password"),
    ],
    ids=range(10),
)
def test_an_unusable_key_is_refused_and_never_shown(text: str, said: str) -> None:
    with pytest.raises(KeyUnusable, match=said) as raised:
        SigningKey.read(text)
    assert not text or text not in str(raised.value)
