"""Ids that are derived from what they name, so that a replay writes to the same place."""

from uuid import UUID, uuid5

from claims.canonical import canonical_bytes

_NAMESPACE = UUID("6b1f0a5e-6f0f-5c52-9a54-2f6a4c1b7d11")


def derived_id(*parts: str | int) -> str:
    """A UUIDv5 of the parts, in order: the same parts give the same id, so that a replay writes to the same place."""
    return str(uuid5(_NAMESPACE, canonical_bytes(list(parts)).decode()))


def target_id(run_id: str, n: int, revision: int) -> str:
    """The id of the resource that entry `n` of a round's proposal of this revision makes."""
    return derived_id("target", run_id, n, revision)
