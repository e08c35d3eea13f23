"""What a server holds, against what was meant: equal but for what is the server's own to set."""

from collections.abc import Mapping
from dataclasses import dataclass

from tools.fhir import wire
from tools.fhir.wire import Json, Resource

_SERVERS_OWN = frozenset({"versionId", "lastUpdated", "source"})
_LABELS = frozenset({"profile", "security", "tag"})


@dataclass(frozen=True, kw_only=True, slots=True)
class WriteEntry:
    """One resource that was signed, and the key that makes its write happen once."""

    resource: Resource
    """The FHIR JSON with the id that we chose, derived from the key."""
    key: str
    """Our name for this write, without patient data; the same for every try."""
    if_match: str | None = None
    """The version that an update is based on; None for a new resource."""
    restores: str | None = None
    """The version of the same resource that an undo brings back, whatever it says; None for everything else."""

    @property
    def reference(self) -> str:
        """`Type/id` as we chose it."""
        return f"{self.resource['resourceType']}/{self.resource['id']}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """What the server holds of one entry."""

    reference: str
    """`Type/id` on the server; our own id wherever the server lets us choose."""
    version: str | None
    """`meta.versionId` of the version that is ours; None where the server keeps no versions."""
    sha256: str
    """Of the stored resource's RFC 8785 form without `meta.versionId` and `meta.lastUpdated`."""

    @classmethod
    def of(cls, resource: Resource) -> "Stored":
        """The record of a resource as the server answered it."""
        return cls(
            reference=f"{resource['resourceType']}/{resource['id']}",
            version=version_of(resource),
            sha256=wire.sha256(resource),
        )


def version_of(resource: Resource) -> str | None:
    """`meta.versionId`, where there is one."""
    meta = resource.get("meta")
    version = meta.get("versionId") if isinstance(meta, dict) else None
    return version if isinstance(version, str) else None


def holds(stored: Resource, meant: Resource) -> bool:
    """True where `stored` is `meant`: equal, with all our labels kept; a server may add labels and its own meta."""
    one, other = stored.get("meta", {}), meant.get("meta", {})
    if not isinstance(one, dict) or not isinstance(other, dict):
        return False
    body = {name: value for name, value in stored.items() if name != "meta"}
    if not wire.same(body, {name: value for name, value in meant.items() if name != "meta"}):
        return False
    return all(_kept(name, one.get(name), other.get(name)) for name in one.keys() | other.keys())


def _kept(name: str, stored: Json, meant: Json) -> bool:
    if name in {"versionId", "lastUpdated"} or (name in _SERVERS_OWN and meant is None):
        return True
    if name in _LABELS:
        return all(any(wire.same(label, kept) for kept in stored or ()) for label in meant or ())
    return wire.same(stored, meant)


def references(value: Json) -> list[str]:
    """Every literal reference in a resource, as they stand in it."""
    found: list[str] = []
    _gather(value, found)
    return found


def _gather(value: Json, found: list[str]) -> None:
    """Add the references in a value to those found; most of a resource is literals, which are not gone into."""
    if isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, (dict, list)):
                _gather(item, found)
            elif name == "reference" and isinstance(item, str):
                found.append(item)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, (dict, list)):
                _gather(item, found)


def renamed(value: Json, names: Mapping[str, str]) -> Json:
    """The value with every literal reference that `names` lists replaced."""
    if isinstance(value, dict):
        return {
            name: names.get(item, item) if name == "reference" and isinstance(item, str) else renamed(item, names)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [renamed(item, names) for item in value]
    return value
