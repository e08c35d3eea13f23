"""The authorization code with PKCE: where a browser is sent, and what its code is worth."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from tools.sign_in.errors import ProviderAway, SignInRefused
from tools.sign_in.provider import WEB, Provider


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """Who we are to a provider."""

    client_id: str
    """As it registered us."""
    secret: str | None = field(default=None, repr=False)
    """Ours, where it gave one; never shown."""
    redirect_uri: str
    """Where it sends browsers back to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One browser that was sent to a provider."""

    url: str
    """Where to."""
    state: str = field(repr=False)
    """What it must bring back."""
    nonce: str = field(repr=False)
    """What the identity token must hold."""
    verifier: str = field(repr=False)
    """What turns its code into tokens, and nobody else's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Granted:
    """What a code was worth."""

    access_token: str = field(repr=False)
    """For the provider's resources; never shown."""
    identity_token: str | None = field(repr=False)
    """A signed statement about the person, not yet checked."""
    lives: int
    """Seconds until the access token ends."""
    said: Mapping[str, Any] = field(repr=False)
    """What else came with it, such as `patient` of a SMART launch."""


_USUAL = 300
_DAY = 86_400


def ask(client: Client, provider: Provider, *, scope: str, more: Mapping[str, str]) -> Asked:
    """Make the address to which a browser is sent.

    Args:
        client: who asks.
        provider: whom.
        scope: what for, with spaces.
        more: further parameters, such as `prompt` or `aud`.
    """
    asking = _client(client, scope=scope)
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    url, state = asking.create_authorization_url(
        provider.authorization_url, state=secrets.token_urlsafe(32), code_verifier=verifier, nonce=nonce, **more
    )
    return Asked(url=url, state=state, nonce=nonce, verifier=verifier)


async def redeem(client: Client, provider: Provider, asked: Asked, code: str) -> Granted:
    """Turn a code into tokens.

    Raises:
        SignInRefused: the provider does not take the code.
        ProviderAway: it does not answer, or not with a token.
    """
    async with _client(client) as asking:
        try:
            token = await asking.fetch_token(provider.token_url, code=code, code_verifier=asked.verifier)
        except OAuthError as error:
            raise SignInRefused("The provider did not take the code of this sign-in: begin it again.") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError, TypeError) as error:
            raise ProviderAway from error
    text, identity = token.get("access_token"), token.get("id_token")
    if not isinstance(text, str) or not text or str(token.get("token_type", "")).lower() != "bearer":
        raise ProviderAway("The sign-in provider answered without a bearer token: ask its keeper.")
    lives = token.get("expires_in")
    return Granted(
        access_token=text,
        identity_token=identity if isinstance(identity, str) else None,
        lives=min(lives, _DAY) if isinstance(lives, int) and lives > 0 else _USUAL,
        said={name: value for name, value in token.items() if "token" not in name},
    )


def _client(client: Client, *, scope: str | None = None) -> AsyncOAuth2Client:
    return AsyncOAuth2Client(
        client.client_id,
        client.secret,
        scope=scope,
        redirect_uri=client.redirect_uri,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic" if client.secret else "none",
        **WEB,
    )
