"""What `preround schema` says of results is what the commands give."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from preround.shown.results import Decided, ItemShown, QueueRow, Result
from tests.acceptance.homes import Home


def described(model: type[BaseModel], given: dict[str, Any]) -> None:
    """Every field that the schema requires is there and holds what it says; JSON turns no text into a number."""
    model.model_validate(given)
    with pytest.raises(ValidationError):
        model.model_validate({name: value for name, value in given.items() if name != "patient" and name != "outcome"})


def test_results_are_as_their_schemas_say(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    (row,) = home.json("queue")
    shown = home.json("show", item)
    described(QueueRow, row)
    described(ItemShown, shown)
    assert shown["entries"]
    described(Result, home.draft("--task", "comparison", "--task", "suggestions"))
    waiting = next(one["item"] for one in home.json("queue", "--status", "open"))
    done = home.json("decide", waiting, "--approve", "--only", "1", "--as", "Ada Nowak")
    described(Decided, done)
    assert done["receipts"]
    described(ItemShown, home.json("show", waiting))
