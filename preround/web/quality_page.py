"""The quality page: what became of drafts, by task, author, guideline and group of patients; and its CSV."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from preround.imaging.door import ON
from preround.web.rendering import respond
from preround.web.wording import SEEDS, TASKS
from preround.wiring import House
from review.incidents import Incident, incidents
from review.outcomes import outcomes
from review.pace import Pace
from review.quality import GROUPS, Dimension, Share, quick, share, shares
from review.quality_csv import seeded_table, table
from review.reasons import reasons
from review.seeding import Attention, attention, seeded_every

MOST = 50
"""So many signatures that came sooner than reading stand on the page, the latest; the CSV has every entry."""
TITLES: dict[Dimension, str] = {
    "task": "By task",
    "author": "By what drafted it",
    "guideline": "By recommendation",
    "reason": "By reason for rejection",
    "age": "By the patient’s age",
    "sex": "By the patient’s sex",
    "language": "By the patient’s language",
}
"""The tables, in the order of the page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One table."""

    title: str
    """Its heading."""
    dimension: Dimension
    """What its lines have in common."""
    rows: tuple[Share, ...]
    """Its lines."""
    folded: bool
    """Whether small groups of patients are put together in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class QualityView:
    """The page."""

    whole: Share | None
    """Everything decided; ``None`` where nothing is yet."""
    parts: tuple[Part, ...]
    """The tables that have lines."""
    attention: tuple[Attention, ...]
    """What reviewers made of known errors, by kind; none where none was ever seeded."""
    quick: tuple[Pace, ...]
    """The latest signatures that came sooner than the item can be read."""
    words_a_minute: int
    """How fast somebody reads who means to check."""
    incidents: tuple[Incident, ...]
    """What reviewers reported, newest first."""


def quality_of(house: House) -> QualityView:
    """The page from what stands in the state now."""
    found = outcomes(house.services.db, words_a_minute=house.settings.reading_words_a_minute)
    parts = (
        Part(title=title, dimension=by, rows=shares(found, by), folded=by in GROUPS) for by, title in TITLES.items()
    )
    return QualityView(
        whole=share("all", found) if found else None,
        parts=tuple(part for part in parts if part.rows),
        attention=attention(seeded_every(house.services.db)),
        quick=quick(found)[:MOST],
        words_a_minute=house.settings.reading_words_a_minute,
        incidents=incidents(house.services.db),
    )


def words_of(dimension: Dimension, key: str) -> str:
    """A line's key in words."""
    if dimension == "task":
        return TASKS.get(key, key)
    if dimension == "reason":
        return next((reason.display for reason in reasons() if reason.code == key), key)
    if dimension == "guideline":
        return key.rpartition(":plan:")[2]  # ours by their name, a site's own by their whole address
    return key


class QualityPage:
    """The routes of the quality page.

    Args:
        house: the running program.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self.router = APIRouter(include_in_schema=False)
        self.router.add_api_route("/quality", self.page, methods=["GET"])
        self.router.add_api_route("/quality/seeded.csv", self.seeded, methods=["GET"])
        self.router.add_api_route("/quality.csv", self.csv, methods=["GET"])

    def page(self) -> Response:
        """What became of drafts."""
        imaging = ON if self._house.settings.imaging.enabled else ""
        context = {"view": quality_of(self._house), "words_of": words_of, "seeds": SEEDS, "imaging": imaging}
        return respond("quality.html", context)

    def seeded(self) -> Response:
        """What reviewers made of each known error, a line an error."""
        headers = {"content-disposition": 'attachment; filename="preround-seeded.csv"'}
        return Response(seeded_table(seeded_every(self._house.services.db)), media_type="text/csv", headers=headers)

    def csv(self) -> Response:
        """The same, a line an entry."""
        found = outcomes(self._house.services.db, words_a_minute=self._house.settings.reading_words_a_minute)
        headers = {"content-disposition": 'attachment; filename="preround-quality.csv"'}
        return Response(table(found), media_type="text/csv", headers=headers)
