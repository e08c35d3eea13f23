"""What a server says it can do, read from its CapabilityStatement; what it does not say is told apart from "no"."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.fhir.wire import Json


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What the server offers for one resource type."""

    interactions: frozenset[str] = frozenset()
    """Codes such as `read`, `search-type`, `update`; empty where the server lists none."""
    params: frozenset[str] = frozenset()
    """Search parameters by name; empty where the server lists none."""
    includes: frozenset[str] = frozenset()
    """`_include` values such as `MedicationRequest:medication`, or `*`."""
    operations: frozenset[str] = frozenset()
    """Operations by name, without the dollar sign."""
    update_create: bool = False
    """True where a PUT to a new id makes the resource."""
    conditional_create: bool = False
    """True where a POST with If-None-Exist is honoured."""

    def interacts(self, code: str) -> bool:
        """True unless the server lists interactions for the type, and this one is not among them."""
        return not self.interactions or code in self.interactions


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """A server's CapabilityStatement, reduced to what Preround asks of it."""

    known: bool
    """False where the server has no readable CapabilityStatement: then nothing is ruled out."""
    offers: Mapping[str, Offer] = field(default_factory=dict)
    """What is offered, by resource type."""
    interactions: frozenset[str] = frozenset()
    """Codes of the whole server, such as `transaction` and `batch`."""

    @classmethod
    def read(cls, statement: Mapping[str, Any]) -> "Capabilities":
        """The capabilities in a CapabilityStatement; a statement without resource types is as good as none."""
        servers = [r for r in _dicts(statement.get("rest")) if r.get("mode") in ("server", None)]
        offers: dict[str, Offer] = {}
        interactions: set[str] = set()
        for rest in servers:
            interactions |= _codes(rest.get("interaction"), "code")
            offers |= {str(r.get("type")): _offer(r) for r in _dicts(rest.get("resource"))}
        return cls(known=bool(offers), offers=offers, interactions=frozenset(interactions))

    def offers_search(self, resource_type: str) -> bool:
        """True unless the server is known not to search this type."""
        if not self.known:
            return True
        offer = self.offers.get(resource_type)
        return offer is not None and (not offer.interactions or "search-type" in offer.interactions)

    def offers_param(self, resource_type: str, param: str) -> bool:
        """True unless the server is known not to search this type by this parameter."""
        offer = self.offers.get(resource_type)
        if offer is None:
            return not self.known
        return not offer.params or param in offer.params

    def offers_write(self, resource_type: str) -> bool:
        """True unless the server is known not to take new resources of this type, or none that is written only once."""
        if not self.known:
            return True
        offer = self.of(resource_type)
        return self.chooses_id(resource_type) or (offer.conditional_create and offer.interacts("create"))

    def chooses_id(self, resource_type: str) -> bool:
        """True unless the server is known not to make a resource of this type at an id that we choose."""
        offer = self.of(resource_type)
        return not self.known or (offer.update_create and offer.interacts("update"))

    def offers_include(self, resource_type: str, include: str) -> bool:
        """True only where the server lists this `_include`."""
        offer = self.offers.get(resource_type, Offer())
        return include in offer.includes or "*" in offer.includes

    def of(self, resource_type: str) -> Offer:
        """What is listed for a type; an empty offer where nothing is."""
        return self.offers.get(resource_type, Offer())


def _offer(resource: Mapping[str, Any]) -> Offer:
    includes = resource.get("searchInclude")
    return Offer(
        interactions=_codes(resource.get("interaction"), "code"),
        params=_codes(resource.get("searchParam"), "name"),
        includes=frozenset(i for i in includes if isinstance(i, str)) if isinstance(includes, list) else frozenset(),
        operations=frozenset(name.lstrip("$") for name in _codes(resource.get("operation"), "name")),
        update_create=resource.get("updateCreate") is True,
        conditional_create=resource.get("conditionalCreate") is True,
    )


def _codes(items: Json, name: str) -> frozenset[str]:
    return frozenset(str(item[name]) for item in _dicts(items) if isinstance(item.get(name), str))


def _dicts(items: Json) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
