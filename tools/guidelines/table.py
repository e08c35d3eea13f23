"""The table of the guideline library as Markdown: `python -m tools.guidelines.table` prints docs/guidelines.md.

The number of cases is counted in the folder of readable cases, where the repository has one.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.guidelines.library import BUILT_IN, load
from tools.guidelines.recommendation import Recommendation

CASES = Path("tests/unit/guidelines/cases")
SYSTEMS: Mapping[str, str] = {
    "http://loinc.org": "LOINC",
    "http://snomed.info/sct": "SNOMED CT",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://hl7.org/fhir/sid/cvx": "CVX",
    "http://www.ama-assn.org/go/cpt": "CPT",
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": "HCPCS",
    "urn:preround:icd10": "ICD-10-CM",
    "urn:preround:ingredient": "ingredients",
}
HEAD = """# The guideline library

Generated from `tools/guidelines/library/` by `python -m tools.guidelines.table > docs/guidelines.md`; a test holds it
to the library.

Each recommendation is a PlanDefinition (when it is in force, how strong, where it is printed), a Library in CQL (for
whom it is due) and an ActivityDefinition (what is proposed). A recommendation counts only on the days on which it is in
force. *Silent* ones are computed and counted, and shown only where a site asks for it: their figures still await a
check against the printed guideline. The codes are those that the logic asks a chart for; ICD-10-CM codes stand for
their whole category.

| recommendation | what | source | version, in force | grade | shown | codes | cases |
|---|---|---|---|---|---|---|---|
"""
TAIL = """
## A site's own wishes

A guideline folder may hold a `site.toml`:

```toml
off = ["lung-screening"]            # not evaluated
silent = ["zoster-vaccine"]         # computed and counted, not shown
shown = ["ckd-monitoring"]          # shown although silent here
[snooze]
hepatitis-c-screening = 2030-01-31  # not shown before that day
```

## Bring your own

`preround guidelines add PATH` takes bundles of PlanDefinition, Measure, Library and ValueSet along, ELM or CQL;
`preround guidelines test` says what the engine can evaluate, `list` what there is, and `why RECOMMENDATION PATIENT`
which clauses decided, and on what. A measure counts over the calendar year. What it asks for and is not met is a gap:
denominator without exclusions, exceptions and numerator, the other way round for an inverse measure. Where the
published direction contradicts itself and nobody has read it off the measure's words, the gap cannot be said. A value
set that is missing, or a clause that errs, makes a measure "could not be checked", never "not due".
"""


def table(folder: Path = BUILT_IN, cases: Path = CASES) -> str:
    """The page, one row for each version of a recommendation."""
    rows = (_row(each, folder, cases) for each in load((folder,)).recommendations)
    return HEAD + "".join(rows) + TAIL


def _row(each: Recommendation, folder: Path, cases: Path) -> str:
    period = f"{each.version}, {each.start} to {each.end or 'now'}"
    cells = (
        f"`{each.id}`",
        each.title,
        f"{each.publisher}: [{_short(each.citation)}]({each.url})",
        period,
        f"{each.grade}: {each.strength}",
        "silent" if each.experimental else "yes",
        ", ".join(_codes(each.library, folder)),
        str(_count(cases / f"{each.id}.yaml")),
    )
    return f"| {' | '.join(cells)} |\n"


def _short(citation: str) -> str:
    return citation.replace("|", "/").replace("[", "(").replace("]", ")")


def _codes(library: str, folder: Path) -> Iterable[str]:
    """How many codes of each system the logic of a library asks for, with what it includes."""
    counts: dict[str, set[str]] = {}
    for home, concept in _asked(library, folder):
        for system, code in _members((folder / f"{home}.cql").read_text(encoding="utf-8"), concept):
            counts.setdefault(SYSTEMS.get(system, system), set()).add(code)
    return [f"{len(counts[system])} {system}" for system in sorted(counts)]


def _asked(library: str, folder: Path) -> set[tuple[str, str]]:
    """The concepts that a library and those that it includes retrieve by: the library that defines each, and its name.

    What every recommendation asks of a chart (`Chart`) is left out.
    """
    source = (folder / f"{library}.cql").read_text(encoding="utf-8")
    called = {alias: path for path, alias in re.findall(r"(?m)^include (\w+) version '[^']*' called (\w+)", source)}
    named = re.findall(r'\[\w+: (?:\w+ in )?(?:(\w+)\.)?"([^"]+)"\]', source)
    found = {(called.get(alias, library), concept) for alias, concept in named}
    for included in set(called.values()) - {"Chart"}:
        found |= _asked(included, folder)
    return found


def _members(source: str, concept: str) -> Iterable[tuple[str, str]]:
    systems = dict(re.findall(r"^codesystem \"([^\"]+)\": '([^']+)'", source, re.M))
    codes = {
        name: (systems[system], code)
        for name, code, system in re.findall(r'^code "([^"]+)": \'([^\']+)\' from "([^"]+)"', source, re.M)
    }
    found = re.search(rf'^concept "{re.escape(concept)}": {{(.*?)}}', source, re.M | re.S)
    names = re.findall(r'"([^"]+)"', found[1]) if found else [concept]
    return [codes[name] for name in names if name in codes]


def _count(path: Path) -> int:
    return len(re.findall(r"(?m)^  - (?:\{?name:)", path.read_text(encoding="utf-8"))) if path.exists() else 0


if __name__ == "__main__":
    sys.stdout.write(table())
