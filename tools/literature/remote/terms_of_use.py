"""How a source may be asked: who asks, how often, how long to wait, how old an answer may be."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from tools.literature.errors import SourceOff
from tools.loopback import is_this_machine

TOOL = "preround"
PUBMED = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
EUROPE_PMC = "https://www.ebi.ac.uk/europepmc/webservices/rest"


@dataclass(frozen=True, kw_only=True)
class TermsOfUse:
    """For one source."""

    address: str
    """Base address, without a last slash."""
    email: str
    """Whom the source writes to when something is wrong; NCBI asks for it."""
    key: str | None = None
    """NCBI's API key, which allows more requests a second."""
    per_second: float = 3.0
    """Requests; NCBI allows 3 without a key and 10 with one."""
    request_seconds: float = 30.0
    """One try of one request."""
    attempts: int = 4
    """Tries before a source counts as unreachable."""
    backoff_seconds: float = 1.0
    """The longest random wait before the second try; it doubles with each."""
    longest_wait_seconds: float = 20.0
    """Between tries; a source that asks for more counts as unreachable."""
    body_bytes: int = 64 * 1024 * 1024
    """The largest answer read."""
    cache_days: int = 30
    """How old a kept answer may be."""

    def __post_init__(self) -> None:
        """Refuse an address that could be read on its way.

        Raises:
            SourceOff: it is neither https nor on this machine.
        """
        try:
            url = httpx.URL(self.address)
        except httpx.InvalidURL:
            url = httpx.URL("")
        if not (url.scheme == "https" and url.host) and not (url.scheme == "http" and is_this_machine(url.host)):
            msg = "The literature source's address is not usable: give one that begins with https://."
            raise SourceOff(msg)


def pubmed_terms(*, email: str | None, key: str | None, address: str = PUBMED, cache_days: int = 30) -> TermsOfUse:
    """NCBI's rules.

    Raises:
        SourceOff: there is no email address to give.
    """
    if not email:
        msg = "NCBI asks for an email address of whoever runs this: set PREROUND_LITERATURE_EMAIL."
        raise SourceOff(msg)
    rate = 10.0 if key else 3.0
    return TermsOfUse(address=address.rstrip("/"), email=email, key=key, per_second=rate, cache_days=cache_days)


def europe_pmc_terms(*, email: str | None, address: str = EUROPE_PMC, cache_days: int = 30) -> TermsOfUse:
    """Europe PMC's rules; an email address is welcome there, not asked for."""
    return TermsOfUse(address=address.rstrip("/"), email=email or "", cache_days=cache_days)
