"""References to resources."""

from __future__ import annotations


def bare(reference: str) -> str:
    """A reference without its version, as `Observation/1` of `Observation/1/_history/2`."""
    return reference.partition("/_history/")[0]
