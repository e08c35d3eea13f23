"""A provider of sign-ins: where it asks people, gives tokens, and shows the keys with which it signs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tools.sign_in.errors import ProviderAway

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_SECONDS = 10.0
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """What a provider says of itself."""

    issuer: str | None
    """Who its identity tokens must name as their issuer; ``None`` for an EHR that gives none."""
    authorization_url: str
    """Where the browser is sent."""
    token_url: str
    """Where a code becomes tokens."""
    keys_url: str | None
    """Where its public keys are."""


WEB: Mapping[str, Any] = {"trust_env": False, "follow_redirects": False, "timeout": _SECONDS}
"""How providers are asked: no proxies of the environment, no redirects, not for ever."""


async def openid(issuer: str) -> Provider:
    """An OpenID provider by its own description.

    Raises:
        ProviderAway: it does not answer, or describes another.
    """
    said = await _object(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if str(said.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
        raise ProviderAway(
            "The sign-in provider calls itself by another name than PREROUND_SIGN_IN__ISSUER: correct it."
        )
    return _provider(said, issuer=str(said["issuer"]), keys=said.get("jwks_uri"))


async def smart(base: str) -> Provider:
    """The provider of a FHIR server, by its SMART configuration.

    Raises:
        ProviderAway: it does not answer, or knows no PKCE with S256.
    """
    said = await _object(f"{base.rstrip('/')}/.well-known/smart-configuration")
    if "S256" not in (said.get("code_challenge_methods_supported") or ()):
        raise ProviderAway(
            "The EHR does not offer PKCE with S256, which SMART App Launch 2 asks of it: ask its keeper."
        )
    issuer = said.get("issuer")
    return _provider(said, issuer=issuer if isinstance(issuer, str) else None, keys=said.get("jwks_uri"))


async def keys_of(provider: Provider) -> KeySet:
    """Its public keys as they are now, so that a key that was changed or withdrawn counts at once.

    Raises:
        ProviderAway: it does not answer, or shows none.
    """
    if provider.keys_url is None:
        raise ProviderAway("The sign-in provider does not show its keys: ask its keeper.")
    said = await _object(provider.keys_url)
    try:
        return KeySet.import_key_set(said)  # type: ignore[arg-type]
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ProviderAway from error


async def clock_of(url: str) -> datetime | None:
    """What time a provider's server says it is; `None` where it says nothing of it.

    Raises:
        ProviderAway: it does not answer.
    """
    try:
        async with httpx.AsyncClient(**WEB) as client:
            said = (await client.get(url)).headers.get("date", "")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ProviderAway from error
    try:
        return parsedate_to_datetime(said)
    except ValueError:
        return None


def _provider(said: Mapping[str, Any], *, issuer: str | None, keys: object) -> Provider:
    asks, gives = said.get("authorization_endpoint"), said.get("token_endpoint")
    if not (_safe(asks) and _safe(gives)) or (keys is not None and not _safe(keys)):
        raise ProviderAway("The sign-in provider names addresses that are not on https: ask its keeper.")
    return Provider(
        issuer=issuer, authorization_url=str(asks), token_url=str(gives), keys_url=str(keys) if keys else None
    )


def _safe(url: object) -> bool:
    parts = urlsplit(url) if isinstance(url, str) else None
    return parts is not None and bool(parts.hostname) and (parts.scheme == "https" or parts.hostname in _LOOPBACK)


async def _object(url: str) -> dict[str, Any]:
    try:
        async with httpx.AsyncClient(**WEB) as client:
            answer = await client.get(url, headers={"accept": "application/json"})
        found = answer.json() if answer.status_code == 200 and len(answer.content) <= _MOST_BYTES else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise ProviderAway from error
    if not isinstance(found, dict):
        raise ProviderAway
    return found
