"""What it costs to make pictures for a model: a chest film beside plain pydicom and Pillow, and a CT in bounded memory.

``python -m benchmarks.imaging [--film FILE] [--rounds N] [--json FILE]``; FILE is a DICOM film, else one of 1955 by
1841 pixels is drawn. Reports CPU time of both ways on the same bytes in turn, their ratio, and the memory that a CT of
100 slices takes.
Exits 1 where a film takes more than 1.3 times as long as the plain way, or a CT more than 25 MiB.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom import dcmread
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from rich.console import Console
from rich.table import Table

from fhir_fixtures import PATIENTS
from fhir_fixtures.film import Film
from fhir_fixtures.loading import load_story
from fhir_fixtures.phantom import chest
from fhir_fixtures.pictures import film_of, pictures_of
from fhir_fixtures.story import Story
from tools.imaging.dicom import read_file
from tools.imaging.fit import SIDE
from tools.imaging.handing import handed
from tools.imaging.header import Header
from tools.imaging.reading import seen
from tools.imaging.volume import pictures_of as slices_of_volume
from tools.imaging.volume import slices_of
from tools.imaging.whose import Known, Owner

MOST_RATIO = 1.3
"""Ours to the plain way."""
MOST_MIB = 25.0
"""Of memory for a CT; its hundred files alone are twice as much."""
ROWS, COLUMNS = 1955, 1841
"""Of a film by a phosphor plate."""
CT_SIDE = 512


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What came out."""

    ours_ms: float
    """CPU time of a film from DICOM bytes to the PNG that is sent; median."""
    plain_ms: float
    """The same with pydicom's functions and Pillow; median."""
    ratio: float
    """Median of the ratios of each round."""
    slices: int
    """Slices of the CT."""
    sent: int
    """Of them as many were made into PNGs."""
    peak_mib: float
    """The most memory that was allocated meanwhile."""
    all_at_once_mib: float
    """What the CT's files alone would take together."""

    @property
    def held(self) -> bool:
        """Whether both bounds hold."""
        return self.ratio <= MOST_RATIO and self.peak_mib <= MOST_MIB


def ours(body: bytes) -> bytes:
    """A film as Preround sends it; whose it is is not asked."""
    return handed(seen(read_file(body)), to="this machine").png


def plain(body: bytes) -> bytes:
    """The same picture as anybody would make it with pydicom and Pillow."""
    dataset = dcmread(io.BytesIO(body))
    values = apply_voi_lut(apply_modality_lut(dataset.pixel_array, dataset), dataset).astype(np.float64)
    shades = values / (2**dataset.BitsStored - 1) * 255
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        shades = 255 - shades
    picture = Image.fromarray(np.round(shades).astype(np.uint8))
    scale = SIDE / max(picture.size)
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)
    square = Image.new("L", (SIDE, SIDE))
    square.paste(picture, ((SIDE - picture.width) // 2, (SIDE - picture.height) // 2))
    made = io.BytesIO()
    square.save(made, "PNG")
    return made.getvalue()


def compared(body: bytes, rounds: int) -> tuple[float, float, float]:
    """CPU milliseconds of ours and of the plain way, and the median of their ratios; in turn, either first."""
    pairs = []
    for number in range(rounds + 1):
        order = (ours, plain) if number % 2 else (plain, ours)
        took = {way: _cpu(way, body) for way in order}
        pairs.append((took[ours], took[plain]))
    warm = pairs[1:]
    return (
        statistics.median(one for one, _ in warm) * 1000,
        statistics.median(other for _, other in warm) * 1000,
        statistics.median(one / other for one, other in warm),
    )


def _cpu(way: Callable[[bytes], bytes], body: bytes) -> float:
    started = time.process_time()
    way(body)
    return time.process_time() - started


async def streamed(story: Story, film: Film, folder: Path) -> tuple[int, int, float, float]:
    """A CT from files of 512 by 512 to PNGs, one at a time: slices, PNGs, MiB at most, MiB of all files."""
    files: dict[str, Path] = {}
    headers: list[Header] = []
    for body in pictures_of(story, film, repeat=CT_SIDE // 128):
        header = read_file(body).header
        headers.append(header)
        files[header.instance] = folder / f"{header.instance}.dcm"
        files[header.instance].write_bytes(body)
    together = sum(path.stat().st_size for path in files.values())
    owner = Owner(known=(Known(system="", value=story.patient.mrn),))

    async def fetch(header: Header) -> bytes:
        return await asyncio.to_thread(files[header.instance].read_bytes)

    sent = 0
    tracemalloc.start()
    try:
        async for one, picture in slices_of_volume(slices_of(headers), fetch, owner):
            handed(picture, to="this machine", label=one.label)
            sent += 1
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return len(headers), sent, peak / 2**20, together / 2**20


def measured(body: bytes | None, rounds: int, folder: Path) -> Figures:
    """All figures.

    Args:
        body: a DICOM film, or None for one that is drawn.
        rounds: how often a film is made each way.
        folder: where the CT's files may lie.
    """
    story = load_story(PATIENTS / "chest-films.yaml")
    ours_ms, plain_ms, ratio = compared(body or drawn(story), rounds)
    ct = next(film for film in story.films if film.of == "chest-ct")
    slices, sent, peak, together = asyncio.run(streamed(story, ct, folder))
    return Figures(
        ours_ms=ours_ms,
        plain_ms=plain_ms,
        ratio=ratio,
        slices=slices,
        sent=sent,
        peak_mib=peak,
        all_at_once_mib=together,
    )


def drawn(story: Story) -> bytes:
    """The story's first film, as large as a plate's."""
    film = next(one for one in story.films if one.modality == "CR")
    values, _ = chest(film)
    rows = np.linspace(0, values.shape[0] - 1, ROWS).astype(int)
    columns = np.linspace(0, values.shape[1] - 1, COLUMNS).astype(int)
    return film_of(story, film, values[rows][:, columns])


def main(arguments: list[str] | None = None) -> int:
    """Print the figures; 1 where a bound does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imaging", description=__doc__)
    parser.add_argument("--film", type=Path, help="a DICOM film of one frame")
    parser.add_argument("--rounds", type=int, default=9, help="how often a film is made each way")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--folder", type=Path, help="where files may lie meanwhile")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        found = measured(asked.film.read_bytes() if asked.film else None, asked.rounds, Path(folder))
    table = Table("", "measured", "bound")
    table.add_row("film, ours", f"{found.ours_ms:.0f} ms CPU", "")
    table.add_row("film, pydicom and Pillow", f"{found.plain_ms:.0f} ms CPU", "")
    table.add_row("ratio", f"{found.ratio:.2f}", f"{MOST_RATIO:g}")
    table.add_row(f"CT of {found.slices} slices, {found.sent} sent", f"{found.peak_mib:.1f} MiB", f"{MOST_MIB:g} MiB")
    table.add_row("the same, its files at once", f"{found.all_at_once_mib:.1f} MiB", "")
    Console().print(table)
    if asked.json:
        asked.json.write_text(json.dumps(asdict(found), indent=2))
    return 0 if found.held else 1


if __name__ == "__main__":
    sys.exit(main())
