"""Where browsers reach this server, and which names it answers to."""

from __future__ import annotations

from urllib.parse import urlsplit

from preround.failure import Unusable
from preround.web.guard import LOOPBACK
from preround.web.listening import HERE


def names(*urls: str | None) -> frozenset[str]:
    """The names that a Host header may say: this machine's own, and those that browsers and FHIR servers know it by."""
    return LOOPBACK | {_name(url) for url in urls if url is not None}


def check_open_to(host: str, public_url: str | None, *, by_link: bool = True) -> None:
    """Refuse an address at which the one-time link would not stay on this machine.

    Args:
        host: what is listened on.
        public_url: how browsers reach it, as the settings say.
        by_link: whether people come in by the one-time link; else they sign in.

    Raises:
        Unusable: others could reach it, or read along.
    """
    if public_url is None:
        if host not in HERE:
            raise Unusable(
                "Others could reach that address; say by PREROUND_PUBLIC_URL how browsers reach this server, and have "
                "people sign in (docs/how-to/secure.md)"
            )
        return
    parts = urlsplit(public_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise Unusable("PREROUND_PUBLIC_URL must be like https://preround.example, without a path")
    if _name(public_url) in LOOPBACK:
        return
    if parts.scheme != "https":
        raise Unusable("PREROUND_PUBLIC_URL must be https, so that nobody on the way can read along")
    if by_link:
        raise Unusable(
            "The one-time link is for this machine alone; at the address that PREROUND_PUBLIC_URL names people must "
            "sign in (docs/how-to/secure.md)"
        )


def _name(public_url: str) -> str:
    host = urlsplit(public_url).hostname or ""
    return f"[{host}]" if ":" in host else host
