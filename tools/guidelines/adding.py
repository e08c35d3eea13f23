"""Take guidelines of others into a folder of one's own: recommendations, measures, and CQL that nobody compiled yet."""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from tools.guidelines.compile import as_kept, translate
from tools.guidelines.library import MEASURES
from tools.guidelines.measure_library import ELM, resources_beneath
from tools.guidelines.unusable import GuidelineUnusable

Resource = Mapping[str, Any]
KEPT = ("PlanDefinition", "ActivityDefinition", "Library")
"""What a recommendation is made of."""
CQL = "text/cql"
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def add(paths: Sequence[Path], folder: Path, *, node_modules: Path) -> Mapping[str, int]:
    """Copy guideline files into a folder that `load` reads.

    Args:
        paths: files or folders of FHIR JSON (`.json`, `.json.gz`), bundles or single resources; CQL files of a folder
            are taken along.
        folder: where they are kept; it is made.
        node_modules: where `npm ci` put the CQL translator, for CQL without ELM.

    Returns:
        How many resources of each type were taken.

    Raises:
        GuidelineUnusable: there is nothing to take, or CQL cannot be translated for want of the translator.
        tools.guidelines.compile.CqlNotTranslated: the CQL is wrong.
    """
    bundles = list(resources_beneath(paths))
    resources = [each for bundle in bundles for each in bundle]
    taken = [each for each in resources if each.get("resourceType") in {*KEPT, "Measure", "ValueSet"}]
    if not any(each["resourceType"] in ("PlanDefinition", "Measure") for each in taken):
        raise GuidelineUnusable("give files with a PlanDefinition or a Measure; there is none among these")
    folder.mkdir(parents=True, exist_ok=True)
    if any(each["resourceType"] == "PlanDefinition" for each in taken):
        _keep_recommendations(taken, _sources(paths), folder)
    if any(each["resourceType"] == "Measure" for each in taken):
        _keep_measures(bundles, folder / MEASURES)
        _compile(folder / MEASURES, node_modules)
    _compile(folder, node_modules)
    counts: dict[str, int] = {}
    for each in taken:
        counts[each["resourceType"]] = counts.get(each["resourceType"], 0) + 1
    return counts


def _sources(paths: Iterable[Path]) -> list[Path]:
    return [each for path in paths if path.is_dir() for each in sorted(path.rglob("*.cql"))]


def _keep_recommendations(resources: Iterable[Resource], sources: Iterable[Path], folder: Path) -> None:
    for each in resources:
        if each["resourceType"] in KEPT:
            (folder / f"{each['resourceType']}-{_safe(each.get('id'))}.json").write_bytes(orjson.dumps(each))
        if each["resourceType"] == "Library":
            _keep_contents(each, folder)
    for source in sources:
        (folder / source.name).write_bytes(source.read_bytes())
        elm = source.with_suffix(".elm.json")
        if elm.exists():
            (folder / elm.name).write_bytes(elm.read_bytes())


def _keep_contents(library: Resource, folder: Path) -> None:
    """The ELM and the CQL inside a Library, under the library's name."""
    for content in library.get("content", ()):
        suffix = {ELM: ".elm.json", CQL: ".cql"}.get(content.get("contentType"))
        if suffix and "data" in content:
            data = base64.b64decode(content["data"])
            (folder / f"{_safe(library.get('name'))}{suffix}").write_bytes(data)


def _keep_measures(bundles: Iterable[Sequence[Resource]], folder: Path) -> None:
    """Each bundle as it came, so that a measure finds the libraries that it was published with."""
    folder.mkdir(exist_ok=True)
    for bundle in bundles:
        kept = [each for each in bundle if each.get("resourceType") in ("Measure", "Library", "ValueSet")]
        if kept:
            name = f"{kept[0]['resourceType']}-{_safe(kept[0].get('id'))}.json"
            entries = [{"resource": each} for each in kept]
            bytes_ = orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})
            (folder / name).write_bytes(bytes_)
        for each in kept:
            if each["resourceType"] == "Library" and ELM not in {
                one.get("contentType") for one in each.get("content", ())
            }:
                _keep_contents(each, folder)


def _compile(folder: Path, node_modules: Path) -> None:
    missing = [each for each in folder.glob("*.cql") if not each.with_suffix(".elm.json").exists()]
    if not missing:
        return
    if not (node_modules / "@cqframework" / "cql").exists():
        names = ", ".join(each.stem for each in missing)
        raise GuidelineUnusable(f"compile {names} first, or install the translator with `npm ci`: there is only CQL")
    for name, elm in translate(folder, node_modules=node_modules).items():
        (folder / f"{name}.elm.json").write_bytes(as_kept(elm))


def _safe(name: object) -> str:
    """A name that is a file name, and no way out of the folder."""
    text = str(name)
    if not SAFE.fullmatch(text):
        raise GuidelineUnusable("give each resource an id of letters, digits, dots and hyphens")
    return text
