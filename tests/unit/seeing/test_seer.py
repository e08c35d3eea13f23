"""What a model says of pictures, held to them: forms, the one repair, boxes, sides, slices."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from agents.models.asking import Asker
from agents.models.reply import ReplyNotJson
from agents.models.schema import constrainable
from agents.models.scripted import ScriptedChat
from agents.seeing.answers import ChestFinding, ChestForm, ChestSince, OtherForm, OtherSince
from agents.seeing.seer import Seer, Task, TooManyPictures
from claims.findings import known
from claims.seen import Seen
from tests.unit.seeing.pictures import sent


def finding(**changed: Any) -> dict[str, Any]:
    """A finding of a chest film."""
    usual = {
        "finding": "pleural effusion",
        "state": "present",
        "side": "left",
        "box_2d": [600, 600, 900, 900],
        "words": "blunt angle",
    }
    return {**usual, **changed}


def answer(*findings: dict[str, Any]) -> str:
    return json.dumps({"findings": findings})


def seer(*lines: str, room: int | None = None) -> tuple[Seer, ScriptedChat]:
    chat = ScriptedChat(lines=lines)
    made = Seer(
        asker=Asker(chat, room=room), row="medgemma-1.5-4b-it", reasoner="vllm", model=("m", None), where="this machine"
    )
    return made, chat


FILM = Task(kind="chest film", way="film", current=(sent(),))


async def looked(*findings: dict[str, Any], task: Task = FILM) -> tuple[Seen, ...]:
    return await seer(answer(*findings))[0].look(task)


def test_the_form_names_the_findings_whose_words_are_known() -> None:
    assert set(get_args(ChestFinding)) == {row.name for row in known()}


@pytest.mark.parametrize("form", [ChestForm, ChestSince, OtherForm, OtherSince])
def test_every_list_and_string_of_a_form_is_bounded(form: type[ChestForm]) -> None:
    def walk(node: Any) -> None:
        if isinstance(node, dict):
            kind = node.get("type")
            assert kind != "array" or "maxItems" in node, node
            assert kind != "string" or {"enum", "const", "maxLength"} & set(node), node
            assert kind != "integer" or {"minimum", "maximum"} <= set(node), node
            for one in node.values():
                walk(one)
        elif isinstance(node, list):
            for one in node:
                walk(one)

    walk(constrainable(form.model_json_schema()))


async def test_pictures_are_sent_with_their_days_the_earlier_first() -> None:
    made, chat = seer(answer(finding(change="worse")))
    task = Task(kind="chest film", way="film", current=(sent(),), earlier=sent(taken="2026-10-02", grey=40))
    (one,) = await made.look(task)
    assert chat.prompts[0].index("EARLIER PICTURE, 2026-10-02") < chat.prompts[0].index("CURRENT PICTURE, 2026-11-01")
    assert chat.prompts[0].count("image/png") == 2
    assert (one.change, one.picture) == ("worse", 2)


async def test_an_answer_that_does_not_fit_is_asked_for_once_more_with_its_pictures() -> None:
    made, chat = seer(answer(finding(state="maybe")), answer(finding()))
    assert len(await made.look(FILM)) == 1
    assert "could not be used" in chat.prompts[1]
    assert "image/png" in chat.prompts[1]
    made, _ = seer("no", "no")
    with pytest.raises(ReplyNotJson):
        await made.look(FILM)


async def test_pictures_that_do_not_fit_into_the_context_are_not_sent() -> None:
    made, chat = seer(room=2000)
    task = Task(kind="CT volume", way="volume", current=tuple(sent(label=f"SLICE {n}") for n in range(1, 86)))
    with pytest.raises(TooManyPictures, match="85 pictures do not fit"):
        await made.look(task)
    assert chat.prompts == []


async def test_a_box_is_cut_to_the_picture_inside_its_square() -> None:
    narrow = Task(kind="chest film", way="film", current=(sent(width=448, height=896),))
    (one,) = await looked(finding(box_2d=[0, 100, 500, 900], side="both"), task=narrow)
    assert one.place is not None
    assert (one.place.left, one.place.right) == pytest.approx((0.25, 0.75), abs=0.002)
    assert (one.place.top, one.place.bottom) == pytest.approx((0, 0.5), abs=0.002)


@pytest.mark.parametrize(
    ("changed", "doubt"),
    [
        ({"box_2d": [900, 0, 100, 50]}, "its box cannot be drawn"),
        ({"box_2d": [1, 2, 3]}, "its box cannot be drawn"),
        ({"box_2d": [0, 0, 100, 100], "side": "left"}, "its box lies on the other side of the body than it says"),
        ({"box_2d": [0, 700, 100, 900], "side": "right"}, "its box lies on the other side of the body than it says"),
        ({"state": "absent"}, "it has a box although it is said to be absent"),
    ],
)
async def test_what_speaks_against_itself_is_said(changed: dict[str, Any], doubt: str) -> None:
    (one,) = await looked(finding(**changed))
    assert one.doubts == (doubt,)


async def test_no_box_is_no_doubt_and_a_lateral_film_has_no_halves() -> None:
    (one,) = await looked(finding(box_2d=[]))
    assert (one.doubts, one.place) == ((), None)
    lateral = Task(kind="chest film", way="film", current=(sent(view="lateral"),))
    (one,) = await looked(finding(box_2d=[0, 0, 100, 100]), task=lateral)
    assert one.doubts == ()


async def test_a_finding_counts_once_for_each_side_and_being_named_twice_is_said() -> None:
    found = await looked(finding(), finding(state="absent", box_2d=[]), finding(side="right", box_2d=[]))
    assert [(one.side, one.state) for one in found] == [("left", "present"), ("right", "present")]
    assert found[0].doubts == ("the model named it more than once",)


async def test_a_slice_is_named_by_its_own_number() -> None:
    volume = Task(kind="CT volume", way="volume", current=tuple(sent(label=f"SLICE {n}") for n in (1, 4, 7)))
    liver = {**finding(finding="Liver  lesion"), "picture": 7}
    found = await looked(liver, {**liver, "side": "right", "picture": 5}, task=volume)
    assert (found[0].finding, found[0].picture, found[0].doubts) == ("liver lesion", 3, ())
    assert found[1].doubts == ("it points at a picture that was not sent",)
    assert found[1].place is None
