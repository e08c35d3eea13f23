"""Run the benchmarks and write `docs/benchmarks.md` and `docs/scale.md` with their figures and plots.

    python -m benchmarks.document [NAME ...] [--data PATH] [--write-only]

Each benchmark runs in a process of its own, one after the other, so that none disturbs another; its JSON is kept
beside the document. With names, only these run and the others stay as they were measured. `--write-only` runs nothing
and writes the document from what is kept. Exits 1 where a figure misses its bound.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks import scale_page
from benchmarks.chapter import Chapter, Found
from benchmarks.chapters import CAPACITY, CHAPTERS
from benchmarks.plot import bars, line, ratios
from preround.clock import WallClock

DOCS = Path(__file__).parents[1] / "docs"
KEPT = DOCS / "benchmarks"
HEAD = """# Benchmarks

Written by `make bench`; do not edit. Every comparison is measured in one run on one machine, both sides in turn, and
counted in CPU time, so that a ratio holds elsewhere where a number of milliseconds would not. A bound is what the
project holds itself to; `make bench` fails where one is missed. The raw figures lie beside the plots in
`docs/benchmarks/`.
"""


def measured(chapter: Chapter, data: Path, kept: Path = KEPT) -> int:
    """Run one benchmark and keep its JSON with the day and the machine; the exit code is the benchmark's own."""
    target = kept / f"{chapter.name}.json"
    target.unlink(missing_ok=True)
    given = ["--data", str(data / chapter.folder)] if chapter.data else []
    ran = subprocess.run(  # noqa: S603 - our own modules
        [sys.executable, "-m", chapter.module, *given, "--json", str(target)], check=False, env=dict(os.environ)
    )
    if target.exists():
        found = json.loads(target.read_text())
        where = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
        about = {"measured": {"on": f"{WallClock().now():%Y-%m-%d}", "machine": where}}
        found.pop("cases", None)  # an eval's own, one by one; the document needs what they come to
        target.write_text(json.dumps(about | found, indent=1) + "\n")
    return ran.returncode


def document(kept: Path = KEPT) -> str:
    """The Markdown of all chapters that were measured, from their JSON; the plots are named, not written."""
    parts = [HEAD]
    for chapter in CHAPTERS:
        found = _found(chapter, kept)
        if found is None:
            parts.append(f"\n## {chapter.title}\n\nNot measured yet: `python -m benchmarks.document {chapter.name}`.\n")
            continue
        when = found["measured"]
        figures = chapter.figures(found)
        rows = "\n".join(f.row for f in figures)
        parts.append(
            f"\n## {chapter.title}\n\n{chapter.words}\n"
            f"`python -m {chapter.module}`, {when['on']}, {when['machine']}.\n\n"
            f"| figure | measured | bound |\n|---|---:|---|\n{rows}\n"
        )
        parts += [f"\n![{chapter.title}](benchmarks/{name})\n" for name in plots(chapter, found)]
    return "".join(parts)


def plots(chapter: Chapter, found: Found) -> dict[str, str]:
    """SVG by file name: figures beside their bounds, and a series where there is one."""
    drawn = {}
    figures = chapter.figures(found)
    if any(f.bound for f in figures):
        drawn[f"{chapter.name}.svg"] = bars(figures)
    elif any(f.unit == "×" for f in figures):
        drawn[f"{chapter.name}.svg"] = ratios(figures)
    if chapter.series is not None:
        values, words, unit = chapter.series(found)
        if len(values) > 1:
            drawn[f"{chapter.name}-series.svg"] = line(values, words=words, unit=unit)
    return drawn


def write(kept: Path = KEPT) -> list[str]:
    """Write the document and its plots; the figures that miss their bounds, in words."""
    missed = []
    for chapter in CHAPTERS:
        found = _found(chapter, kept)
        if found is not None:
            for name, svg in plots(chapter, found).items():
                (kept / name).write_text(svg)
            missed += [f"{chapter.title}: {f.words}" for f in chapter.figures(found) if not f.meets]
    (kept.parent / "benchmarks.md").write_text(document(kept))
    capacity = _found(CAPACITY, kept)
    if capacity is not None:
        cohort = kept / "cohort.json"
        told = json.loads(cohort.read_text()) if cohort.exists() else None
        (kept.parent / "scale.md").write_text(scale_page.page(capacity, told))
        (kept / "capacity-waits.svg").write_text(scale_page.plot(capacity))
    return missed


def _found(chapter: Chapter, kept: Path) -> Found | None:
    path = kept / f"{chapter.name}.json"
    found: Found | None = json.loads(path.read_text()) if path.exists() else None
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, write, and say what is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.document", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [c.name for c in CHAPTERS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}; all of them without")
    data = Path(os.environ.get("PREROUND_TEST_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data, help="folder of the sample data")
    parser.add_argument("--write-only", action="store_true", help="run nothing; write the document from what is kept")
    given = parser.parse_args(arguments)
    unknown = sorted({*given.names} - {*names})
    if unknown:
        parser.error(f"There is no benchmark {unknown[0]}; choose from {', '.join(names)}.")
    console = Console(stderr=True)
    KEPT.mkdir(exist_ok=True)
    failed = []
    chosen = [] if given.write_only else [c for c in CHAPTERS if not given.names or c.name in given.names]
    for number, chapter in enumerate(chosen, start=1):
        console.print(f"[{number}/{len(chosen)}] {chapter.title}", markup=False)
        if measured(chapter, given.data) and not (KEPT / f"{chapter.name}.json").exists():
            failed.append(f"{chapter.title} did not run; see what it said above")
    missed = write()
    for words in [*failed, *(f"MISSED: {one}" for one in missed)]:
        console.print(words, style="red", markup=False)
    console.print(f"Written: {(DOCS / 'benchmarks.md').relative_to(DOCS.parent)}")
    return 1 if failed or missed else 0


if __name__ == "__main__":
    sys.exit(main())
