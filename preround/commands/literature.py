"""`preround literature index|search|list|remove`: papers and guidelines to cite."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from preround.clock import WallClock
from preround.doing.literature_search import found_json
from preround.doing.literature_search import search as searched
from preround.door import Json, err, leave, out, settings_with, write_json
from preround.failure import NOT_FOUND, WRONG_USE, Missing
from preround.literature import RemoteName, index_path
from tools.literature.document import Document, Gone
from tools.literature.errors import FileUnusable
from tools.literature.indexing import IndexWriter
from tools.literature.local_index import LocalIndex
from tools.literature.passage import Found, Passage
from tools.literature.reading.documents import documents_of
from tools.literature.reading.file import File, files_in

SHOWN_SENTENCES = 3
"""Sentences of a passage that a person sees; `--json` has all."""

literature = typer.Typer(help="Papers and guidelines: index them, search them.", no_args_is_help=True)


@literature.command()
def index(
    paths: Annotated[
        list[Path],
        typer.Argument(help="PubMed XML, MEDLINE, JSONL (.gz too), Markdown, text and PDF files, or folders of them."),
    ],
    json: Json = None,
) -> None:
    """Put papers and guidelines into the local index, which rounds quote from.

    Indexing again reads only files that have changed; what a file does not hold any more leaves the index.
    """

    def work() -> int:
        place = index_path(settings_with())
        with IndexWriter(place) as writer:
            rows = _indexed(writer, files_in(paths))
        with LocalIndex(place) as made:
            total = made.documents
        unusable = [row for row in rows if row["error"]]
        if json is not None:
            write_json({"index": str(place), "documents": total, "files": rows}, json)
        if json != "-":
            read = sum(row["documents"] for row in rows)
            same = sum(1 for row in rows if row["unchanged"])
            files = f"{len(rows) - len(unusable) - same} files" + (f", {same} unchanged" if same else "")
            out.print(f"Indexed {read} documents of {files}; the index holds {total}.")
            out.print("Next: preround literature search QUERY")
        for row in unusable:
            err.print(f"Left out: {row['error']}.", markup=False)
        return WRONG_USE if unusable else 0

    leave(work, json=json)


@literature.command("list")
def held(json: Json = None) -> None:
    """What the local index holds, file by file."""

    def work() -> int:
        place = index_path(settings_with())
        with LocalIndex(place) as opened_index:
            files = opened_index.files()
        if json is not None:
            rows = [{**asdict(one), "added": one.added.isoformat()} for one in files]
            write_json({"index": str(place), "documents": sum(one.documents for one in files), "files": rows}, json)
        if json != "-":
            table = Table("file", "documents", "retracted", "indexed")
            for one in files:
                table.add_row(
                    Text(one.name), str(one.documents), str(one.retracted or ""), f"{one.added:%Y-%m-%d %H:%M}"
                )
            out.print(table if files else "The index is empty; fill it with `preround literature index PATH`.")
        return 0

    leave(work, json=json)


@literature.command()
def remove(
    names: Annotated[
        list[str], typer.Argument(help="Files or folders as `list` names them, or documents such as pmid:12230038.")
    ],
    json: Json = None,
) -> None:
    """Take papers out of the local index; rounds do not cite them any more."""

    def work() -> int:
        place = index_path(settings_with())
        LocalIndex(place).close()
        with IndexWriter(place) as writer:
            gone = {name: writer.remove(name) for name in names}
            writer.finish()
        if json is not None:
            write_json({"index": str(place), "removed": gone}, json)
        if json != "-":
            for name, count in gone.items():
                out.print(f"{name}: {count} documents removed", markup=False)
        if missing := [name for name, count in gone.items() if not count]:
            raise Missing(f"The index has nothing named {', '.join(missing)}; see `preround literature list`")
        return 0

    leave(work, json=json)


@literature.command()
def search(
    query: Annotated[list[str], typer.Argument(help="Words of a question, a disease, a medicine.")],
    source: Annotated[
        RemoteName | None,
        typer.Option(help="Ask this source over the network, in concepts of Preround's own tables only."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many passages.")] = 5,
    json: Json = None,
) -> None:
    """Look for passages to cite; in the local index unless a source is named."""

    def work() -> int:
        settings = settings_with()
        text = " ".join(query)
        found = asyncio.run(searched(settings, text, source=source, limit=limit, now=WallClock().now()))
        if json is not None:
            write_json(found_json(found), json)
        if json != "-":
            _show(found)
        return 0 if found.passages else NOT_FOUND

    leave(work, json=json)


def _indexed(writer: IndexWriter, files: tuple[File, ...]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        bar = progress.add_task("files", total=len(files))
        for file in files:
            row: dict[str, Any] = {"name": file.name, "documents": 0, "unchanged": False, "error": None}
            try:
                held = writer.add_file(file.name, file.sha256, _counted(file, progress, bar), now=WallClock().now())
                row |= {"documents": held or 0, "unchanged": held is None}
            except FileUnusable as error:
                row["error"] = str(error)
            rows.append(row)
            progress.advance(bar)
        progress.update(bar, description="finishing")
        writer.finish()
    return rows


def _counted(file: File, progress: Progress, bar: Any) -> Iterator[Document | Gone]:  # noqa: ANN401 - rich's own id
    for number, document in enumerate(documents_of(file), start=1):
        if number % 100 == 1:
            progress.update(bar, description=f"{file.name.replace('[', '(')}: document {number}")
        yield document


def _show(found: Found) -> None:
    if found.source != "local":
        out.print(f"Asked {found.source}: {found.asked}", markup=False)
    for said, other in found.read_as:
        out.print(f"No document has “{said}…”; “{other}…” was looked for in its place.", markup=False)
    for number, passage in enumerate(found.passages, start=1):
        out.print(f"{number}. {passage.title}", style="bold", markup=False)
        out.print(f"   {_about(passage)}", style="dim", markup=False)
        for sentence in passage.addressed[1 : SHOWN_SENTENCES + 1]:
            out.print(f"   {sentence.text}", markup=False)
    if found.withheld:
        out.print(f"Left out because retracted: {', '.join(found.withheld)}", markup=False)
    if not found.passages:
        err.print("Nothing was found; use other words, or index more with `preround literature index PATH`.")


def _about(passage: Passage) -> str:
    parts = (
        passage.id,
        passage.journal,
        str(passage.year or "year unknown"),
        ", ".join(passage.publication_types),
        f"page {passage.page}" if passage.page else None,
        f"doi:{passage.doi}" if passage.doi else None,
        passage.url,
    )
    return " · ".join(part for part in parts if part)
