"""Which system asks: its token is held to its issuer, its key, this address, five minutes, and one use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from preround.cds_hooks.site import HookClient, HookSite
from store import hook_tokens
from store.database import Database
from tools.key_set import KeysAway, KeySets, chosen, keys_of

ALGORITHMS = ("ES384", "RS384")
LONGEST = timedelta(minutes=5)
SKEW = timedelta(seconds=30)
"""How far another machine's clock may be off."""
LONGEST_TOKEN = 8_000
_CURVE, _SMALLEST_RSA = 384, 2048


class NotLetIn(PermissionError):
    """This system is not let in."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The client's token was refused: {why}.")


class Clients:
    """The systems that may ask.

    Args:
        site: who they are.
        keys: reads the key sets that they publish.
        db: remembers which tokens were used, over restarts and for every process.
    """

    def __init__(self, site: HookSite, keys: KeySets, db: Database) -> None:
        self._site = site
        self._keys = keys
        self._db = db

    @property
    def named(self) -> bool:
        """Whether any is."""
        return bool(self._site.clients)

    async def check(self, authorization: str | None, *, audience: str, now: datetime) -> str:
        """Let a system in, once for each token.

        Args:
            authorization: the header.
            audience: the address that was asked.
            now: wall time.

        Returns:
            The issuer.

        Raises:
            NotLetIn: why not.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > LONGEST_TOKEN:
            raise NotLetIn("send one as Authorization: Bearer")
        try:
            header = jwt.get_unverified_header(token)
            said = jwt.decode(token, options={"verify_signature": False})
        except jwt.PyJWTError:
            raise NotLetIn("it is no JWT") from None
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise NotLetIn(f"sign it with {' or '.join(ALGORITHMS)}")
        client = next((one for one in self._site.clients if one.iss == said.get("iss")), None)
        if client is None:
            raise NotLetIn("its issuer is not known here")
        key = await self._key(client, header)
        claims = _verified(token, key, algorithm, issuer=client.iss, audience=audience)
        expires = _in_time(claims, now)
        self._once(client.iss, claims["jti"], expires, now)
        return client.iss

    async def _key(self, client: HookClient, header: Mapping[str, Any]) -> Mapping[str, Any]:
        key_id = header.get("kid")
        if not isinstance(key_id, str) or not key_id:
            raise NotLetIn("name the key in its header (kid)")
        if header.get("jku") not in (None, client.jwks_url):
            raise NotLetIn("its jku is not the address that is known here")
        try:
            if client.jwks_url is not None:
                found = await self._keys.key(client.jwks_url, key_id)
            else:
                found = chosen(keys_of(client.jwks.read_bytes() if client.jwks else b""), key_id)
        except (KeysAway, OSError):
            raise NotLetIn("its public keys can't be read") from None
        if found is None:
            raise NotLetIn("its key is not known here")
        return found

    def _once(self, issuer: str, name: object, expires: datetime, now: datetime) -> None:
        if not isinstance(name, str) or not 0 < len(name) <= 200:
            raise NotLetIn("give it an id (jti)")
        with self._db.write() as connection:
            hook_tokens.forget(connection, before=now - SKEW)
            if not hook_tokens.use(connection, issuer=issuer, jti=name, expires=expires):
                raise NotLetIn("it was used before (jti); make a new one for each call")


def _verified(token: str, key: Mapping[str, Any], algorithm: str, *, issuer: str, audience: str) -> dict[str, Any]:
    """The claims, once the signature holds; times are checked by our own clock."""
    try:
        public = jwt.PyJWK(dict(key), algorithm=algorithm).key
        strong = public.curve.key_size == _CURVE if algorithm == "ES384" else public.key_size >= _SMALLEST_RSA
        if not strong:
            raise NotLetIn("its key is too short or of another curve")
        found: dict[str, Any] = jwt.decode(
            token,
            public,
            algorithms=[algorithm],
            audience=audience,
            issuer=issuer,
            options={
                "require": ["iss", "aud", "exp", "iat", "jti"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except jwt.InvalidAudienceError:
        raise NotLetIn(f"it is for another address (aud); this one is {audience}") from None
    except jwt.MissingRequiredClaimError as error:
        raise NotLetIn(f"it lacks {error.claim}") from None
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
        raise NotLetIn("its signature does not hold") from None
    return found


def _in_time(claims: Mapping[str, Any], now: datetime) -> datetime:
    moments = [_instant(claims.get(name)) for name in ("iat", "exp")]
    begins, ends = moments
    if begins is None or ends is None:
        raise NotLetIn("its iat and exp are no times")
    early = _instant(claims["nbf"]) if "nbf" in claims else begins
    if begins > now + SKEW or (early or begins) > now + SKEW:
        raise NotLetIn("it is from the future; check the clocks")
    if ends <= now:
        raise NotLetIn("it has expired")
    if ends - begins > LONGEST:
        raise NotLetIn("it lives longer than five minutes")
    return ends


def _instant(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
