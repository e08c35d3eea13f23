"""Which pictures are read: the study that is named or the newest, its film or volume, and the film before by rule."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from preround.failure import Declined, Missing, Unusable
from preround.imaging.charted import Charted
from preround.imaging.concerns import said_of
from preround.imaging.earlier import Before
from preround.imaging.slides import slide_sent
from preround.imaging.source import FromArchive, FromBody, Source, dicom_at
from preround.imaging.supplied import Supplied
from tools.fhir.client import FhirClient
from tools.imaging.archive import Archive
from tools.imaging.dicom import is_dicom, read_file
from tools.imaging.fetching import attached, local
from tools.imaging.gate import Admission, Trained, admission
from tools.imaging.handing import Where, handed
from tools.imaging.header import Header
from tools.imaging.reading import Read, Vouched, read_picture
from tools.imaging.sent import Sent
from tools.imaging.study import AttachedPicture, ImagedStudy
from tools.imaging.volume import pictures_of, slices_of
from tools.imaging.worded import Worded

_FRONTAL = ("PA", "AP", "frontal")


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """The pictures of one reading, decoded, held to the patient and made ready to be sent."""

    study: ImagedStudy | None
    """The study of the chart; None where the chart has none."""
    kind: Trained
    """What it is read as."""
    header: Header
    """Of the film that is read, or of the volume's first slice."""
    current: tuple[Sent, ...]
    """What is read."""
    earlier: Sent | None
    """What it is compared with."""
    compared: str
    """How they compare; empty without an earlier one."""
    notes: tuple[str, ...]
    """What else a reader should know."""


