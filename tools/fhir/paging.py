"""The pages of one search, put together: each resource once, bounded, and never silently cut."""

from dataclasses import dataclass
from datetime import datetime

from tools.fhir import outcome
from tools.fhir.errors import FhirGarbled
from tools.fhir.wire import Resource


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchAnswer:
    """What a search brought, page after page."""

    resources: tuple[Resource, ...]
    """Each resource once, in the server's order, those included after a match among them."""
    pages: int
    """Pages read."""
    truncated: bool
    """True where the server has, or says it has, more than this."""
    problem: str | None
    """Why reading stopped early, or what the server said went wrong; None where nothing did."""
    at: datetime | None = None
    """When the first page was given, by the server's own clock; None where it does not say."""


class Gathering:
    """The resources of one search while its pages come in; what is of none of the types came along with them."""

    def __init__(self, resource_types: frozenset[str], cap: int) -> None:
        self.pages = 0
        self.matches = 0
        self._types = resource_types
        self._at: datetime | None = None
        self._cap = cap
        self._seen: dict[tuple[str, str], Resource] = {}
        self._grew = True
        self._over = False
        self._total = 0
        self._failures: list[str] = []

    def add(self, bundle: Resource, *, at: datetime | None = None) -> None:
        """Take one page, given at that time by the server's clock."""
        self._at = at if self.pages == 0 else self._at
        if bundle.get("resourceType") != "Bundle":
            raise FhirGarbled
        self.pages += 1
        before = len(self._seen)
        total = bundle.get("total")
        self._total = total if isinstance(total, int) else self._total
        entries = bundle.get("entry", [])
        for entry in entries if isinstance(entries, list) else [None]:
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
                raise FhirGarbled
            self._take(resource)
        self._grew = len(self._seen) > before

    def _take(self, resource: Resource) -> None:
        kind, name = resource["resourceType"], resource.get("id")
        if kind == "OperationOutcome":
            if outcome.is_failure(resource):
                self._failures.append(outcome.text_of(resource))
            return
        if not isinstance(name, str) or (kind, name) in self._seen:
            return
        if kind in self._types:
            if self.matches >= self._cap:
                self._over = True
                return
            self.matches += 1
        self._seen[kind, name] = resource

    def stop(self, asked_before: bool, pages: int) -> str | None:
        """Why the next link should not be followed; None where it may be."""
        if asked_before or not self._grew:
            return (
                "The server's next links lead nowhere new, so the answer may be incomplete: check the server's paging."
            )
        if self.pages >= pages:
            return f"The server gave more than {pages} pages, so the answer is incomplete: ask for less."
        return None

    def cut(self, problem: str | None) -> SearchAnswer:
        """What there is, marked as not all."""
        return self._answer(truncated=True, problem=problem)

    def whole(self) -> SearchAnswer:
        """What there is; all of it, unless the server itself counts more than it sent."""
        missing = self._total > self.matches and not self._over
        said = "The server counts more resources than it sent, so the answer may be incomplete." if missing else None
        return self._answer(truncated=missing or self._over, problem=said)

    def _answer(self, *, truncated: bool, problem: str | None) -> SearchAnswer:
        problems = [f"The server said: {text}." for text in self._failures if text] + ([problem] if problem else [])
        return SearchAnswer(
            resources=tuple(self._seen.values()),
            pages=self.pages,
            truncated=truncated,
            problem=" ".join(problems) or None,
            at=self._at,
        )
