"""What a classifier says beside a reading: on the page as a help in sorting, kept with its model, and never signed."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from sqlalchemy import select

from agents.models.embedding import Score, Vector, scored
from agents.models.weights import WeightsUnusable
from claims.seen import Look
from preround.doing import rounds
from preround.imaging.looking import look
from review.queue import show
from store.tables import image_embeddings
from tests.dicomweb import Shelf
from tests.integration.films import answer, files, finding, opened, order, room
from tests.visiting import visiting


@dataclass
class Shades:
    """An embedder that knows nothing but how bright a picture is in its parts."""

    broken: bool = False
    model: tuple[str, str | None] = ("shades", "0123abc")

    def embed(self, images: Sequence[bytes]) -> list[Vector]:
        """The mean brightness of each quarter, of length 1."""
        if self.broken:
            raise WeightsUnusable(Path("weights"), "there is no config.json")
        found = []
        for image in images:
            pixels = np.asarray(Image.open(io.BytesIO(image)).convert("L"), dtype=float)
            quarters = np.array(
                [half.mean() for rows in np.array_split(pixels, 2) for half in np.array_split(rows, 2, 1)]
            )
            found.append(tuple(float(one) for one in quarters / np.linalg.norm(quarters)))
        return found

    def classify(self, image: bytes, prompts: Sequence[str]) -> tuple[Score, ...]:
        """A chest film from the side, whatever it is."""
        return scored(prompts, [5.0 if one in ("a chest x-ray", "a lateral chest x-ray") else 0.0 for one in prompts])


async def test_it_stands_on_the_page_with_its_name_and_not_in_what_is_signed(tmp_path: Path) -> None:
    here, _ = room(answer(finding(change="same")), shelf=Shelf(files=list(files(0, 2))), sorter=Shades())
    async with opened(tmp_path) as house:
        run = await look(house, here, order())
        item = rounds.item_of_run(house, run.run_id)
        result = rounds.result(house, run.run_id)
        found = Look.model_validate(result["imaging"])
        async with visiting(house) as web:
            page = (await web.get(f"/items/{item}")).text
        signed = json.dumps(show(house.services.db, item).proposal.entries[0].resource)
        with house.services.db.read() as connection:
            rows = connection.execute(select(image_embeddings)).all()
    assert found.sorter == "shades (0123abc)"
    assert [(one.day, round(one.likeness, 1)) for one in found.similar] == [("2026-03-02", 1.0)]
    assert [one.answer for one in found.sorted if one.differs] == ["from the side"]
    for words in ("Help in sorting, by shades (0123abc)", "No finding, and no part of what is signed.", "They differ."):
        assert words in page
    assert "no finding, and no part of what is signed" in "\n".join(result["page"])
    assert not [word for word in ("shades", "likeness", "from the side") if word in signed]
    assert {(row.model, row.revision, row.day) for row in rows} == {
        ("shades", "0123abc", "2026-03-02"),
        ("shades", "0123abc", "2026-03-30"),
    }


async def test_a_classifier_that_cannot_be_run_is_a_note(tmp_path: Path) -> None:
    here, _ = room(answer(finding(change="same")), shelf=Shelf(files=list(files(0, 2))), sorter=Shades(broken=True))
    async with opened(tmp_path) as house:
        run = await look(house, here, order())
        found = Look.model_validate(rounds.result(house, run.run_id)["imaging"])
    assert (found.sorter, found.sorted, found.similar) == ("", (), ())
    assert any(one.startswith("The picture could not be sorted: ") for one in found.notes)
