"""Sorting: what a classifier takes a picture for, beside what its header says."""

from __future__ import annotations

import hashlib

import pytest

from agents.models.embedding import ScriptedImageEmbedder
from agents.models.picture import PictureUnreadable
from agents.seeing.sorting import questions, sort_picture
from tests.unit.seeing.pictures import sent


def sorter(**fits: float) -> ScriptedImageEmbedder:
    """A classifier for which these sentences fit the picture; `_` stands for a blank."""
    given = {name.replace("_", " ").replace("x ray", "x-ray"): value for name, value in fits.items()}
    return ScriptedImageEmbedder(fits={hashlib.sha256(PICTURE.png).hexdigest(): given})


PICTURE = sent()


def test_a_film_that_looks_as_its_header_says() -> None:
    found = sort_picture(sorter(a_chest_x_ray=9.0, a_frontal_chest_x_ray=9.0), PICTURE.png, PICTURE.header)
    assert [(one.question, one.answer, one.differs) for one in found][:2] == [
        ("kind of picture", "film", False),
        ("view", "from the front", False),
    ]
    assert found[1].header == "PA"


def test_a_lateral_film_that_is_called_frontal_differs() -> None:
    found = sort_picture(sorter(a_chest_x_ray=9.0, a_lateral_chest_x_ray=9.0), PICTURE.png, PICTURE.header)
    assert [one.differs for one in found if one.question == "view"] == [True]


def test_what_is_no_film_is_not_asked_for_its_view() -> None:
    (one,) = sort_picture(sorter(a_photograph_of_skin=9.0), PICTURE.png, PICTURE.header)
    assert (one.answer, one.differs) == ("skin", True)


def test_a_close_call_contradicts_nothing() -> None:
    (one, *_) = sort_picture(sorter(a_photograph_of_skin=0.2), PICTURE.png, PICTURE.header)
    assert not one.differs


def test_what_cannot_be_embedded_is_an_error() -> None:
    with pytest.raises(PictureUnreadable):
        sort_picture(ScriptedImageEmbedder(), PICTURE.png, PICTURE.header)


def test_every_sentence_is_short_and_said_once() -> None:
    sentences = [one.sentence for question in questions() for one in question.answer]
    assert len(set(sentences)) == len(sentences)
    assert max(len(one.split()) for one in sentences) <= 16
