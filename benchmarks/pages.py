"""A report over the pages of the sample charts and the stories: what stands on them, what it costs, how it grows.

``python -m benchmarks.pages [--data PATH] [--json FILE] [--plot FILE]``; exits 1 where a threshold is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.chart_page import Sample, Shown, charts, material_of, show, stories
from benchmarks.page_cost import TIMES, Cost, cost_of
from chart.fact import Fact
from claims.claim import Claim

MAX_LINES = 45
NOTEWORTHY = 0.8
"""At least this share of the sentences is abnormal, changed, current therapy or due."""
MAX_SECONDS = 0.5
"""CPU of appraisal and page on the largest chart."""
MAX_GROWTH = 12.0
"""Time at ten times the entries over the time at one."""
_MEASURED = ("lab", "vital", "survey", "other")


@dataclass(frozen=True, kw_only=True, slots=True)
class PageReport:
    """One page in numbers."""

    name: str
    """Chart or story."""
    entries: int
    """Resources read."""
    lines: int
    """Of the page, at most 45."""
    claims: Mapping[str, int]
    """Sentences on the page by class: fact, computed, absence, inference."""
    about: Mapping[str, int]
    """The same sentences, each of them, by what they are about: abnormal, changed, therapy, due, other."""
    findings: Mapping[str, int]
    """Findings of the appraisal by kind."""
    twice: int
    """Results whose value is printed more than once."""
    refused: int
    """Sentences that did not stand."""


def report_of(sample: Sample) -> PageReport:
    """The page of a chart in numbers."""
    shown = show(material_of(sample.resources, sample.as_of))
    on_page = shown.on_page
    return PageReport(
        name=sample.name,
        entries=len(sample.resources),
        lines=len(shown.lines),
        claims=dict(Counter(c.kind for c in on_page)),
        about=dict(Counter(about(c, shown) for c in on_page)),
        findings=dict(Counter(f.kind for f in shown.appraisal.findings)),
        twice=sum(n > 1 for n in printed(shown).values()),
        refused=sum(len(d.removed) for d in shown.drafts),
    )


def about(claim: Claim, shown: Shown) -> str:
    """What a sentence is about, told from what it cites and not from its heading.

    ``abnormal``: an allergy, an active problem, a value outside its range, or what a finding stands on; ``changed``: a
    computed difference, or an entry that began or ended in the year; ``therapy``: a medicine that nobody has ended;
    ``due``: something looked for and missing, not final or overdue. The rest is ``other``: who it is and when last
    seen, what was compared, stable values, social facts.
    """
    by_id = shown.appraisal.chart.by_id
    facts = [by_id[f] for f in claim.facts]
    open_orders = {f.id for c in shown.appraisal.courses if c.state != "finished" for f in c.orders}
    due = {f.id for x in shown.appraisal.of("overdue", "preliminary", "unrepeated") for f in x.stands_on}
    if claim.absent or any(f.id in due for f in facts):
        return "due"
    if any(f.kind in ("allergy", "problem") or _outside(f, shown) for f in facts) or _found(facts, shown):
        return "abnormal"
    if any(c.op in ("difference", "percent_change") for c in claim.computations):
        return "changed"
    return "therapy" if any(f.id in open_orders or f.kind == "administration" for f in facts) else _ended(facts)


def _ended(facts: Sequence[Fact]) -> str:
    return "changed" if any(f.kind in ("medication", "procedure") for f in facts) else "other"


def _found(facts: Sequence[Fact], shown: Shown) -> bool:
    stands = {f.id for x in shown.appraisal.findings for f in x.stands_on if f.kind != "medication"}
    return any(f.id in stands for f in facts)


def _outside(fact: Fact, shown: Shown) -> bool:
    measured = shown.appraisal.table.measured_by(fact)
    own = shown.appraisal.ranges.get(measured.key) if measured else None
    value = measured.value_of(fact) if measured else None
    return own is not None and value is not None and own.side(value) != "within"


def printed(shown: Shown) -> Counter[str]:
    """How often the value of each result is printed on the page, by fact id."""
    by_id = shown.appraisal.chart.by_id
    found: Counter[str] = Counter()
    for claim in shown.on_page:
        cited = {(c.fact, c.path) for c in claim.citations}
        values = {
            f: by_id[f].cells.get("value") for f, _ in cited if by_id[f].kind in ("lab", "vital", "survey", "other")
        }
        found.update(f for f, cell in values.items() if cell and (f, cell.path) in cited)
    return found


def missed(pages: Sequence[PageReport], cost: Cost | None) -> list[str]:
    """The thresholds that a report does not meet."""
    faults = [f"{p.name}: {p.lines} lines" for p in pages if p.lines > MAX_LINES]
    faults += [f"{p.name}: {p.twice} results printed twice" for p in pages if p.twice]
    faults += [f"{p.name}: {p.refused} sentences refused" for p in pages if p.refused]
    if share(pages) < NOTEWORTHY:
        faults.append(f"{share(pages):.0%} of the sentences are abnormal, changed, therapy or due")
    if cost and cost.seconds >= MAX_SECONDS:
        faults.append(f"{cost.seconds:.2f} s of CPU on {cost.entries} entries")
    if cost and cost.growth >= MAX_GROWTH:
        faults.append(f"{TIMES} times the entries take {cost.growth:.1f} times as long")
    return faults


def share(pages: Sequence[PageReport]) -> float:
    """Share of all sentences that are abnormal, changed, current therapy or due."""
    total = Counter[str]()
    for page in pages:
        total.update(page.about)
    return 1 - total["other"] / max(1, sum(total.values()))


def table_of(pages: Sequence[PageReport]) -> Table:
    """The report for a terminal."""
    table = Table(title="Pages")
    columns = ("abnormal", "changed", "therapy", "due", "other")
    for name in ("chart", "entries", "lines", "sentences", *columns, "findings", "twice"):
        table.add_column(name, justify="left" if name == "chart" else "right", overflow="fold")
    for page in pages:
        table.add_row(
            page.name[:20],
            *(str(n) for n in (page.entries, page.lines, sum(page.claims.values()))),
            *(str(page.about.get(c, 0)) for c in columns),
            *(str(n) for n in (sum(page.findings.values()), page.twice)),
        )
    return table


def plot_of(pages: Sequence[PageReport]) -> str:
    """Lines of each page beside its entries, as SVG."""
    widest = max(p.entries for p in pages)
    dots = "".join(
        f'<circle cx="{40 + 540 * p.entries / widest:.0f}" cy="{260 - 5 * p.lines}" r="4">'
        f"<title>{p.name}</title></circle>"
        for p in pages
    )
    limit = 260 - 5 * MAX_LINES
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 300" font-family="sans-serif" font-size="12">'
        f'<line x1="40" y1="260" x2="580" y2="260" stroke="#888"/><line x1="40" y1="{limit}" x2="580" y2="{limit}" '
        f'stroke="#c00" stroke-dasharray="4"/><text x="44" y="{limit - 4}">{MAX_LINES} lines</text>'
        f'<text x="440" y="284">entries, up to {widest}</text><g fill="#06c">{dots}</g></svg>\n'
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; 0 where every threshold is met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder that holds synthea/")
    parser.add_argument("--json", type=Path, help="write the report as JSON")
    parser.add_argument("--plot", type=Path, help="write lines against entries as SVG")
    options = parser.parse_args(arguments)
    samples = [*stories(), *charts(options.data)]
    pages = [report_of(s) for s in samples]
    cost = cost_of(max(samples, key=lambda s: len(s.resources)))
    kinds = Counter[str]()
    for page in pages:
        kinds.update(page.findings)
    faults = missed(pages, cost)
    console = Console(width=None if sys.stdout.isatty() else 130)
    console.print(table_of(pages))
    console.print("Findings: " + ", ".join(f"{n} {k}" for k, n in kinds.most_common()))
    console.print(f"{share(pages):.0%} of all sentences are abnormal, changed, current therapy or due.")
    console.print(
        f"{cost.entries} entries: {cost.seconds:.2f} s of CPU; {TIMES} times as many: {cost.growth:.1f} times."
    )
    for fault in faults:
        console.print(f"MISSED: {fault}")
    if options.json:
        found = {"pages": [asdict(p) for p in pages], "findings": dict(kinds), "share": share(pages)}
        options.json.write_text(json.dumps({**found, "cost": asdict(cost), "missed": faults}, indent=1) + "\n", "utf-8")
    if options.plot:
        options.plot.write_text(plot_of(pages), "utf-8")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
