"""What `preround doctor` says of the doors: how people sign in, launches from the EHR, systems that ask for cards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from preround.cds_hooks.site import HookClient
from preround.settings import Settings
from tools.failing import ToolFailure
from tools.key_set import KeySets, keys_of
from tools.sign_in.errors import SignInError
from tools.sign_in.provider import Provider, clock_of, openid, smart
from tools.sign_in.provider import keys_of as provider_keys

Found = tuple[str, bool, str]
"""A check's name, whether it is as it should be, and what was found or what to do."""
_MOST = timedelta(minutes=2)
"""A clock that is further off has fresh sign-ins count as old, or as not yet made."""


class _Wrong(Exception):
    """Something is not as it must be; says what to do."""


async def door_checks(settings: Settings, now: Callable[[], datetime]) -> list[Found]:
    """Each door of this site."""
    found = [await _tried("sign-in", lambda: _sign_in(settings, now))]
    if settings.smart.client_id is not None:
        found.append(await _tried("launch", lambda: _launch(settings, now)))
    if not settings.hooks.clients:
        return [*found, ("cards", True, "no system is named in [hooks]: who has PREROUND_ACCESS_KEY may ask for cards")]

    def asked(one: HookClient) -> Callable[[], Awaitable[str]]:
        return lambda: _client(one, now)

    return [*found, *[await _tried("cards", asked(one)) for one in settings.hooks.clients]]


async def _sign_in(settings: Settings, now: Callable[[], datetime]) -> str:
    here = settings.sign_in
    if not settings.people_sign_in:
        return "by the one-time link, one person on this machine (docs/how-to/secure.md names a provider for several)"
    if not here.roles:
        raise _Wrong("Nobody has a role: name those of your provider in PREROUND_SIGN_IN__ROLES.")
    if here.issuer is None:
        return "by a launch from the EHR alone"
    if here.client_id is None:
        raise _Wrong("Set PREROUND_SIGN_IN__CLIENT_ID to the id under which the provider knows Preround.")
    words = await _answers(await openid(here.issuer), now)
    return f"{here.issuer} {words}; it must know {_own(settings)}/sign-in/back as a redirect address"


async def _launch(settings: Settings, now: Callable[[], datetime]) -> str:
    if settings.fhir is None:
        raise _Wrong("Launches need the EHR's FHIR server: set PREROUND_FHIR, or take PREROUND_SMART__CLIENT_ID away.")
    provider = await smart(settings.fhir)
    if provider.issuer is None:
        raise _Wrong("The EHR names no issuer, so it cannot say who people are: ask its keeper for OpenID sign-in.")
    if provider.keys_url is None:
        provider = await openid(provider.issuer)
    own = _own(settings)
    return f"{settings.fhir} {await _answers(provider, now)}; it must know {own}/launch and {own}/launch/back"


async def _answers(provider: Provider, now: Callable[[], datetime]) -> str:
    keys = len((await provider_keys(provider)).keys)
    theirs = await clock_of(str(provider.keys_url))
    off = abs(theirs - now()) if theirs else timedelta(0)
    if off > _MOST:
        raise _Wrong(
            f"This machine's clock and the provider's are {off.total_seconds():.0f} s apart: set this one by NTP."
        )
    return (
        f"answers with {keys} {'key' if keys == 1 else 'keys'}, {'its clock agrees' if theirs else 'and tells no time'}"
    )


async def _client(client: HookClient, now: Callable[[], datetime]) -> str:
    where = client.jwks_url or str(client.jwks)
    try:
        if client.jwks_url is not None:
            keys = await KeySets(now=now).all(client.jwks_url)
        else:
            keys = keys_of(client.jwks.read_bytes() if client.jwks else b"")
    except (ToolFailure, OSError):
        raise _Wrong(
            f"The public keys of {client.iss} can't be read at {where}: correct its entry in [hooks]."
        ) from None
    if not keys:
        raise _Wrong(f"{client.iss} shows no public key at {where}: ask its keeper, or correct its entry in [hooks].")
    return f"{client.iss} may ask; {len(keys)} public {'key' if len(keys) == 1 else 'keys'} at {where}"


def _own(settings: Settings) -> str:
    return (settings.public_url or "http://127.0.0.1:8000").rstrip("/")


async def _tried(name: str, work: Callable[[], Awaitable[str]]) -> Found:
    try:
        return name, True, await work()
    except (SignInError, ToolFailure, _Wrong) as error:
        return name, False, " ".join(str(error).split())
