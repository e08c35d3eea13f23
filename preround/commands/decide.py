"""`preround decide`: approve, reject, edit or send back one item."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from claims.canonical import read_exact
from claims.note import reworded, words_of
from preround.doing import deciding
from preround.doing.asking import ask_beside
from preround.door import Fhir, Json, enter, out, write_json
from preround.failure import Unusable
from preround.web.wording import seed_words
from preround.wiring import House
from review.decision import Verb
from review.proposal import Resource
from review.queue import show


def decide(
    item: Annotated[str, typer.Argument(help="Item id, from `preround queue`.")],
    as_: Annotated[str, typer.Option("--as", metavar="NAME", help="Who decides; this name is signed into the record.")],
    approve: Annotated[bool, typer.Option("--approve", help="Sign; what is signed is written.")] = False,
    reject: Annotated[
        str | None,
        typer.Option("--reject", metavar="CODE", help="A coded reason; see `preround schema reject-reasons`."),
    ] = None,
    revise: Annotated[
        str | None, typer.Option("--revise", metavar="TEXT", help="Send back with words; a new item opens.")
    ] = None,
    edit: Annotated[
        Path | None,
        typer.Option(
            "--edit", metavar="FILE", help="JSON of edited resources, or the words of a note as .txt; a new item opens."
        ),
    ] = None,
    only: Annotated[
        list[int] | None, typer.Option("--only", metavar="N", help="With --approve: only these entries.")
    ] = None,
    words: Annotated[str | None, typer.Option("--words", help="Your own words, kept with the decision.")] = None,
    ask: Annotated[
        str | None,
        typer.Option(
            "--ask",
            metavar="WHO",
            help="A name or role that is to sign too, with --words; beside --approve you sign first, alone it asks.",
        ),
    ] = None,
    fhir: Fhir = None,
    json: Json = None,
) -> None:
    """Decide one item. Approving writes exactly what `preround show` showed, once, and reads it back."""

    async def work(house: House) -> int:
        if ask is not None and not words:
            raise Unusable("Say with --words what they should look at")
        if ask is not None and not (approve or reject or revise or edit):
            found = ask_beside(house, item, person=as_, ask=ask, words=words or "")
            if json is not None:
                write_json({"item": item, "asked": found.asked, "by": found.person, "at": found.at.isoformat()}, json)
            if json != "-":
                out.print(
                    f"{found.asked} is asked to sign too. They find it: preround queue --whose asked", markup=False
                )
            return 0
        verb = _verb(approve, reject, revise, edit)
        done = await deciding.decide(
            house,
            item_id=item,
            person=as_,
            verb=verb,
            only=tuple(only) if only else None,
            code=reject,
            words=revise or (None if ask else words),
            ask=ask if approve else None,
            ask_words=words if ask and approve else None,
            edited=_edited(edit, house, item) if edit else None,
        )
        if json is not None:
            write_json(done, json)
        if json != "-":
            _say(done)
        return 0

    enter(work, fhir=fhir, json=json, reporting=True)


def _verb(approve: bool, reject: str | None, revise: str | None, edit: Path | None) -> Verb:
    chosen: list[Verb] = []
    if approve:
        chosen.append("approve")
    if reject is not None:
        chosen.append("reject")
    if revise is not None:
        chosen.append("revise")
    if edit is not None:
        chosen.append("edit")
    if len(chosen) != 1:
        raise Unusable("Say one of --approve, --reject CODE, --revise TEXT or --edit FILE")
    return chosen[0]


def _edited(path: Path, house: House, item: str) -> dict[int, Resource]:
    """Entry number → resource, from a JSON object with those keys, or a list of `{"n": …, "resource": …}`.

    A `.txt` holds the new words of the one note among the entries.
    """
    if path.suffix.lower() == ".txt":
        return _corrected(path, house, item)
    try:
        value = read_exact(path.read_bytes())
    except OSError as error:
        raise Unusable(f"Could not read {path}: {error.strerror}") from error
    except ValueError as error:
        raise Unusable(f'{path} is not JSON; write {{"1": resource}} with the entry\'s number') from error
    try:
        if isinstance(value, list):
            return {int(row["n"]): row["resource"] for row in value}
        return {int(n): resource for n, resource in value.items()}
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise Unusable(f'{path} must map entry numbers to resources; write {{"1": resource}}') from error


def _corrected(path: Path, house: House, item: str) -> dict[int, Resource]:
    notes = [e for e in show(house.services.db, item).proposal.entries if words_of(e.resource) is not None]
    if len(notes) != 1:
        raise Unusable(f"The item has {len(notes) or 'no'} notes; words can be given for one, else give JSON")
    try:
        words = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"Could not read {path}; give a text file in UTF-8") from error
    if not words:
        raise Unusable(f"{path} is empty; reject the item with --reject instead")
    return {notes[0].n: reworded(notes[0].resource, words)}


def _say(done: dict[str, Any]) -> None:
    if "seeded" in done:
        out.print(seed_words(done["seeded"]), markup=False)
        return
    out.print(f"{done['outcome'].capitalize()}. The round is {done['run_status'].replace('_', ' ')}.", markup=False)
    for receipt in done["receipts"]:
        out.print(
            f"Written: {receipt['reference']} version {receipt['version']} · sha256 {receipt['sha256'][:12]}… · "
            f"receipt {receipt['receipt']}",
            markup=False,
        )
    if done["receipts"]:
        out.print("To take one back: preround undo RECEIPT", markup=False)
    if done["signatures_missing"]:
        out.print(f"Still to sign: {', '.join(done['signatures_missing'])}", markup=False)
    if done["next_item"]:
        out.print(f"Next: preround show {done['next_item']}", markup=False)
