"""How this installation logs in to its FHIR server, from the settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from preround.settings import Settings
from tools.fhir.auth import Auth, BasicAuth, BearerAuth, NoAuth
from tools.fhir.errors import KeyUnusable

if TYPE_CHECKING:
    from tools.fhir.smart.backend import Purpose
    from tools.fhir.smart.key import SigningKey


class LoginUnclear(ValueError):
    """The settings for logging in to the FHIR server do not fit together: correct them."""


def login(settings: Settings, base_url: str, *, purpose: Purpose, now: Callable[[], datetime]) -> Auth:
    """The login that the settings name; none for an open server, such as the embedded sandbox.

    Args:
        settings: at most one of a token, a user name, a client id.
        base_url: the FHIR server.
        purpose: reading never asks for write scopes.
        now: the clock.

    Raises:
        LoginUnclear: two ways are named at once, or one by half.
        KeyUnusable: the private key can't be read.
        BadAddress: the base URL is not usable.
    """
    if settings.fhir is None:
        return NoAuth()  # a token for somebody else's server is not for ours
    _one_way(settings)
    if settings.fhir_token:
        return BearerAuth(token=settings.fhir_token.get_secret_value())
    if settings.fhir_user and settings.fhir_password:
        return BasicAuth(user=settings.fhir_user, password=settings.fhir_password.get_secret_value())
    if settings.fhir_client_id:
        from tools.fhir.smart.backend import BackendAuth, Client  # cryptography: a tenth of a second

        client = Client(
            client_id=settings.fhir_client_id,
            key=signing_key(settings),
            purpose=purpose,
            scopes=settings.fhir_write_scopes if purpose == "write" else settings.fhir_scopes,
            token_url=settings.fhir_token_url,
        )
        return BackendAuth(base_url, client=client, now=now)
    return NoAuth()


def _one_way(settings: Settings) -> None:
    ways = [
        name
        for name, given in (
            ("PREROUND_FHIR_TOKEN", settings.fhir_token),
            ("PREROUND_FHIR_USER", settings.fhir_user),
            ("PREROUND_FHIR_CLIENT_ID", settings.fhir_client_id),
        )
        if given
    ]
    if len(ways) > 1:
        raise LoginUnclear(f"{' and '.join(ways)} are set together: leave one.")
    if (settings.fhir_user is None) != (settings.fhir_password is None):
        raise LoginUnclear("PREROUND_FHIR_USER and PREROUND_FHIR_PASSWORD belong together: set both.")


def signing_key(settings: Settings) -> SigningKey:
    """The private key that the settings name.

    Raises:
        LoginUnclear: none is named, or two.
        KeyUnusable: it can't be read.
    """
    from tools.fhir.smart.key import SigningKey

    if (settings.fhir_key is None) == (settings.fhir_key_text is None):
        raise LoginUnclear(
            "PREROUND_FHIR_CLIENT_ID needs one private key: set PREROUND_FHIR_KEY to its file "
            "(`preround key FILE --new` makes one), or PREROUND_FHIR_KEY_TEXT to its text."
        )
    if settings.fhir_key_text is not None:
        return SigningKey.read(settings.fhir_key_text.get_secret_value(), key_id=settings.fhir_key_id)
    try:
        text = settings.fhir_key.read_text(encoding="ascii") if settings.fhir_key else ""
    except (OSError, UnicodeDecodeError):
        raise KeyUnusable("The file that PREROUND_FHIR_KEY names can't be read: check its path and rights.") from None
    return SigningKey.read(text, key_id=settings.fhir_key_id)
