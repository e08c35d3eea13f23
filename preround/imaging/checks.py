"""What doctor says of reading pictures: off or on, by what model, from which archive."""

from __future__ import annotations

import asyncio

from preround.imaging.door import ON
from preround.imaging.room import archive_of, room_of, seeing_row, sorter_of
from preround.reaching import reached
from preround.settings import Settings
from tools.fhir.errors import FhirError
from tools.imaging.errors import ImagingError

Line = tuple[str, bool, str]
"""Name, whether it is as it should be, and what was found."""


async def imaging_checks(settings: Settings) -> list[Line]:
    """One line each, where it is on: that it is, the model that sees, the archive, the classifier."""
    given = settings.imaging
    try:
        room_of(settings)
        sorter_of(settings)
    except (LookupError, ValueError, RuntimeError) as error:
        return [("imaging", False, str(error))]
    lines: list[Line] = [("imaging", True, f"on. {ON}")]
    if given.model_path is None:
        row = seeing_row(settings)
        row = row.model_copy(update={"url": row.url or given.model_url or settings.model_url})
        found = (await asyncio.to_thread(reached, [row], settings))[row.name]
        lines.append(("imaging model", found.ok, found.detail))
    else:
        lines.append(("imaging model", True, f"{given.model} is run in this process"))
    lines.append(await _archive(settings))
    if given.sort_path is None:
        lines.append(("imaging sorting", True, "off: no sort_path is named under [imaging]"))
    return lines


async def _archive(settings: Settings) -> Line:
    opened = archive_of(settings.imaging)
    if opened is None:
        return "imaging archive", True, "none is named; pictures attached to the chart are read, and files"
    try:
        async with opened() as archive:
            await archive.studies("preround-doctor-asks-for-nobody", most=1)
    except (ImagingError, FhirError) as error:
        return "imaging archive", False, str(error)
    return "imaging archive", True, "studies can be searched"
