"""What a classifier says beside a reading: what the picture is taken for, and which earlier ones look like it."""

from __future__ import annotations

from dataclasses import dataclass

from agents.models.embedding import Vector
from agents.models.picture import PictureUnusable
from agents.models.weights import WeightsUnusable
from agents.seeing.sorting import sort_picture
from claims.seen import Similar, Sorted
from preround.imaging.chosen import Chosen
from preround.imaging.room import Room
from preround.wiring import House
from store import embeddings
from store.embeddings import Embedded
from tools.imaging.sent import Sent
from tools.needed import LibraryMissing


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """What stands beside a reading."""

    sorter: str = ""
    """Name and revision of the classifier; empty where it was not run."""
    sorted: tuple[Sorted, ...] = ()
    """What it takes the picture for."""
    similar: tuple[Similar, ...] = ()
    """Earlier pictures that look alike."""
    notes: tuple[str, ...] = ()
    """Why it was not run."""


def sorted_beside(house: House, room: Room, chosen: Chosen, patient: str) -> Beside:
    """What the classifier says of the picture, and what looks like it; the embeddings are kept.

    A volume is not sorted. Where the classifier cannot be run, that is a note, and the reading goes on.
    """
    if room.sorter is None or len(chosen.current) != 1:
        return Beside()
    sents = [chosen.current[0], *([chosen.earlier] if chosen.earlier else [])]
    try:
        vectors = room.sorter.embed([one.png for one in sents])
        sorting = sort_picture(room.sorter, sents[0].png, chosen.header)
    except (PictureUnusable, WeightsUnusable, LibraryMissing) as error:
        return Beside(notes=(f"The picture could not be sorted: {error}",))
    name, revision = room.sorter.model
    made = [_embedded(sent, vector, patient, name, revision or "") for sent, vector in zip(sents, vectors, strict=True)]
    with house.services.db.write() as connection:
        for one in made:
            embeddings.keep(connection, one, now=house.services.clock.now())
        found = embeddings.alike(connection, made[0])
    return Beside(
        sorter=f"{name} ({revision})" if revision else name,
        sorted=sorting,
        similar=tuple(Similar(study=one.study, day=one.day, likeness=one.likeness) for one in found),
    )


def _embedded(sent: Sent, vector: Vector, patient: str, model: str, revision: str) -> Embedded:
    return Embedded(
        patient=patient,
        picture=sent.source,
        frame=sent.frame,
        model=model,
        revision=revision,
        study=sent.header.study,
        day=sent.header.taken[:10],
        vector=vector,
    )
