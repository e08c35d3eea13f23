"""What words and codes say of a picture that says nothing of itself: how it was made, of what, from where.

They are a chart's, or a person's. What is not said plainly, or said in two ways, is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from tools.imaging.gate import region, regions
from tools.imaging.header import Header, Laterality, View

_CODES = "CR DX RG CT MR US MG NM PT XA RF SM OP OPT XC DMS GM ES IO PX BMD"
MODALITIES = frozenset(_CODES.split())
"""Codes of DICOM's context group 29 that a chart may name."""
VIEWS: tuple[View, ...] = ("PA", "AP", "frontal", "lateral", "left lateral", "right lateral")
"""Views that can be said by hand."""
_DICOM = ("http://dicom.nema.org/resources/ontology/DCM", "urn:oid:1.2.840.10008.2.16.4")
_SECTIONS = {"RX": "RG", "CT": "CT", "NMR": "MR", "RUS": "US", "CUS": "US", "OUS": "US"}
"""HL7 table 0074: the department of a report, where it says how its pictures were made."""
_SECTION = "http://terminology.hl7.org/CodeSystem/v2-0074"
_MADE: tuple[tuple[str, str], ...] = (
    ("MG", r"mammogra\w*"),
    ("US", r"ultrasound|ultrasonogra\w*|sonogra\w*|echocardiogra\w*"),
    ("NM", r"scintigra\w*|nuclear medicine|spect"),
    ("PT", r"pet|positron emission\w*"),
    ("CT", r"ct|computed tomograph\w*|cat scan"),
    ("MR", r"mri?|magnetic resonance"),
    ("RG", r"xr|cxr|x ?rays?|radiographs?|radiographic|radiography|(?:plain|chest) films?"),
    ("OP", r"(?:fundus|retinal?) (?:photo\w*|image\w*|picture\w*)|ophthalmic photo\w*"),
    ("DMS", r"dermoscop\w*|dermatoscop\w*"),
    (
        "XC",
        r"(?:clinical|skin|wound) (?:photo\w*|image\w*|picture\w*)|(?<!fundus )(?<!retina )(?<!retinal )photographs?",
    ),
    ("SM", r"whole slide\w*|histopatholog\w*|slide microscop\w*"),
)
_SEEN: tuple[tuple[View, str], ...] = (
    ("PA", r"\bpa\b|postero ?anterior|\b272479007\b"),
    ("AP", r"\bap\b|antero ?posterior|\b399348003\b"),
    ("left lateral", r"left lateral|\b399173006\b|\bll\b"),
    ("right lateral", r"right lateral|\b399198007\b|\brl\b"),
    ("frontal", r"\bfrontal\b"),
    ("lateral", r"(?<!left )(?<!right )\blateral\b"),
)
_OTHER_VIEW = r"oblique|tangential|decubitus|lordotic|axial|swimmer\w*"
_SIDES: tuple[tuple[Laterality, str], ...] = (
    ("both", r"\bbilateral|\bboth\b|\b51440002\b"),
    ("left", r"\bleft\b(?! lateral)|\b7771000\b"),
    ("right", r"\bright\b(?! lateral)|\b24028007\b"),
)
Resource = Mapping[str, Any]
_Named = TypeVar("_Named", bound=str)


@dataclass(frozen=True, kw_only=True, slots=True)
class Worded:
    """What is said of a picture; empty or None where it is not, or not plainly."""

    modality: str = ""
    """A DICOM modality."""
    body_part: str = ""
    """In the words that say it."""
    view: View | None = None
    """How it was taken; `other` where that is said and is none of those known here."""
    laterality: Laterality | None = None
    """Side of the body."""
    taken: str = ""
    """When, ISO 8601 without an offset."""

    def over(self, header: Header) -> Header:
        """The header, with what it does not say itself."""
        return replace(
            header,
            modality=header.modality or self.modality,
            body_part=header.body_part or self.body_part,
            view=header.view or self.view,
            laterality=header.laterality or self.laterality,
            taken=header.taken or self.taken,
        )


def worded(concepts: Iterable[Any], texts: Iterable[Any] = ()) -> Worded:
    """What CodeableConcepts, Codings and plain words say of a picture.

    Args:
        concepts: of a resource, in any order; anything that is none is passed over.
        texts: titles and descriptions.
    """
    codings = [one for concept in concepts for one in _codings(concept)]
    said = [*(" ".join(_words(one)) for one in codings), *(one for one in texts if isinstance(one, str))]
    plain = [re.sub(r"[^a-z0-9]+", " ", one.lower()).strip() for one in said]
    all_words = " | ".join(plain)
    parts = {part for one in plain for part in regions(one)}
    return Worded(
        modality=_modality(codings, all_words),
        body_part=parts.pop() if len(parts) == 1 else "",
        view=view_in(all_words),
        laterality=_one([side for side, words in _SIDES if re.search(words, all_words)]),
    )


def view_in(words: str) -> View | None:
    """The view that words name; None where they name none, or several."""
    plain = re.sub(r"[^a-z0-9|]+", " ", words.lower())
    if re.search(_OTHER_VIEW, plain):
        return "other"
    return _one([view for view, said in _SEEN if re.search(said, plain)])


def modality_in(words: str) -> str:
    """The modality that a code or words name; empty where they name none, or several."""
    code = words.strip().upper()
    return code if code in MODALITIES else _modality([], re.sub(r"[^a-z0-9]+", " ", words.lower()))


def same(one: str, other: str) -> bool:
    """Whether two sets of words name one body part."""
    return region(one) == region(other) is not None


def _modality(codings: Iterable[Resource], words: str) -> str:
    coded = {code for one in codings if (code := _coded(one))}
    if coded:
        return _one(sorted(coded)) or ""
    return _one([name for name, said in _MADE if re.search(rf"\b(?:{said})\b", words)]) or ""


def _coded(coding: Resource) -> str:
    system, code = coding.get("system"), str(coding.get("code") or "").upper()
    if system in _DICOM:
        return code if code in MODALITIES else ""
    return _SECTIONS.get(code, "") if system == _SECTION else ""


def _codings(concept: Any) -> list[Resource]:  # noqa: ANN401 - any JSON value
    """A concept's codings, and its text as one more; a Coding is its own."""
    if not isinstance(concept, Mapping):
        return []
    listed = concept.get("coding")
    own = [concept] if "code" in concept else []
    found = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else own
    return [*found, {"display": concept.get("text")}]


def _words(coding: Resource) -> list[str]:
    code = coding.get("code") if coding.get("system") not in (*_DICOM, _SECTION) else ""
    return [one for one in (coding.get("display"), code) if isinstance(one, str)]


def _one(found: Sequence[_Named]) -> _Named | None:
    return found[0] if len(set(found)) == 1 else None
