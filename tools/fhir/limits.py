"""How much and how long a FHIR server may take before Preround gives up on it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Bounds for talking with one FHIR server."""

    request_seconds: float = 30.0
    """One try of one request, from sending to the last byte."""
    attempts: int = 4
    """Tries of one request before the server counts as unreachable."""
    backoff_seconds: float = 0.5
    """The longest random wait before the second try; it doubles with each try."""
    longest_wait_seconds: float = 20.0
    """The longest wait between tries; a server that asks for more (Retry-After) counts as unreachable."""
    body_bytes: int = 64 * 1024 * 1024
    """The largest answer read, decompressed."""
    pages: int = 200
    """The most pages followed in one search."""
    concurrent: int = 8
    """Requests under way at once."""
