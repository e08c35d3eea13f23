"""Literature search against judged queries, beside plain BM25 in the same run.

    python -m evals.search --data PATH [--json FILE]

PATH is a folder in BEIR's layout (`corpus.jsonl` or `.jsonl.gz`, `queries.jsonl`, `qrels.tsv`), or a folder of such
folders. nDCG@10 with linear gain is the mean over the queries for which at least one document is judged relevant; what
was not judged counts as not relevant. CPU time is this process's, a query. Plain BM25 is that of the package rank-bm25
(BM25Okapi as it comes, lower-case words) where it is installed, else the same formula written here; the output says
which.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from evals.plain_bm25 import plain_bm25
from tools.literature.document import Document
from tools.literature.errors import FileUnusable
from tools.literature.indexing import IndexWriter
from tools.literature.local_index import LocalIndex
from tools.literature.reading.file import files_in
from tools.literature.reading.jsonl import read_jsonl

DEPTH = 10
"""Ranks that count."""
_NO_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
"""The index is thrown away, so when it was made says nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One query."""

    id: str
    """The query's id."""
    ndcg: float
    """Of our search."""
    plain: float
    """Of plain BM25."""
    cpu_ms: float
    """CPU time of our search."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One corpus."""

    name: str
    """The folder's name."""
    documents: int
    """How many were indexed."""
    queries: int
    """How many have a relevant document."""
    ndcg: float
    """Mean nDCG@10 of our search."""
    plain: float
    """Mean nDCG@10 of plain BM25."""
    plain_by: str
    """Whose plain BM25."""
    cpu_ms_median: float
    """Median CPU time a query, of all queries, in ms."""
    asked: tuple[Asked, ...]
    """Query by query."""


def ndcg(ranked: Sequence[str], judged: Mapping[str, int]) -> float:
    """Discounted gain of the first ten, beside the best that is possible; 0 to 1."""
    best = sorted(judged.values(), reverse=True)
    return _gain([judged.get(one, 0) for one in ranked]) / _gain(best)


def _gain(grades: Sequence[int]) -> float:
    return sum(grade / math.log2(rank + 2) for rank, grade in enumerate(grades[:DEPTH]))


def measure(folder: Path, *, every: int = 1, beside: bool = True) -> Measured:
    """Index a corpus, ask every so-manieth of its queries, compare with the judgements.

    Args:
        folder: the corpus.
        every: 1 for all queries, 2 for every second one.
        beside: whether plain BM25 is asked, too; its figures are 0 where not.

    Raises:
        OSError: the folder is not in BEIR's layout, or its corpus cannot be read.
    """
    documents = _documents(folder)
    rows = {document.key: document.row or document.key for document in documents}
    lines = (folder / "queries.jsonl").read_text().splitlines()[::every]
    queries = {q["_id"]: q["text"] for q in map(json.loads, lines)}
    judged = _judged(folder / "qrels.tsv")
    found: dict[str, list[str]] = {}
    spent: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as place:
        with IndexWriter(Path(place) / "index.sqlite") as writer:
            writer.add(documents, now=_NO_MOMENT)
            writer.finish()
        with LocalIndex(Path(place) / "index.sqlite") as index:
            for query, text in queries.items():
                start = _cpu_ms()
                answer = index.search(text, limit=DEPTH)
                spent[query] = _cpu_ms() - start
                found[query] = [rows[passage.document] for passage in answer.passages]
    texts = {d.row or d.key: " ".join((d.title, *(s.text for s in d.sections))) for d in documents} if beside else {}
    plain_by, plain = plain_bm25(texts, depth=DEPTH) if beside else ("not asked", lambda _: [])
    asked = tuple(
        Asked(
            id=query,
            ndcg=ndcg(found[query], judged[query]),
            plain=ndcg(plain(text), judged[query]),
            cpu_ms=spent[query],
        )
        for query, text in queries.items()
        if any(grade > 0 for grade in judged.get(query, {}).values())
    )
    if not asked:
        raise FileNotFoundError(f"No query of {folder.name} has a relevant document; give its qrels.tsv.")
    return Measured(
        name=folder.name,
        documents=len(documents),
        queries=len(asked),
        ndcg=statistics.fmean(a.ndcg for a in asked),
        plain=statistics.fmean(a.plain for a in asked),
        plain_by=plain_by,
        cpu_ms_median=statistics.median(spent.values()),
        asked=asked,
    )


def _cpu_ms() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1000


def _documents(folder: Path) -> list[Document]:
    corpus = next((p for p in (folder / "corpus.jsonl.gz", folder / "corpus.jsonl") if p.is_file()), None)
    if corpus is None:
        raise FileNotFoundError(f"There is no corpus.jsonl in {folder.name}; give a folder in BEIR's layout.")
    (file,) = files_in([corpus])
    try:
        return list(read_jsonl(file))
    except FileUnusable as error:
        raise OSError(str(error)) from error


def _judged(path: Path) -> dict[str, dict[str, int]]:
    judged: dict[str, dict[str, int]] = {}
    for line in path.read_text().splitlines()[1:]:
        query, document, grade = line.split("\t")
        judged.setdefault(query, {})[document] = int(grade)
    return judged


def corpora(data: Path) -> Iterator[Path]:
    """The corpora of a folder: itself, or those of its folders that are in BEIR's layout, in name order.

    Raises:
        FileNotFoundError: there is none.
    """
    found = [p for p in (data, *sorted(data.glob("*"))) if (p / "queries.jsonl").is_file()]
    if not found:
        raise FileNotFoundError(f"There is no corpus in {data}; give a folder with corpus, queries and qrels.")
    yield from found


def result(measured: Sequence[Measured]) -> dict[str, Any]:
    """What `--json` gives: a query passes where a relevant document is among the first ten; score is mean nDCG@10."""
    cases = [
        {
            "id": f"{one.name}/{a.id}",
            "ok": a.ndcg > 0,
            "detail": f"nDCG@10 {a.ndcg:.3f}, plain BM25 {a.plain:.3f}, {a.cpu_ms:.1f} ms CPU",
        }
        for one in measured
        for a in one.asked
    ]
    corpora = [{k: v for k, v in asdict(one).items() if k != "asked"} for one in measured]
    return {
        "name": "search",
        "passed": sum(1 for case in cases if case["ok"]),
        "total": len(cases),
        "score": statistics.fmean(one.ndcg for one in measured),
        "corpora": corpora,
        "cases": cases,
    }


def run(data: Path) -> dict[str, Any]:
    """Measure every corpus of a folder."""
    return result([measure(folder) for folder in corpora(data)])


def table(found: Mapping[str, Any]) -> Table:
    """The corpora as a table for people."""
    shown = Table("corpus", "documents", "queries", "nDCG@10", "plain BM25", "by", "CPU ms a query (median)")
    for one in found["corpora"]:
        shown.add_row(
            one["name"],
            str(one["documents"]),
            str(one["queries"]),
            f"{one['ndcg']:.3f}",
            f"{one['plain']:.3f}",
            one["plain_by"],
            f"{one['cpu_ms_median']:.1f}",
        )
    return shown


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m evals.search", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="a corpus in BEIR's layout, or a folder of them")
    parser.add_argument("--json", type=Path, help="write the result there")
    given = parser.parse_args()
    found = run(given.data)
    Console().print(table(found))
    if given.json is not None:
        given.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