@dataclass(frozen=True, kw_only=True)
class Chooser:
    """Chooses and fetches."""

    chart: Charted
    """What the chart says."""
    client: FhirClient
    """Reads attachments."""
    archive: Archive | None
    """The image archive, open."""
    model: str
    """The registry's row of the model that sees."""
    where: Where
    """Where it runs."""
    patches: int
    """Patches of a slide that fit into its context."""

    async def choose(self, named: str | None = None, file: Path | None = None, said: Worded | None = None) -> Chosen:
        """The pictures of the study or file that is named, or of the newest study.

        Args:
            named: a study, or an attached picture by its resource.
            file: in place of what the chart holds.
            said: what a person says of a picture that says nothing of itself.

        Raises:
            Missing: there is no such study, or none at all.
            Unusable: no archive is set up, and the pictures lie in one; or the person says what is said otherwise.
            Declined: it is out of scope, with the reason; nothing was fetched but headers.
            ImagingError: the pictures could not be had, or used; the sentence says why.
        """
        hand = [Supplied(by="", said=said)] if said else []
        if file is not None:
            found = await asyncio.to_thread(dicom_at, file)
            if found is None:
                return await self._bare(await asyncio.to_thread(local, file), hand, vouched="person")
            return await self._of(*found, None, hand)
        picture = self._attached(named)
        if picture is not None:
            body = await attached(self.client, self.chart.scope, picture)
            words = [Supplied(by=picture.reference, said=picture.said), *hand]
            if not is_dicom(body):
                return await self._bare(body, words, vouched="chart")
            return await self._of([read_file(body).header], FromBody(content=body), None, words)
        study = self._study(named)
        archive = self._archive()
        return await self._of(await archive.headers(study.uid), FromArchive(archive=archive), study, hand)

    def _study(self, named: str | None) -> ImagedStudy:
        if named is None:
            if not self.chart.studies:
                raise Missing("The chart has no imaging study and no picture; name a DICOM file with --picture")
            return self.chart.studies[0]
        wanted = named.removeprefix("urn:oid:")
        for one in self.chart.studies:
            if wanted in (one.uid, one.reference, one.reference.partition("/")[2]):
                return one
        raise Missing("The chart has no such imaging study; name one by its id or its Study Instance UID")

    def _attached(self, named: str | None) -> AttachedPicture | None:
        pictures = self.chart.pictures
        if named is None:
            return pictures[0] if pictures and not self.chart.studies else None
        return next((one for one in pictures if named == one.reference), None)

    async def _bare(self, body: bytes, words: Sequence[Supplied], *, vouched: Vouched) -> Chosen:
        """A file that says nothing of itself."""
        found = await asyncio.to_thread(read_picture, body, owner=self.chart.owner, vouched=vouched)
        return await self._single(found, None, words)

    async def _of(
        self, headers: Sequence[Header], source: Source, study: ImagedStudy | None, words: Sequence[Supplied]
    ) -> Chosen:
        self.chart.owner.admit_all(headers)
        if len(headers) > 1 and any(not one.by for one in words):
            raise Unusable("What is said by hand is said of one picture, and here are several; name one with --picture")
        filled = [_filled(one, words)[0] for one in headers] if len(headers) == 1 else headers
        header, asked = _best(filled, self.model)
        row = _admitted(asked, header)
        if row.way in ("volume", "slide"):
            return await self._many(headers, header, source, study, row)
        body = await source.body(header)
        rest = len(headers) - 1
        more = [f"Pictures of the study that were not read: {rest}."] if rest else []
        found = await asyncio.to_thread(read_picture, body, owner=self.chart.owner)
        return await self._single(found, study, words, more)

    async def _many(
        self, headers: Sequence[Header], first: Header, source: Source, study: ImagedStudy | None, row: Trained
    ) -> Chosen:
        """A volume or a slide: one series of the study."""
        series = [one for one in headers if one.series == first.series]
        read = self._slide if row.way == "slide" else self._volume
        current, notes = await read(series, source)
        others = len({one.series for one in headers}) - 1
        notes += [f"Other series of the study that were not read: {others}."] if others else []
        if any(one.overlays for one in series):
            notes += said_of(["overlay"])
        return Chosen(
            study=study,
            kind=row,
            header=current[0].header,
            current=current,
            earlier=None,
            compared="",
            notes=tuple(notes),
        )

    async def _single(
        self, found: Read, study: ImagedStudy | None, words: Sequence[Supplied], notes: Sequence[str] = ()
    ) -> Chosen:
        header, supplied = _filled(found.picture.header, words)
        row = _admitted(admission(self.model, header), header)
        if row.way in ("volume", "slide"):
            raise Declined(f"One picture is no {row.name}; give the whole series as DICOM, with --picture FOLDER")
        found = found.with_header(header)
        sent = await asyncio.to_thread(handed, found.picture, to=self.where)
        before = Before(chart=self.chart, client=self.client, archive=self.archive, where=self.where)
        earlier = await before.of(header)
        return Chosen(
            study=study,
            kind=row,
            header=header,
            current=(sent,),
            earlier=earlier.sent,
            compared=earlier.compared,
            notes=(*notes, *supplied, *said_of(found.concerns), *earlier.notes),
        )

    async def _volume(self, series: Sequence[Header], source: Source) -> tuple[tuple[Sent, ...], list[str]]:
        slices = slices_of(series)
        sent = [
            handed(picture, to=self.where, label=one.label)
            async for one, picture in pictures_of(slices, source.body, self.chart.owner)
        ]
        whole = slices[0].header.frames if slices[0].header.frames > 1 else len(series)
        notes = [f"{len(sent)} of {whole} slices were read, evenly through the volume."] if whole > len(sent) else []
        return tuple(sent), [*notes, "A volume is compared with no earlier one."]

    async def _slide(self, series: Sequence[Header], source: Source) -> tuple[tuple[Sent, ...], list[str]]:
        owner = self.chart.owner
        return await slide_sent(source, series, owner, where=self.where, most=self.patches)

    def _archive(self) -> Archive:
        if self.archive is None:
            raise Unusable("The pictures lie in an image archive; name its DICOMweb address as archive under [imaging]")
        return self.archive


def _filled(header: Header, words: Sequence[Supplied]) -> tuple[Header, tuple[str, ...]]:
    """A header with what others say of its picture, and who said what."""
    lines: tuple[str, ...] = ()
    for one in words:
        header, added = one.over(header)
        lines = (*lines, *added)
    return header, lines


def _admitted(asked: Admission, header: Header) -> Trained:
    """What it is read as.

    Raises:
        Declined: it is out of scope; where that is because it does not say what it is, it says how to say it.
    """
    if asked.row is not None:
        return asked.row
    unsaid = not (header.modality and header.body_part and header.view)
    how = "; or say what you know of it with --modality, --body-part, --view and --taken." if unsaid else "."
    raise Declined(asked.words.removesuffix(".") + how)


def _best(headers: Sequence[Header], model: str) -> tuple[Header, Admission]:
    """The picture that is read: in scope before out of it, from the front before from the side, the largest series."""
    sizes = {one.series: sum(max(1, h.frames) for h in headers if h.series == one.series) for one in headers}

    def rank(pair: tuple[Header, Admission]) -> tuple[bool, bool, int]:
        header, asked = pair
        volume = asked.row is not None and asked.row.way in ("volume", "slide")
        return not asked.admitted, header.view not in _FRONTAL, -sizes[header.series] if volume else 0

    return min(((one, admission(model, one)) for one in headers), key=rank)
