"""The table of the guideline library as Markdown: `python -m tools.guidelines.table` prints docs/guidelines.md."""

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import orjson

from tools.guidelines.library import BUILT_IN, load
from tools.guidelines.recommendation import Recommendation

CASES = BUILT_IN / "cases"
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
CHECKED = """
## How the figures were checked

Those that are shown were compared with what the publisher, or a publication that reprints it, has online; the others
await a look into the printed guideline and stay silent.

| recommendation | version | compared with |
|---|---|---|
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

`preround guidelines add PATH` takes PlanDefinition, Measure, Library and ValueSet resources along, with ELM or CQL, in
whatever layout: a folder, bundles, NDJSON, a `package.tgz` or `.zip`, or an https address of a host that
`PREROUND_GUIDELINE_HOSTS` names (none without it). Each action of a plan that has applicability conditions is a
recommendation `PLAN.ACTION`; its conditions, and those of the actions and plans around it, must all be true. What
cannot be carried over is named, and what cannot be evaluated could not be checked. `list` says what there is, and
`why RECOMMENDATION PATIENT` which clauses decided, and on what.

`preround guidelines test` runs the cases of the built-in recommendations and those that lie beside added ones: for a
measure a list of `{id, period, expected, bundle}` in `NAME.json`, for a recommendation a YAML file like
`tools/guidelines/library/cases/diabetes-foot.yaml`. It exits with 1 where a case comes out otherwise, with 2 where
something cannot be evaluated.

A measure counts over the calendar year. What it asks for and is not met is a gap:
denominator without exclusions, exceptions and numerator, the other way round for an inverse measure. Where the
published direction contradicts itself and nobody has read it off the measure's words, the gap cannot be said. A value
set that is missing, or a clause that errs, makes a measure "could not be checked", never "not due".
"""


def table(folder: Path = BUILT_IN, cases: Path = CASES) -> str:
    """The page, one row for each version of a recommendation."""
    rows = (_row(each, folder, cases) for each in load((folder,)).recommendations)
    return HEAD + "".join(rows) + CHECKED + "".join(_checked(folder)) + TAIL


def _checked(folder: Path) -> Iterable[str]:
    """A row for each plan that says what its figures were compared with."""
    for path in sorted(folder.glob("PlanDefinition-*.json")):
        plan = orjson.loads(path.read_bytes())
        for each in plan["relatedArtifact"]:
            if each["type"] == "documentation":
                name = plan["identifier"][0]["value"]
                yield f"| `{name}` | {plan['version']} | [{_short(each['citation'])}]({each['url']}) |\n"


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
