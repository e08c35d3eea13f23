"""The way into the room: what is refused before anything of a picture is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from preround.failure import Unusable
from preround.wiring import House
from store.runs import Run
from tools.imaging.worded import Worded
from tools.needed import needed

TASK = "imaging"
OFF = (
    "Reading pictures is a device function and is off here; whoever answers for that switches it on with "
    "`enabled = true` under [imaging] in preround.toml (docs/how-to/images.md)"
)
ON = (
    "Pictures are read by a program here: this site switched that on. What it reads is preliminary, and no "
    "radiologist’s report."
)
"""What doctor and every page say where it is on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What is to be read."""

    patient: str
    """The patient's id, with or without `Patient/`."""
    as_of: datetime
    """Clinical now; later studies are not seen."""
    study: str | None = None
    """A study by id or Study Instance UID, or an attached picture by its resource; the newest study without it."""
    file: Path | None = None
    """A DICOM file, or a folder with those of a series, in place of what the chart holds."""
    said: Worded | None = None
    """What a person says of a picture that says nothing of itself, such as a PNG."""
    again: bool = False
    """Whether pictures that were read before by the same model are read anew."""


async def read_pictures(house: House, order: Order) -> Run:
    """Read pictures as the settings say, and open a round with the report; see `preround.imaging.looking.look`.

    Raises:
        Unusable: it is off, or set up wrongly.
        LibraryMissing: the extra `imaging` is not installed.
    """
    if not house.settings.imaging.enabled:
        raise Unusable(OFF)
    services = house.services
    made = needed("preround.imaging.room", extra="imaging")
    room = made.room_of(house.settings, services.progress, services.observer)
    found: Run = await needed("preround.imaging.looking", extra="imaging").look(house, room, order)
    return found
