"""Settling which resources a transaction's creates and updates mean, before any of them is stored."""

from dataclasses import dataclass

from preround.sandbox.content import check_id, content_of
from preround.sandbox.document import Json
from preround.sandbox.entries import Entry
from preround.sandbox.exchange import Request, Session
from preround.sandbox.outcome import FhirError
from preround.sandbox.parameters import registry
from preround.sandbox.preconditions import check_preconditions
from preround.sandbox.references import Links
from preround.sandbox.versions import Current, Version, current
from preround.sandbox.writing import conditional_id, existing

Identity = tuple[str, str]
"""Resource type and logical id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """One create or update whose identity is settled."""

    number: int
    """Place in the bundle."""
    request: Request
    """What it asks."""
    identity: Identity
    """The resource meant."""
    content: Json
    """What to store."""
    links: Links
    """The addresses in `content`."""
    previous: Current | None
    """What is current of the resource."""
    found: Version | None = None
    """What If-None-Exist matched: then nothing is stored."""
    repeat: bool = False
    """Whether an earlier entry creates it under the same condition: then nothing is stored."""


class Identities:
    """The resources that one transaction touches, and the temporary addresses that its entries give them."""

    def __init__(self, session: Session) -> None:
        """Begin.

        Args:
            session: where conditions are searched.
        """
        self._session = session
        self._claimed: set[Identity] = set()
        self._conditions: dict[Identity, Identity] = {}  # type and condition of a create, what it makes
        self._addresses: dict[str, str] = {}

    def literal(self, address: str) -> str:
        """The reference that stands for a temporary address; any other address as it is."""
        return self._addresses.get(address, address)

    def claim(self, identity: Identity) -> None:
        """Note that an entry writes a resource.

        Raises:
            FhirError: 400 when another entry does too.
        """
        if identity in self._claimed:
            raise FhirError(400, "duplicate", "Two entries write the same resource: leave one out.")
        self._claimed.add(identity)

    def plan(self, number: int, entry: Entry) -> Planned:
        """Settle one POST or PUT.

        Raises:
            FhirError: when it cannot be.
        """
        request = entry.request
        if not request.segments or request.segments[0] not in registry().types:
            raise FhirError(400, "value", "The url of a POST or PUT entry begins with a resource type of R4.")
        if len(request.segments) > (1 if request.method == "POST" else 2):
            raise FhirError(400, "not-supported", "In a transaction POST creates and PUT updates one resource.")
        plan = self._creation(number, request) if request.method == "POST" else self._update(number, request)
        self._note(entry, plan)
        if plan.found is None and not plan.repeat:
            self.claim(plan.identity)
        return plan

    def _creation(self, number: int, request: Request) -> Planned:
        resource_type = request.segments[0]
        content = content_of(request, resource_type)
        identity, found, repeat = (resource_type, self._session.new_id()), None, False
        if request.if_none_exist is not None:
            condition = (resource_type, request.if_none_exist)
            repeat = condition in self._conditions
            found = None if repeat else existing(self._session, *condition)
            if found is not None:
                identity = (resource_type, found.id)
            identity = self._conditions.setdefault(condition, identity)
        return Planned(
            number=number,
            request=request,
            identity=identity,
            content=content,
            links=Links(content),
            previous=None,
            found=found,
            repeat=repeat,
        )

    def _update(self, number: int, request: Request) -> Planned:
        resource_type = request.segments[0]
        if len(request.segments) == 2:
            logical_id = check_id(request.segments[1])
            content = content_of(request, resource_type, logical_id)
        else:
            content = content_of(request, resource_type)
            logical_id = conditional_id(self._session, request, content)
        previous = current(self._session.connection, resource_type, logical_id)
        check_preconditions(request, previous)
        return Planned(
            number=number,
            request=request,
            identity=(resource_type, logical_id),
            content=content,
            links=Links(content),
            previous=previous,
        )

    def _note(self, entry: Entry, plan: Planned) -> None:
        if not entry.full_url:
            return
        target = "/".join(plan.identity)
        self._addresses[entry.full_url] = target
        parts = entry.full_url.split("/")
        if len(parts) > 2 and parts[-2] == plan.identity[0]:  # …/Type/id: relative references mean it too
            self._addresses["/".join(parts[-2:])] = target
