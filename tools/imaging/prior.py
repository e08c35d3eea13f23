"""Which earlier film a film is compared with: a rule, not a guess."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from tools.imaging.gate import region
from tools.imaging.header import Header, Laterality, View

FAMILIES: dict[str, str] = {"CR": "film", "DX": "film", "RG": "film"}
"""Modalities that give the same kind of picture; each other one is a kind of its own."""
PAIRED = frozenset({"arm", "leg", "breast", "eye"})
"""Body parts of which there are two, so that a picture must say which."""
_FRONTAL: frozenset[View] = frozenset({"PA", "AP", "frontal"})
_LATERAL: frozenset[View] = frozenset({"left lateral", "right lateral", "lateral"})

Why = Literal["same view", "other projection"]
"""How well it compares: the same view, or from the same side in another way (AP and PA), which is said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prior:
    """The film before."""

    header: Header
    """What it says of itself."""
    why: Why
    """How well it compares."""
    days: int
    """From it to the current one."""

    @property
    def words(self) -> str:
        """For people."""
        said = "" if self.why == "same view" else f"; it was taken {self.header.view or 'in a view that is not said'}"
        return f"Compared with {self.header.taken[:10]}, {self.days} days before{said}."


def prior_of(current: Header, others: Iterable[Header]) -> Prior | None:
    """The last picture before the current one of the same kind, body part, side and view.

    Where none has the same view, the last one from the same direction (PA, AP, frontal) is taken and `why` says so.
    What does not say its body part, its view or its day is compared with nothing; so is one of the same study, one of
    the same day whose order is not known, and one of a paired part that does not say its side.

    Args:
        current: the film that is read.
        others: everything known of the same patient; whose they are must have been asked before.
    """
    part, moment = region(current.body_part), _moment(current.taken)
    if part is None or moment is None or current.view in (None, "other"):
        return None
    before = [
        one
        for one in others
        if (one.study != current.study or not one.study)
        and _kind(one) == _kind(current)
        and region(one.body_part) == part
        and _same_side(one.laterality, current.laterality, part)
        and _earlier(one.taken, current.taken)
    ]
    for why, fitting in (
        ("same view", [one for one in before if one.view == current.view]),
        ("other projection", [one for one in before if _direction(one.view) == _direction(current.view)]),
    ):
        if fitting:
            last = max(fitting, key=lambda one: (one.taken, -(one.number or 0), one.instance))
            days = (_day(current.taken) - _day(last.taken)).days
            return Prior(header=last, why="same view" if why == "same view" else "other projection", days=days)
    return None


def _kind(header: Header) -> str:
    return FAMILIES.get(header.modality, header.modality)


def _direction(view: View | None) -> str | None:
    if view in _FRONTAL:
        return "frontal"
    return "lateral" if view in _LATERAL else None


def _same_side(one: Laterality | None, other: Laterality | None, part: str) -> bool:
    if part in PAIRED:
        return one is not None and one == other
    # A chest may be marked as both sides or not at all; a single side is another picture.
    return (one or "both") == (other or "both")


def _earlier(one: str, current: str) -> bool:
    """Whether one moment is surely before another; on one day both must say the time."""
    if not one or not current or _moment(one) is None:
        return False
    if one[:10] != current[:10]:
        return one[:10] < current[:10]
    return "T" in one and "T" in current and one < current


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])
