"""Who sees: a chat model that takes pictures is asked once about a study; code holds each finding to its picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.models.asking import Asker
from agents.prompts import prompt, prompts_sha256
from agents.seeing.answers import AnyForm, AnySeen, ChestForm, ChestSince, OtherForm, OtherSince
from claims.seen import Place, Seen
from tools.imaging.gate import Way
from tools.imaging.handing import Where
from tools.imaging.sent import Sent
from tools.tally import Tally

_CHEST = "chest film"
_FORMS: dict[tuple[bool, bool], type[AnyForm]] = {
    (True, False): ChestForm,
    (True, True): ChestSince,
    (False, False): OtherForm,
    (False, True): OtherSince,
}
"""By whether it is a film of the chest, and whether there is an earlier picture."""


class TooManyPictures(ValueError):
    """The pictures do not fit into the model's context."""

    def __init__(self, count: int, most: int) -> None:
        super().__init__(
            f"{count} pictures do not fit into the model's served context, {most} would; serve it with a larger "
            "--max-model-len, or read fewer."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What is looked at."""

    kind: str
    """A row of what models were trained for, such as `chest film`."""
    way: Way
    """How its pictures are taken."""
    current: tuple[Sent, ...]
    """The pictures to be read, in order."""
    earlier: Sent | None = None
    """One picture of an earlier study to compare with."""


@dataclass(frozen=True, kw_only=True)
class Seer:
    """One model that sees."""

    asker: Asker
    """How it is asked."""
    row: str
    """Its row of the registry, by which what it was trained for is known."""
    reasoner: str
    """`vllm` or `transformers`."""
    model: tuple[str, str | None]
    """Its name and revision, for the record."""
    where: Where
    """Where it runs, which says which pictures it may be given."""
    image_tokens: int = 256
    """Prompt tokens of one picture."""

    @property
    def spent(self) -> Tally:
        """What its calls cost so far."""
        return self.asker.spent

    async def look(self, task: Task) -> tuple[Seen, ...]:
        """Ask what the pictures show.

        Raises:
            TooManyPictures: they do not fit; nothing was sent.
            agents.models.reply.ModelFailed: no usable answer, twice; or it ran into a limit.
            agents.models.failures.ModelAway: no answer at all.
        """
        names = _prompts(task.kind, task.way, since=task.earlier is not None)
        pictures = shown_to(task)
        most = self.most(task.kind, task.way, since=task.earlier is not None)
        if most is not None and len(pictures) > most:
            raise TooManyPictures(len(pictures), most)
        text = _text(names)
        form = _FORMS[task.kind == _CHEST, task.earlier is not None]
        answer = await self.asker.ask(
            text, form, prompt_sha256=prompts_sha256(*names), pictures=[(words, one.png) for words, one in pictures]
        )
        return held(answer, task)

    def most(self, kind: str, way: Way, *, since: bool = False) -> int | None:
        """The pictures of one reading that fit into the model's served context; None where that has no end."""
        if self.asker.room is None:
            return None
        text = _text(_prompts(kind, way, since=since))
        return max(0, (self.asker.room - self.asker.tokens(text)) // (self.image_tokens + 8))


def _prompts(kind: str, way: Way, *, since: bool) -> list[str]:
    names = ["seeing", "seeing_chest" if kind == _CHEST else f"seeing_{way}"]
    return [*names, "seeing_since"] if since else names


def _text(names: Sequence[str]) -> str:
    return "\n\n".join(prompt(one) for one in names)


def shown_to(task: Task) -> list[tuple[str, Sent]]:
    """The pictures in the order in which they are sent, each with what is said behind it."""
    if task.earlier is None:
        return [(one.label, one) for one in task.current]
    earlier = (f"EARLIER PICTURE, {_day(task.earlier)}", task.earlier)
    return [earlier, *((f"CURRENT PICTURE, {_day(one)}", one) for one in task.current)]


def held(answer: AnyForm, task: Task) -> tuple[Seen, ...]:
    """The findings of an answer, each held to its picture; what is said twice counts once."""
    found: dict[tuple[str, str], Seen] = {}
    doubled: set[tuple[str, str]] = set()
    for form in answer.findings:
        one = _seen(form, task)
        key = one.finding, one.side
        if key in found:
            doubled.add(key)
        else:
            found[key] = one
    contradicted = {
        key: one.model_copy(update={"doubts": (*one.doubts, "the model named it more than once")})
        if key in doubled
        else one
        for key, one in found.items()
    }
    return tuple(contradicted.values())


def _seen(form: AnySeen, task: Task) -> Seen:
    number = getattr(form, "picture", None)
    at = _at(number, task)
    doubts: list[str] = []
    if at is None:
        doubts.append("it points at a picture that was not sent")
    sent = task.current[at or 0]
    place, wrong = _place(form.box_2d, sent)
    if at is None:
        place = None
    doubts += [wrong] if wrong and at is not None else []
    if form.state == "absent" and place is not None:
        place, doubts = None, [*doubts, "it has a box although it is said to be absent"]
    change = getattr(form, "change", None)
    doubts += _against(form, task, place, change)
    return Seen(
        finding=" ".join(form.finding.lower().split()),
        state=form.state,
        side=form.side,
        words=" ".join(form.words.split()),
        picture=(at or 0) + 1 + (task.earlier is not None),
        place=place,
        change=change,
        doubts=tuple(doubts),
    )


def _at(number: int | None, task: Task) -> int | None:
    """Which of the current pictures a number names; slices and patches carry their own."""
    if number is None or len(task.current) == 1:
        return 0
    words = [one.label.rpartition(" ")[2] for one in task.current]
    return words.index(str(number)) if str(number) in words else None


def _place(box: Sequence[int], sent: Sent) -> tuple[Place | None, str]:
    """The box as shares of the square that was sent, cut to the picture in it; and what is wrong with it."""
    if not box or not any(box):
        return None, ""
    if len(box) != 4 or box[0] >= box[2] or box[1] >= box[3]:
        return None, "its box cannot be drawn"
    top, left, bottom, right = box
    inside = sent.fit.from_model((top, left, bottom, right))
    if inside is None:
        return None, "its box lies outside the picture"
    top, left, bottom, right = sent.fit.to_model(inside)
    return Place(left=left / 1000, top=top / 1000, right=right / 1000, bottom=bottom / 1000), ""


def _against(form: AnySeen, task: Task, place: Place | None, change: str | None) -> list[str]:
    """What in a finding speaks against itself."""
    found: list[str] = []
    if change == "resolved" and form.state == "present":
        found.append("it is said to be there and to have resolved")
    if change == "new" and form.state == "absent":
        found.append("it is said to be new and not there")
    # From the front the patient's right is on the picture's left; from the side a picture has no such halves.
    frontal = task.kind == _CHEST and task.current[0].header.view in ("PA", "AP", "frontal")
    if frontal and place is not None and form.side in ("left", "right"):
        on_left = place.right <= 0.5
        on_right = place.left >= 0.5
        if (form.side == "left" and on_left) or (form.side == "right" and on_right):
            found.append("its box lies on the other side of the body than it says")
    return found


def _day(sent: Sent) -> str:
    return sent.header.taken[:10] or "no date"
