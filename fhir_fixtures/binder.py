"""The binder of one patient: gives each resource its id, its patient, its visit and its time."""

from collections import Counter
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from fhir_fixtures.consistency import visit_on
from fhir_fixtures.moment import day_of, with_offset
from fhir_fixtures.story import Encounter, Story
from fhir_fixtures.wording import slug

Resource = dict[str, Any]
_LONGEST_ID = 64


class Binder:
    """Collects the resources of one story."""

    def __init__(self, story: Story) -> None:
        """Start an empty binder.

        Args:
            story: a checked story.
        """
        self.story = story
        self.resources: list[Resource] = []
        self._taken: Counter[str] = Counter()
        self._visits: list[str] = []

    def add(self, kind: str, name: str, body: Resource, when: str | None = None) -> str:
        """Put a resource in; fields that are None are left out.

        Args:
            kind: resource type.
            name: what it is about, in words; becomes part of the id.
            body: the resource without type and id.
            when: a moment of the story; its day becomes part of the id.

        Returns:
            The reference, Type/id.
        """
        parts = [f"fx-{self.story.story}", slug(name), *([day_of(when)] if when else [])]
        plain = "-".join(parts)
        self._taken[f"{kind}/{plain}"] += 1
        count = self._taken[f"{kind}/{plain}"]
        identity = _short(plain if count == 1 else f"{plain}-{count}")
        filled = {key: value for key, value in body.items() if value is not None and value != []}
        self.resources.append({"resourceType": kind, "id": identity, **filled})
        return f"{kind}/{identity}"

    @property
    def patient(self) -> Resource:
        """A reference to the patient."""
        return {"reference": f"Patient/fx-{self.story.story}-patient"}

    def practitioner(self, key: str | None) -> Resource | None:
        """A reference to a practitioner by the story's key; None for None."""
        return {"reference": f"Practitioner/fx-{self.story.story}-{slug(key)}"} if key else None

    def open_visit(self, reference: str) -> None:
        """Note the reference of the next encounter, in the story's order."""
        self._visits.append(reference)

    def visit(self, moment: str | None) -> Encounter | None:
        """The encounter during which a moment falls."""
        index = visit_on(self.story, moment) if moment else None
        return None if index is None else self.story.encounters[index]

    def visit_reference(self, moment: str | None) -> Resource | None:
        """A reference to the encounter during which a moment falls."""
        index = visit_on(self.story, moment) if moment else None
        return None if index is None else {"reference": self._visits[index]}

    def author(self, by: str | None, moment: str) -> Resource | None:
        """A reference to who did it: as written, else who held the encounter of that moment."""
        visit = self.visit(moment)
        return self.practitioner(by or (visit.by if visit else None))

    def when(self, moment: str) -> str:
        """A FHIR dateTime: a bare day on which one visit began and ended takes that visit's start time."""
        visit = self.visit(moment)
        if visit is not None and "T" not in moment and _one_day(visit):
            return with_offset(visit.at, self.story.offset)
        return with_offset(moment, self.story.offset)

    def as_written(self, moment: str | None) -> str | None:
        """A FHIR dateTime of exactly the precision written."""
        return None if moment is None else with_offset(moment, self.story.offset)


def _one_day(visit: Encounter) -> bool:
    return visit.kind != "inpatient" and (visit.to is None or day_of(visit.to) == day_of(visit.at))


def _short(identity: str) -> str:
    """The id cut to what FHIR allows, kept unique by the hash of the whole."""
    if len(identity) <= _LONGEST_ID:
        return identity
    return f"{identity[: _LONGEST_ID - 9]}-{uuid5(NAMESPACE_URL, identity).hex[:8]}"
