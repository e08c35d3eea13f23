"""Identity tokens: who a provider says that somebody is, once every word of it is checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tools.sign_in.errors import SignInRefused

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures by a key that only the provider has: never `none`, never one that we could have made ourselves."""
_LEEWAY = 60
"""Seconds by which clocks may differ."""


def checked(token: str, keys: KeySet, *, issuer: str, client_id: str, nonce: str, now: datetime) -> Mapping[str, Any]:
    """The claims of an identity token.

    Args:
        token: as the provider gave it.
        keys: its public keys.
        issuer: who must have made it.
        client_id: for whom.
        nonce: what we sent along.
        now: wall time.

    Raises:
        SignInRefused: the signature, issuer, audience, times or nonce are not as they must be.
    """
    required = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=_LEEWAY,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        found = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
        required.validate(found.claims)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise SignInRefused(
            "The provider's statement about you is not as it must be: begin the sign-in again."
        ) from error
    claims: Mapping[str, Any] = found.claims
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", client_id) != client_id or (several and "azp" not in claims):
        raise SignInRefused("The provider's statement about you is for another program: begin the sign-in again.")
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        raise SignInRefused("The provider does not say who you are: ask its keeper.")
    return claims


def seen_at(claims: Mapping[str, Any], *, now: datetime) -> datetime | None:
    """When the provider last saw the person prove it; ``None`` where it does not say, or names the future."""
    said = claims.get("auth_time")
    if not isinstance(said, int) or isinstance(said, bool) or said < 0:
        return None
    try:
        found = datetime.fromtimestamp(said, UTC)
    except (OverflowError, OSError, ValueError):
        return None
    return found if found <= now + timedelta(seconds=_LEEWAY) else None
