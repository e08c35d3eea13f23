"""Take guidelines of others into a folder of one's own: recommendations, measures, and CQL that nobody compiled yet."""

import base64
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from tools.guidelines.compile import TRANSLATOR, Source, as_kept, source_of, translated
from tools.guidelines.inline import with_inline
from tools.guidelines.library import MEASURES, is_ours
from tools.guidelines.rules import FILE as RULES
from tools.guidelines.shelf import ELM
from tools.guidelines.sources import Found
from tools.guidelines.trying import CASES
from tools.guidelines.unusable import GuidelineUnusable

Resource = Mapping[str, Any]
KEPT = ("PlanDefinition", "ActivityDefinition", "Library")
"""What a recommendation laid out as ours is made of."""
TAKEN = (*KEPT, "Measure", "ValueSet", "CodeSystem", "Medication")
CQL = "text/cql"
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Added:
    """What was taken."""

    taken: Mapping[str, int]
    """How many resources of each type, and how many files of cases."""
    wrong: Mapping[str, str] = field(default_factory=dict)
    """Libraries that cannot be translated and files that cannot be read, with the reason."""


def add(found: Found, folder: Path, *, node_modules: Path) -> Added:
    """Keep guidelines in a folder that `load` reads; what stood there under that name is replaced.

    Args:
        found: what was read.
        folder: where they are kept; it is made.
        node_modules: where `npm ci` put the CQL translator, for CQL without ELM.

    Raises:
        GuidelineUnusable: there is nothing to take, or CQL cannot be translated for want of the translator.
    """
    taken = [each for each in found.resources if each.get("resourceType") in TAKEN]
    if not any(each["resourceType"] in ("PlanDefinition", "Measure") for each in taken):
        raise GuidelineUnusable("give files with a PlanDefinition or a Measure; there is none among these")
    bundles, inline = with_inline(found.bundles, _sources(found))
    compiled = _compiled(bundles, found)
    sources = [each for each in _sources(found) if (each.name, each.version) not in compiled]
    made, wrong = _translated([*sources, *inline], found, node_modules)
    elm = {name: content for (name, _), content in {**compiled, **made}.items()}
    every = [each for bundle in bundles for each in bundle]
    ours = [each for each in every if is_ours(each, every, elm)]
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    if ours:
        _keep_ours(ours, every, elm, new)
    _keep_published(bundles, {id(each) for each in ours}, {**_loose(found), **made}, new / MEASURES)
    for name, data in found.cases.items():
        (new / CASES).mkdir(exist_ok=True)
        (new / CASES / _safe(name)).write_bytes(data)
    _keep_rules(found, folder, new)
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)
    counts = Counter(str(each["resourceType"]) for each in taken)
    if found.cases:
        counts["cases"] = len(found.cases)
    unread = {each.partition(": ")[0]: each.partition(": ")[2] for each in found.unread}
    return Added(taken=dict(counts), wrong={**wrong, **unread})


def _sources(found: Found) -> list[Source]:
    """Every library that is there as text: in files, and inside Library resources."""
    sources = {(each.name, each.version): each for each in found.cql}
    for each in found.resources:
        for content in each.get("content", ()) if each.get("resourceType") == "Library" else ():
            if content.get("contentType") == CQL and "data" in content:
                text = base64.b64decode(content["data"]).decode("utf-8", errors="replace")
                source = source_of(text, name=str(each.get("name") or each.get("id")))
                sources[source.name, source.version] = source
    return list(sources.values())


Compiled = dict[tuple[str, str], bytes]


def _compiled(bundles: Sequence[Sequence[Resource]], found: Found) -> Compiled:
    """Every library that is there as ELM, by name and version."""
    every = _loose(found)
    for each in (one for bundle in bundles for one in bundle if one.get("resourceType") == "Library"):
        for content in each.get("content", ()):
            if content.get("contentType") == ELM and "data" in content:
                every |= _identified([base64.b64decode(content["data"])])
    return every


def _loose(found: Found) -> Compiled:
    return _identified(found.elm)


def _identified(contents: Iterable[bytes]) -> Compiled:
    named: Compiled = {}
    for each in contents:
        try:
            identifier = orjson.loads(each)["library"]["identifier"]
            named[str(identifier["id"]), str(identifier.get("version", ""))] = each
        except (orjson.JSONDecodeError, KeyError, TypeError) as problem:
            raise GuidelineUnusable("give compiled libraries as ELM in JSON; one of them is not") from problem
    return named


def _translated(sources: Sequence[Source], found: Found, node_modules: Path) -> tuple[Compiled, dict[str, str]]:
    if not sources:
        return {}, {}
    if not (node_modules / TRANSLATOR).exists():
        names = ", ".join(each.name for each in sources)
        raise GuidelineUnusable(f"compile {names} first, or install the translator with `npm ci`: there is only CQL")
    made: Compiled = {}
    wrong: dict[str, str] = {}
    # What is included and compiled already is translated again where its text is there; else the translator says so.
    every = [*sources, *(each for each in _sources(found) if each not in sources)]
    for each in translated(every, node_modules=node_modules, models=found.models):
        key = (each.source.name, each.source.version)
        if each.elm is not None:
            made[key] = as_kept(each.elm)
        elif each.source in sources:
            wrong[f"Library {each.source.name}"] = f"its CQL cannot be translated: {each.errors[0]}"
    return {key: elm for key, elm in made.items() if key in {(each.name, each.version) for each in sources}}, wrong


def _keep_ours(ours: Sequence[Resource], every: Sequence[Resource], elm: Mapping[str, bytes], folder: Path) -> None:
    """What is laid out as ours: each resource a file, its logic beside it."""
    for each in (*ours, *(one for one in every if one["resourceType"] in ("ActivityDefinition", "Library"))):
        (folder / f"{each['resourceType']}-{_safe(each.get('id'))}.json").write_bytes(orjson.dumps(each))
    for name, content in elm.items():
        (folder / f"{_safe(name)}.elm.json").write_bytes(content)


def _keep_rules(found: Found, folder: Path, new: Path) -> None:
    """The site's wishes that came along; else those that stood here before."""
    if found.site is not None:
        (new / RULES).write_bytes(found.site)
    elif (folder / RULES).exists():
        (new / RULES).write_bytes((folder / RULES).read_bytes())


def _keep_published(
    bundles: Sequence[Sequence[Resource]], left_out: set[int], elm: Mapping[tuple[str, str], bytes], folder: Path
) -> None:
    """Each bundle as it came, so that a measure finds the libraries that it was published with."""
    found = [
        [each for each in bundle if each.get("resourceType") in TAKEN and id(each) not in left_out]
        for bundle in bundles
    ]
    if not any(each["resourceType"] in ("PlanDefinition", "Measure") for bundle in found for each in bundle):
        return
    folder.mkdir()
    for number, kept in enumerate(found, 1):
        if kept:
            bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in kept]}
            (folder / f"{number:05}.json").write_bytes(orjson.dumps(bundle))
    for (name, version), content in elm.items():
        (folder / f"{_safe(f'{name}-{version}' if version else name)}.elm.json").write_bytes(content)


def _safe(name: object) -> str:
    """A name that is a file name, and no way out of the folder."""
    text = str(name)
    if not SAFE.fullmatch(text):
        raise GuidelineUnusable("give each resource an id of letters, digits, dots and hyphens")
    return text
