"""The checks of a page: each gives what is wrong with it, one line a fault, and nothing where all is well."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from benchmarks.chart_page import Shown
from chart.fact import Fact
from chart.finding import Finding
from chart.moment import parse_moment
from claims.claim import Claim, Section

TOP = "Act on / verify first"
ON_TOP = 4
MAX_LINES = 45
_PLACES: Mapping[str, tuple[str, ...]] = {
    "unrepeated": ("Due, or never recorded", TOP),
    "never_recorded": ("Due, or never recorded", TOP),
    "overdue": ("Due, or never recorded", TOP),
    "preliminary": ("Due, or never recorded", TOP, "Also found", "Changed"),
    "duplicate_course": ("Medicines", TOP, "Also found"),
    "stale_course": ("Medicines",),
    "undosed_course": ("Medicines",),
    "implausible": ("Do not rely on", TOP, "Also found"),
    "same_moment": ("Do not rely on", TOP),
    "repeated_values": ("Do not rely on", TOP, "Also found"),
    "kidney_values": ("Do not rely on", TOP),
    "blood_count": ("Do not rely on", TOP),
    "smoking_conflict": ("Do not rely on",),
    "note_problem": ("Do not rely on",),
    "instruction_in_note": ("Do not rely on",),
    "instruction_in_entry": ("Do not rely on",),
    "allergy_conflict": ("Allergies",),
}
"""Where a finding of each kind may stand; the others stand on top or right below it."""


def sections(shown: Shown) -> Iterator[Section]:
    """Every section of every draft."""
    for draft in shown.drafts:
        yield from draft.sections


def under(shown: Shown, *titles: str) -> list[Claim]:
    """The claims under some headings."""
    return [c for s in sections(shown) if s.title in titles for c in s.claims]


def unplaced(shown: Shown) -> list[str]:
    """A1: findings that stand nowhere, or off the page without its saying that something is folded."""
    folded = any("folded; they stand" in line for line in shown.lines)
    on_page = {c.text for c in shown.on_page}
    faults = []
    for finding in shown.appraisal.findings:
        places = _PLACES.get(finding.kind, (TOP, "Also found"))
        holding = [c for c in under(shown, *places) if _holds(c, finding)]
        if not holding:
            faults.append(f"{finding.kind}:{finding.key} stands nowhere")
        elif not folded and not any(c.text in on_page for c in holding):
            faults.append(f"{finding.kind}:{finding.key} is off the page")
    return faults


def _holds(claim: Claim, finding: Finding) -> bool:
    """Whether a sentence tells a finding: it cites what the finding stands on, or names what is missing."""
    cited = {c.fact for c in claim.citations} | {q.fact for q in claim.quotes}
    if finding.kind == "never_recorded":
        return finding.key in claim.text and bool(claim.absent)
    if finding.kind == "preliminary":
        return any(f.id in cited for f in finding.facts)
    if finding.words.get("quote", "") not in claim.text:
        return False
    if finding.kind in ("unlisted", "missing_therapy", "missing_basic"):
        own = finding.kind != "unlisted" or "visits for it" in claim.text
        return own and bool({f.id for f in finding.problems[0].facts} & cited) and _says_therapy(claim, finding)
    if finding.kind == "unmonitored":
        asked = {f"measurement:{k}" for k in finding.words["measurements"].split(",")}
        told = asked <= set(claim.absent) or "overdue" in claim.text or "only in part" in claim.text
        return told and {c.last.id for c in finding.courses} <= cited
    needed = [p.fact for p in finding.points[-1:]]
    needed += [c.last for c in finding.courses]
    needed += list(finding.facts[:1] if finding.kind == "allergy_conflict" else finding.facts[-1:])
    return {f.id for f in needed} <= cited


def _says_therapy(claim: Claim, finding: Finding) -> bool:
    return finding.words.get("therapy", "").split(" or ")[0] in claim.text


def layout(shown: Shown) -> list[str]:
    """A2: too many lines, too many on top, a result printed twice, or a sentence that did not stand."""
    faults = []
    if len(shown.lines) > MAX_LINES:
        faults.append(f"{len(shown.lines)} lines")
    top = [c for c in under(shown, TOP) if not c.text.startswith("CRITICAL")]
    if len(top) > ON_TOP:
        faults.append(f"{len(top)} on top")
    texts = Counter(line.partition(". ")[2] if line[:1].isdigit() else line for line in shown.lines)
    faults += [f"line twice: {t[:60]}" for t, n in texts.items() if n > 1 and not t.startswith("## ")]
    faults += [f"{name} printed {n} times" for name, n in printed(shown).items() if n > 1]
    faults += [f"refused: {r.text[:80]}: {r.reason}" for d in shown.drafts for r in d.removed]
    return faults


def printed(shown: Shown) -> Counter[str]:
    """How often the value of each measured thing is printed on the page, by its name, value and date."""
    by_id = shown.appraisal.chart.by_id
    found: Counter[str] = Counter()
    for claim in shown.on_page:
        found.update({_label(by_id[i]) for i in _valued(claim, by_id)})
    return found


def _label(fact: Fact) -> str:
    return f"{fact.id} {fact.name} {fact.value} of {fact.when.text if fact.when else ''}"


def _valued(claim: Claim, by_id: Mapping[str, Fact]) -> set[str]:
    """Facts whose number the claim prints."""
    found = set()
    for cited in claim.citations:
        fact = by_id.get(cited.fact)
        cell = fact.cells.get("value") if fact and fact.kind in ("lab", "vital", "survey", "other") else None
        if fact and cell and cell.path == cited.path and not isinstance(fact.value, str):
            found.add(fact.id)
    return found


def undated(shown: Shown) -> list[str]:
    """A3: a value without its date beside it, or one that is given as the latest and is not."""
    by_id = shown.appraisal.chart.by_id
    faults = []
    for claim in shown.on_page:
        beside = claim.text
        for fact_id in sorted(_valued(claim, by_id)):
            fact = by_id[fact_id]
            if fact.when and fact.when.words() not in beside and str(fact.when.year) not in _years(beside):
                faults.append(f"{_label(fact)} has no date beside it: {claim.text[:90]}")
    return faults


def _years(text: str) -> set[str]:
    """Years that stand alone in brackets, as a first value is dated: ``78 (2012)``."""
    return set(re.findall(r"\((\d{4})\)", text))


def not_latest(shown: Shown) -> list[str]:
    """A3: a state or change whose newest value is not the newest that can be relied on, counted from the resources."""
    newest = _newest(shown)
    by_id = shown.appraisal.chart.by_id
    table = shown.appraisal.table
    faults = []
    for claim in under(shown, "Active problems", "Changed", TOP):
        said: dict[str, Fact] = {}
        for fact_id in _valued(claim, by_id):
            fact = by_id[fact_id]
            what = table.measured_by(fact)
            if what and fact.when and (what.key not in said or said[what.key].when.start < fact.when.start):  # type: ignore[union-attr]
                said[what.key] = fact
        if any(c.op == "implied_glucose" for c in claim.computations):
            said.pop("glucose", None)  # the value that denies a result need not be the latest
        for key, fact in said.items():
            if fact.reference in shown.appraisal.doubtful or fact.when is None:
                continue
            if key in newest and newest[key] > fact.when.text[:10]:
                faults.append(f"{key}: {fact.when.text[:10]} is given, {newest[key]} is newer: {claim.text[:80]}")
    return faults


def _newest(shown: Shown) -> dict[str, str]:
    """By measurement the newest day on which it was measured, of resources that are not doubted."""
    chart, table = shown.appraisal.chart, shown.appraisal.table
    found: dict[str, str] = {}
    for reference, resource in chart.resources.items():
        when = parse_moment(str(resource.get("effectiveDateTime", "")))
        if resource.get("resourceType") != "Observation" or when is None or when.start > chart.as_of:
            continue
        if reference in shown.appraisal.doubtful or resource.get("status") == "entered-in-error":
            continue
        for part in (resource, *resource.get("component", ())):
            if "value" not in part.get("valueQuantity", {}) or "comparator" in part["valueQuantity"]:
                continue
            for coding in part["code"].get("coding", ()):
                key = table.by_loinc.get(str(coding.get("code")))
                if key:
                    found[key] = max(found.get(key, ""), when.text[:10])
    return found


def changed_lines(before: Shown, after: Shown) -> set[str]:
    """Lines that stand on one page and not on the other; their numbers do not count."""
    return _plain(before.lines) ^ _plain(after.lines)


def _plain(lines: Iterable[str]) -> set[str]:
    """Lines without their numbers and without the count of what was read."""
    found = {re.sub(r"^\d\. ", "", line) for line in lines}
    return {line for line in found if not line.startswith(("Read ", "## "))}


def citing(shown: Shown, reference: str, *titles: str) -> list[Claim]:
    """The claims that cite a resource, under some headings or anywhere."""
    places = under(shown, *titles) if titles else list(shown.claims)
    return [c for c in places if any(x.reference.partition("/_history")[0] == reference for x in c.citations)]
