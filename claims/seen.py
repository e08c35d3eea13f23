"""What was seen in pictures: findings with their place, held beside the radiologist's report and the picture before."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from claims.claim import Record

State = Literal["present", "absent", "uncertain"]
Side = Literal["left", "right", "both", "middle", "none"]
"""Of the patient's body, not of the picture; `none` where a side says nothing."""
Change = Literal["better", "same", "worse", "new", "resolved", "not comparable"]
"""From the earlier picture to the current one."""
Verdict = Literal["agrees", "partly", "contradicts", "not mentioned"]
"""How a finding stands to the report; `partly` where one of the two is uncertain."""


class Place(Record):
    """Where in a picture, as shares of its width and height, so that it holds at every size."""

    left: float = Field(ge=0, le=1)
    """Left edge."""
    top: float = Field(ge=0, le=1)
    """Upper edge."""
    right: float = Field(ge=0, le=1)
    """Right edge."""
    bottom: float = Field(ge=0, le=1)
    """Lower edge."""

    @property
    def words(self) -> str:
        """Where it is, for who cannot see the box."""
        across = _third((self.left + self.right) / 2, ("left", "middle", "right"))
        down = _third((self.top + self.bottom) / 2, ("upper", "middle", "lower"))
        where = "the middle" if across == down == "middle" else f"the {down} {across}"
        across_words = f"{self.left:.0%} to {self.right:.0%} from its left"
        return f"in {where} of the picture, {across_words}, {self.top:.0%} to {self.bottom:.0%} from its top"


class Reported(Record):
    """How a finding stands to the radiologist's report."""

    verdict: Verdict
    """Agreement, contradiction, or nothing said."""
    sentence: str = ""
    """The report's own sentence; empty where it says nothing."""
    why: str = ""
    """What differs, such as the side; empty where nothing does."""


class Seen(Record):
    """One finding, as a model gave it and as code holds it."""

    finding: str = Field(max_length=60)
    """What."""
    state: State
    """Whether it is there."""
    side: Side
    """On which side of the body."""
    words: str = Field(max_length=200)
    """The model's own words; shown as such."""
    picture: int = Field(ge=1)
    """Which of the pictures shown, by `PictureShown.number`."""
    place: Place | None = None
    """Its box in that picture, where there is one that holds."""
    change: Change | None = None
    """Since the earlier picture; None where there was none."""
    doubts: tuple[str, ...] = ()
    """What code found wrong with it."""
    reported: Reported | None = None
    """How it stands to the report; None where there is no report."""

    @property
    def sentence(self) -> str:
        """The finding in one line, in words of ours."""
        side = {"left": "left ", "right": "right ", "both": "bilateral "}.get(self.side, "")
        said = {"present": "", "absent": "No ", "uncertain": "Uncertain: "}[self.state]
        named = f"{said}{side}{self.finding}"
        since = {"not comparable": "not comparable with the earlier picture"}.get(self.change or "", self.change)
        return f"{named[:1].upper()}{named[1:]}{f' ({since})' if since else ''}"


class PictureShown(Record):
    """One picture that a model saw, exactly as it saw it."""

    number: int = Field(ge=1)
    """From 1, in the order in which they were sent."""
    time: Literal["current", "earlier"]
    """Of which study."""
    day: str
    """When it was taken, `2026-11-01`; empty where it does not say."""
    what: str
    """What it is, such as `chest film, PA`, or `SLICE 12`."""
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the PNG that was sent, kept under it."""
    width: int = Field(gt=0)
    """Of that PNG, pixels."""
    height: int = Field(gt=0)
    """Of that PNG, pixels."""
    made: str
    """How its shades were made, such as `window 40/400`."""
    kept: bool = True
    """Whether the PNG is kept for the page; slices that no finding names are not."""


class Report(Record):
    """A radiologist's report, as it was used."""

    reference: str
    """`DiagnosticReport/id/_history/version`."""
    day: str
    """Its day; empty where it does not say."""
    status: str
    """Its FHIR status."""
    only_here: tuple[str, ...] = ()
    """Sentences that state a finding which the model did not give."""


class Sorted(Record):
    """What a classifier took a picture for, beside what its header says."""

    question: str
    """What was asked, such as `view`."""
    answer: str
    """What fits best."""
    share: float = Field(ge=0, le=1)
    """How much of the fit it has among the choices."""
    header: str
    """What the header says; empty where it says nothing."""
    differs: bool = False
    """Whether the two contradict each other."""


class Similar(Record):
    """An earlier picture of the same patient that looks alike."""

    study: str
    """Study Instance UID."""
    day: str
    """When it was taken."""
    likeness: float = Field(ge=-1, le=1)
    """Cosine of the two embeddings."""


class Look(Record):
    """One reading of a study's pictures."""

    study: str
    """The ImagingStudy, versioned; empty where the chart has none."""
    uid: str
    """Study Instance UID; empty for a file without one."""
    day: str
    """When it was taken."""
    kind: str
    """What it was read as, such as `chest film`."""
    model: str
    """The model's name."""
    revision: str | None
    """Its revision, where one is pinned."""
    pictures: tuple[PictureShown, ...]
    """Everything that was sent."""
    findings: tuple[Seen, ...]
    """What came of it."""
    compared: str = ""
    """With what it was compared; empty where with nothing."""
    report: Report | None = None
    """The radiologist's report in the chart, if there is one."""
    sorter: str = ""
    """The classifier's name and revision; empty where none is set up, or where it could not be run."""
    sorted: tuple[Sorted, ...] = ()
    """What the classifier said: a help in sorting, and no finding; nothing of it is signed."""
    similar: tuple[Similar, ...] = ()
    """Earlier pictures that look alike, the most alike first."""
    notes: tuple[str, ...] = ()
    """What else a reader should know: what was not read, concerns about quality."""


def _third(share: float, names: tuple[str, str, str]) -> str:
    return names[0] if share < 1 / 3 else names[1] if share < 2 / 3 else names[2]
