"""Responsibility as data: whose an item is, who covers, and who hears of it when nobody decided in time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from review.person import Data, Role, person_key
from store.items import Tier


class Party(Data):
    """One person by name, or whoever holds one of some roles."""

    name: str | None = None
    """The person's name."""
    roles: tuple[Role, ...] = ()
    """Any of these roles."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.name is None) == (not self.roles) or (self.name is not None and not person_key(self.name)):
            raise ValueError("give a name or roles, one of the two")
        return self

    def __str__(self) -> str:
        """In words, as `Ada Nowak` or `a prescriber or attending`."""
        if self.name is not None:
            return " ".join(self.name.split())
        first = "an" if self.roles[0][0] in "aeiou" else "a"
        return f"{first} {' or '.join(self.roles)}"

    @property
    def keys(self) -> tuple[str, ...]:
        """What tells who is meant: `person:ada nowak`, or `role:prescriber` for each role."""
        return keys_of(self.name, self.roles)


def keys_of(name: str | None, roles: Collection[str]) -> tuple[str, ...]:
    """What a person is found by: their name and each of their roles."""
    named = (f"person:{person_key(name)}",) if name and person_key(name) else ()
    return (*named, *(f"role:{role}" for role in sorted(roles)))


class Duty(Data):
    """Whose an item is."""

    why: str
    """The reason, as people read it."""
    owner: Party
    """Whose it is from its opening on."""
    cover: Party
    """Who has it too when the owner has not decided after `cover_after_hours`."""
    cover_after_hours: float = Field(default=2.0, ge=0)
    """Hours from the opening; at 0 both from the beginning."""
    escalate: Party
    """Who is told when its time is over and nobody decided."""

    @property
    def handover(self) -> timedelta:
        """How long it is the owner's alone."""
        return timedelta(hours=self.cover_after_hours)


class DutyRule(Duty):
    """A duty for what matches: every list given holds at least one of the item's values; an absent one asks nothing."""

    tiers: tuple[Tier, ...] | None = None
    """The item's tier."""
    tasks: tuple[str, ...] | None = None
    """What it answers, such as `summary`."""
    services: tuple[str, ...] | None = None
    """The service that the patient is with: `class` or `serviceType` of the last encounter, by code or name."""
    hours: str | None = None
    """The time of day at the opening, as `18:00-08:00`."""

    @field_validator("hours")
    @classmethod
    def _two_times(cls, given: str | None) -> str | None:
        if given is not None:
            _span(given)
        return given

    def matches(self, tier: Tier, tasks: Collection[str], services: Collection[str], at: time) -> bool:
        """Whether it is for such an item, opened at this time of day."""
        wanted = {one.casefold() for one in self.services or ()}
        return (
            (self.tiers is None or tier in self.tiers)
            and (self.tasks is None or bool(set(self.tasks) & set(tasks)))
            and (self.services is None or bool(wanted & {one.casefold() for one in services}))
            and (self.hours is None or _within(at, *_span(self.hours)))
        )


class Duties(Data):
    """The rules of duty, read from the top."""

    timezone: str = "UTC"
    """In which `hours` are meant, as `Europe/Paris`."""
    rules: tuple[DutyRule, ...] = ()
    """The first that matches counts; what none matches is of who may sign it."""

    @field_validator("timezone")
    @classmethod
    def _known(cls, given: str) -> str:
        _zone(given)
        return given

    def time(self, at: datetime) -> time:
        """An instant as the time of day there."""
        return at.astimezone(_zone(self.timezone)).time()


def _zone(name: str) -> tzinfo:
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name}; write it as Europe/Paris") from None


def _span(given: str) -> tuple[time, time]:
    start, dash, end = given.partition("-")
    try:
        if not dash:
            raise ValueError
        return time.fromisoformat(start.strip()), time.fromisoformat(end.strip())
    except ValueError:
        raise ValueError(f"{given} is no span of hours; write it as 18:00-08:00") from None


def _within(at: time, start: time, end: time) -> bool:
    return start <= at < end if start <= end else at >= start or at < end
