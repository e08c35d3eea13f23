"""Pictures of a reading as the item's page shows them: current beside earlier, boxes, and a text for each box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claims.seen import Look, PictureShown, Seen
from preround.failure import Missing
from preround.wiring import House
from store import artifacts

_VERDICTS = {
    "agrees": "agrees",
    "partly": "agrees in part",
    "contradicts": "CONTRADICTS",
    "not mentioned": "not mentioned in the report",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class BoxView:
    """One box."""

    n: int
    """The finding's number."""
    x: float
    """Left edge, in pixels of the picture."""
    y: float
    """Upper edge."""
    width: float
    """Width."""
    height: float
    """Height."""
    label_y: float
    """Baseline of its number, inside the picture."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureView:
    """One picture with its boxes."""

    shown: PictureShown
    """The picture."""
    title: str
    """What it is."""
    boxes: tuple[BoxView, ...]
    """Its boxes."""
    words: str
    """The boxes in words, for who cannot see them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingView:
    """One finding in its row."""

    n: int
    """Its number, which stands by its box."""
    seen: Seen
    """The finding."""
    verdict: str
    """How it stands to the report, in words; empty without a report."""
    against: bool
    """Whether the report says otherwise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LookView:
    """A reading of pictures."""

    look: Look
    """The reading."""
    pictures: tuple[PictureView, ...]
    """Those that are kept, in the order in which the model had them."""
    findings: tuple[FindingView, ...]
    """In the model's order."""


def look_of(result: Mapping[str, Any]) -> LookView | None:
    """The reading of a round's result; None where it read no pictures."""
    if "imaging" not in result:
        return None
    look = Look.model_validate(result["imaging"])
    findings = tuple(
        FindingView(
            n=n,
            seen=one,
            verdict=_VERDICTS[one.reported.verdict] if one.reported else "",
            against=one.reported is not None and one.reported.verdict == "contradicts",
        )
        for n, one in enumerate(look.findings, start=1)
    )
    pictures = tuple(_picture(one, findings) for one in look.pictures if one.kept)
    return LookView(look=look, pictures=pictures, findings=findings)


def png_of(house: House, result: Mapping[str, Any], number: int) -> bytes:
    """A picture exactly as the model had it.

    Raises:
        Missing: the item has no such picture.
        store.artifacts.ArtifactMissing, ArtifactDamaged: it is not what was kept.
    """
    found = look_of(result)
    shown = next((one.shown for one in found.pictures if one.shown.number == number), None) if found else None
    if shown is None:
        raise Missing("The item has no picture of that number; open the item and choose one")
    with house.services.db.read() as connection:
        return artifacts.get_bytes(connection, shown.sha256)


def _picture(shown: PictureShown, findings: tuple[FindingView, ...]) -> PictureView:
    mine = [one for one in findings if one.seen.picture == shown.number and one.seen.place is not None]
    words = "; ".join(f"{one.n}, {one.seen.sentence}, {one.seen.place.words}" for one in mine if one.seen.place)
    time = "Current" if shown.time == "current" else "Earlier"
    return PictureView(
        shown=shown,
        title=f"{time}: {shown.what}, {shown.day or 'day not said'}",
        boxes=tuple(box for one in mine if (box := _box(one, shown)) is not None),
        words=words or "no box is drawn in it",
    )


def _box(one: FindingView, shown: PictureShown) -> BoxView | None:
    place = one.seen.place
    if place is None:
        return None
    top = place.top * shown.height
    return BoxView(
        n=one.n,
        x=round(place.left * shown.width, 1),
        y=round(top, 1),
        width=round((place.right - place.left) * shown.width, 1),
        height=round((place.bottom - place.top) * shown.height, 1),
        label_y=round(top - 8 if top > 40 else top + 34, 1),
    )
