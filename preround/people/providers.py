"""Signing in by a provider: the site's OpenID provider, or the EHR that launches Preround."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from preround.people.asking import Asking, Pending, sha
from preround.people.handed_over import item_of
from preround.people.tokens import SMART, Tokens
from preround.people.visitor import FRESH, Visitor, Way
from preround.settings import Settings
from review.policy import Role
from tools.fhir.auth import BearerAuth
from tools.fhir.client import FhirClient
from tools.fhir.errors import BadAddress, FhirError
from tools.fhir.origin import Origin
from tools.fhir.query import is_id
from tools.sign_in.code_flow import Client, Granted, ask, redeem
from tools.sign_in.errors import SignInRefused
from tools.sign_in.identity import checked, seen_at
from tools.sign_in.provider import keys_of, openid, smart

_AGAIN = "This sign-in was used, is too old, or began in another browser: begin it again."
_NO_ROLE = "Your account has no role here: whoever keeps this server names its roles in PREROUND_SIGN_IN__ROLES."


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrived:
    """A person who came back from a provider and is who they say."""

    visitor: Visitor
    """Who."""
    to: str
    """Where they go on."""
    lives: float | None
    """Seconds after which their session must end; as long as usual without it."""


class Providers:
    """The ways of signing in that the settings name.

    Args:
        settings: the providers and what their roles mean.
        now: wall time.
        seconds: a clock that only goes forward.
        tokens: where tokens of launches are kept.
    """

    def __init__(
        self, settings: Settings, *, now: Callable[[], datetime], seconds: Callable[[], float], tokens: Tokens
    ) -> None:
        self._settings = settings
        self._now = now
        self._tokens = tokens
        self._asking = Asking(seconds)
        self._jtis: dict[str, datetime] = {}
        self.address = ""

    @property
    def by_openid(self) -> bool:
        """Whether people sign in with an OpenID provider."""
        return self._settings.sign_in.issuer is not None

    @property
    def by_launch(self) -> bool:
        """Whether people are launched from the EHR."""
        return self._settings.launches_here

    async def sign_in(self, *, to: str, again: bool) -> tuple[str, str]:
        """Where the browser is sent to sign in, and the secret for its cookie.

        Args:
            to: a path of this site to go on to.
            again: whether the person must prove once more who they are.

        Raises:
            SignInError: there is no provider, or it does not answer.
        """
        settings = self._settings.sign_in
        if settings.issuer is None:
            raise SignInRefused("No provider is set here: people come in by the link.")
        provider = await openid(settings.issuer)
        # With max_age a provider must say when it last saw the person prove who they are.
        longest = FRESH if again else timedelta(hours=self._settings.session_hours)
        more = {"max_age": str(int(longest.total_seconds())), **({"prompt": "login"} if again else {})}
        asked = ask(self._client("oidc"), provider, scope=settings.scopes, more=more)
        return asked.url, self._asking.sent("oidc", asked, provider, to=to)

    async def launch(self, *, iss: str, launch: str | None) -> tuple[str, str]:
        """Where the browser is sent by a launch, and the secret for its cookie.

        Args:
            iss: the FHIR server that the EHR names.
            launch: the EHR's handle for what it shows; a standalone launch has none.

        Raises:
            SignInError: launches are not taken, or not from there.
        """
        base = self._settings.fhir
        if base is None or not self.by_launch or not _same(iss, base):
            raise SignInRefused("Launches are taken from the EHR of this site and from nowhere else.")
        provider = await smart(base)
        wanted = "launch" if launch else "launch/patient"
        more = {"aud": base, **({"launch": launch} if launch else {})}
        asked = ask(self._client("smart"), provider, scope=f"{wanted} {self._settings.smart.scopes}", more=more)
        handle = sha(launch) if launch else None
        return asked.url, self._asking.sent("smart", asked, provider, to="/launch/patient", launch=handle)

    async def back(self, way: Way, *, state: str, code: str, iss: str | None, secret: str | None) -> Arrived:
        """The person who comes back.

        Raises:
            SignInError: it is not the browser that was sent, or anything of what it brings is not as it must be.
        """
        pending = self._asking.back(way, state, secret)
        if pending is None or not code:
            raise SignInRefused(_AGAIN)
        if iss is not None and pending.provider.issuer is not None and iss != pending.provider.issuer:
            raise SignInRefused("Another provider answered than the one that was asked: begin the sign-in again.")
        granted = await redeem(self._client(way), pending.provider, pending.asked, code)
        claims = await self._claims(way, pending, granted)
        if not self._asking.launched(pending.launch):
            raise SignInRefused("This launch was used already: launch Preround from the EHR again.")
        if way == "oidc":
            return Arrived(visitor=self._visitor(claims, f"{claims['iss']}|{claims['sub']}"), to=pending.to, lives=None)
        return await self._launched(pending, granted, claims)

    async def _claims(self, way: Way, pending: Pending, granted: Granted) -> Mapping[str, Any]:
        provider = pending.provider
        if granted.identity_token is None or provider.issuer is None:
            raise SignInRefused("The provider does not say who you are: it must grant the scope openid.")
        if provider.keys_url is None:
            provider = await openid(provider.issuer)
        now = self._now()
        claims = checked(
            granted.identity_token,
            await keys_of(provider),
            issuer=str(pending.provider.issuer),
            client_id=self._client(way).client_id,
            nonce=pending.asked.nonce,
            now=now,
        )
        self._once(claims, now)
        return claims

    def _once(self, claims: Mapping[str, Any], now: datetime) -> None:
        """Refuse a statement that was brought before."""
        self._jtis = {jti: then for jti, then in self._jtis.items() if now - then < timedelta(days=1)}
        jti = claims.get("jti")
        if jti is None:
            return
        if f"{claims['iss']}|{jti}" in self._jtis:
            raise SignInRefused(_AGAIN)
        self._jtis[f"{claims['iss']}|{jti}"] = now

    def _visitor(self, claims: Mapping[str, Any], subject: str) -> Visitor:
        name = claims.get(self._settings.sign_in.name_claim)
        if not isinstance(name, str) or not name.strip():
            raise SignInRefused("The provider does not give your name: see PREROUND_SIGN_IN__NAME_CLAIM.")
        return Visitor(
            way="oidc",
            name=" ".join(name.split())[:200],
            subject=subject,
            roles=self._roles(_texts(claims.get(self._settings.sign_in.role_claim))),
            signed_in=seen_at(claims, now=self._now()),
        )

    async def _launched(self, pending: Pending, granted: Granted, claims: Mapping[str, Any]) -> Arrived:
        patient = granted.said.get("patient")
        if not isinstance(patient, str) or not is_id(patient):
            raise SignInRefused("The EHR did not say whose chart is open: launch Preround from a patient's chart.")
        who = _reference(claims.get("fhirUser"), str(self._settings.fhir))
        roles = self._roles((who, who.partition("/")[0], *_texts(claims.get(self._settings.sign_in.role_claim))))
        key = f"{SMART}{claims['iss']}|{claims['sub']}"
        self._tokens.keep(key, granted.access_token, lives=granted.lives)
        visitor = Visitor(
            way="smart",
            name=await self._name(claims, who, granted.access_token),
            subject=key,
            roles=roles,
            signed_in=seen_at(claims, now=self._now()),
            patient=f"Patient/{patient}",
        )
        item = item_of(granted.said.get("appContext"))
        return Arrived(visitor=visitor, to=f"{pending.to}?item={item}" if item else pending.to, lives=granted.lives)

    async def _name(self, claims: Mapping[str, Any], who: str, token: str) -> str:
        said = claims.get(self._settings.sign_in.name_claim)
        if isinstance(said, str) and said.strip():
            return " ".join(said.split())[:200]
        kind, _, person_id = who.partition("/")
        try:
            async with FhirClient(str(self._settings.fhir), auth=BearerAuth(token=token)) as client:
                name = ((await client.read(kind, person_id)).get("name") or [{}])[0]
        except (FhirError, ValueError) as error:
            raise SignInRefused(
                "The EHR does not give your name: it must let you read your own Practitioner."
            ) from error
        words = name.get("text") or " ".join([*name.get("given", ()), name.get("family", "")])
        if not str(words).strip():
            raise SignInRefused("The EHR does not give your name: your Practitioner has none.")
        return " ".join(str(words).split())[:200]

    def _roles(self, said: tuple[str, ...]) -> tuple[Role, ...]:
        known = self._settings.sign_in.roles
        found = tuple(dict.fromkeys(role for one in said for role in known.get(one, ())))
        if not found:
            raise SignInRefused(_NO_ROLE)
        return found

    def _client(self, way: Way) -> Client:
        chosen = self._settings.sign_in if way == "oidc" else self._settings.smart
        return Client(
            client_id=str(chosen.client_id),
            secret=chosen.client_secret.get_secret_value() if chosen.client_secret else None,
            redirect_uri=f"{self.address}{'/sign-in/back' if way == 'oidc' else '/launch/back'}",
        )


def _same(iss: str, base: str) -> bool:
    try:
        return Origin.of(iss).base == Origin.of(base).base
    except BadAddress:
        return False


def _texts(said: object) -> tuple[str, ...]:
    if isinstance(said, str):
        return (said,)
    return tuple(one for one in said if isinstance(one, str)) if isinstance(said, list) else ()


def _reference(said: object, base: str) -> str:
    """`Practitioner/id` on the EHR's own server.

    Raises:
        SignInRefused: it is none.
    """
    text = str(said).removeprefix(f"{base.rstrip('/')}/")
    kind, _, person_id = text.partition("/")
    if kind not in ("Practitioner", "PractitionerRole", "Person") or not is_id(person_id):
        raise SignInRefused("The EHR does not say which practitioner you are: it must grant the scope fhirUser.")
    return text
