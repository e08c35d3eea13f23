"""The film before: found by rule among the archive's studies and the chart's own pictures, fetched, and said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from preround.imaging.charted import Charted
from preround.imaging.concerns import said_of
from tools.fhir.client import FhirClient
from tools.imaging.archive import Archive
from tools.imaging.errors import ImagingError
from tools.imaging.fetching import attached
from tools.imaging.handing import Where, handed
from tools.imaging.header import Header
from tools.imaging.prior import Prior, prior_of
from tools.imaging.reading import Read, read_picture
from tools.imaging.sent import Sent
from tools.imaging.study import AttachedPicture

MOST = 12
"""So many studies before the current one are looked at for the picture to compare with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """What a picture is compared with."""

    sent: Sent | None = None
    """The picture; None where there is none."""
    compared: str = ""
    """How they compare; empty without one."""
    notes: tuple[str, ...] = ()
    """What could not be looked at, and what to know of the picture."""


@dataclass(frozen=True, kw_only=True)
class Before:
    """Looks for the film before; that it can't be had is said and ends nothing."""

    chart: Charted
    """What the chart says."""
    client: FhirClient
    """Reads attachments."""
    archive: Archive | None
    """The image archive, open."""
    where: Where
    """Where the model runs."""

    async def of(self, current: Header) -> Earlier:
        """The film before this one."""
        notes: list[str] = []
        filed = [(one, one.header) for one in self.chart.pictures]
        prior = prior_of(current, [*await self._headers(current, notes), *(header for _, header in filed)])
        if prior is None:
            return Earlier(notes=tuple(notes))
        held = next((one for one, header in filed if header is prior.header), None)
        try:
            found = await self._read(prior, current, held)
            sent = handed(found.picture, to=self.where)
        except ImagingError as error:
            notes.append(f"The picture before, of {prior.header.taken[:10]}, could not be used: {error}")
            return Earlier(notes=tuple(notes))
        notes += [f"Of the picture before: {one}" for one in said_of(found.concerns)]
        by = f" What it is of is taken from {held.reference}." if held else ""
        return Earlier(sent=sent, compared=prior.words + by, notes=tuple(notes))

    async def _headers(self, current: Header, notes: list[str]) -> list[Header]:
        """Those of the archive's studies before."""
        found: list[Header] = []
        if self.archive is None:
            return found
        for uid in await self._studies(self.archive, current, notes):
            try:
                headers = await self.archive.headers(uid)
                self.chart.owner.admit_all(headers)
                found += headers
            except ImagingError as error:
                notes.append(f"A study before could not be looked at: {error}")
        return found

    async def _studies(self, archive: Archive, current: Header, notes: list[str]) -> list[str]:
        """Studies of the archive and the chart up to the current one, the last one first.

        They are chosen by the day of the study, which is all that is known of them yet, and by the current one's; a
        chart may write it in another time zone, so the day after counts too. The rule itself goes by when each was
        acquired.
        """
        days: dict[str, str] = {}
        for identifier in self.chart.owner.ids:
            try:
                for found in await archive.studies(identifier):
                    days.setdefault(found.header.study, found.header.studied)
            except ImagingError as error:
                notes.append(f"The archive could not be searched for studies before: {error}")
        for one in self.chart.studies:
            days.setdefault(one.uid, one.started[:10])
        last = _day_after(current.studied or current.taken[:10])
        before = [uid for uid, on in days.items() if uid != current.study and on and on <= last]
        return sorted(before, key=lambda uid: (days[uid], uid), reverse=True)[:MOST]

    async def _read(self, prior: Prior, current: Header, held: AttachedPicture | None) -> Read:
        """The picture itself; one of the chart that says of itself what does not fit is none.

        Raises:
            ImagingError: it can't be had, or used.
        """
        one = prior.header
        if held is not None:
            body = await attached(self.client, self.chart.scope, held)
            found = read_picture(body, owner=self.chart.owner, vouched="chart")
            found = found.with_header(held.said.over(found.picture.header))
            if prior_of(current, [found.picture.header]) is None:
                msg = "It says otherwise of itself than the chart does: compare it by eye."
                raise ImagingError(msg)
            return found
        if self.archive is None:
            raise ImagingError
        body = await self.archive.instance(one.study, one.series, one.instance)
        return read_picture(body, owner=self.chart.owner)


def _day_after(day: str) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except ValueError:
        return day
