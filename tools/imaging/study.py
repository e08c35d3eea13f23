"""What a chart says of pictures: its studies, and the pictures attached to its resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tools.imaging.header import Header
from tools.imaging.worded import Worded, worded

Resource = Mapping[str, Any]
_NOT_DONE = frozenset({"cancelled", "entered-in-error", "registered"})
_WRONG = frozenset({"entered-in-error", "cancelled"})
_PICTURES = ("image/png", "image/jpeg", "image/tiff", "application/dicom", "image/dicom")
_SIDES: dict[str, Literal["left", "right", "both"]] = {
    "7771000": "left",
    "24028007": "right",
    "51440002": "both",
    "L": "left",
    "R": "right",
    "B": "both",
    "left": "left",
    "right": "right",
    "bilateral": "both",
}
"""Laterality by SNOMED CT code, DICOM letter or word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImagedSeries:
    """One series of a study, as the chart has it."""

    uid: str
    """Series Instance UID."""
    modality: str
    """A DICOM modality, such as `DX`; empty where it does not say."""
    body_part: str
    """In the chart's words; empty where it does not say."""
    laterality: Literal["left", "right", "both"] | None
    """Side of the body."""
    instances: tuple[str, ...]
    """SOP Instance UIDs; empty where the chart does not list them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImagedStudy:
    """One ImagingStudy that was done."""

    reference: str
    """`ImagingStudy/id`."""
    uid: str
    """Study Instance UID."""
    started: str
    """When, as the chart writes it; empty where it does not say."""
    description: str
    """In the chart's words; empty where there are none."""
    series: tuple[ImagedSeries, ...]
    """Its series, in the chart's order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AttachedPicture:
    """A picture that a resource holds or points at."""

    reference: str
    """The resource, `Type/id`."""
    path: str
    """Where in it, such as `content[0].attachment`."""
    content_type: str
    """Its media type."""
    attachment: Resource = field(repr=False)
    """The Attachment, with `data` or `url`."""
    taken: str
    """When, as the chart writes it; empty where it does not say."""
    said: Worded
    """What the resource says of how it was made, of what and from where."""

    @property
    def header(self) -> Header:
        """What stands in for a header where the file has none: the chart's words and day."""
        return self.said.over(Header())


def studies_in(resources: Iterable[Resource]) -> tuple[ImagedStudy, ...]:
    """The studies that were done, the newest first; one without a Study Instance UID is left out."""
    found = [
        ImagedStudy(
            reference=f"ImagingStudy/{one.get('id')}",
            uid=uid,
            started=_text(one.get("started")),
            description=_text(one.get("description")) or _words(_first(one.get("procedureCode"))),
            series=tuple(_series(part) for part in _items(one.get("series")) if part.get("uid")),
        )
        for one in resources
        if one.get("resourceType") == "ImagingStudy" and one.get("status") not in _NOT_DONE and (uid := _study_uid(one))
    ]
    return tuple(sorted(found, key=lambda one: (one.started, one.uid), reverse=True))


def pictures_in(resources: Iterable[Resource]) -> tuple[AttachedPicture, ...]:
    """The pictures that documents, media and reports hold or point at, the newest first."""
    found = [picture for one in resources for picture in _pictures(one)]
    return tuple(sorted(found, key=lambda one: (one.taken, one.reference, one.path), reverse=True))


def _study_uid(study: Resource) -> str:
    for one in _items(study.get("identifier")):
        value = _text(one.get("value"))
        if one.get("system") == "urn:dicom:uid" or value.startswith("urn:oid:"):
            return value.removeprefix("urn:oid:")
    return ""


def _series(series: Resource) -> ImagedSeries:
    site, side = series.get("bodySite"), series.get("laterality")
    side = side if isinstance(side, dict) else {}
    return ImagedSeries(
        uid=_text(series.get("uid")).removeprefix("urn:oid:"),
        modality=_text((series.get("modality") or {}).get("code")).upper(),
        body_part=_text(site.get("display")) or _text(site.get("code")) if isinstance(site, dict) else "",
        laterality=_SIDES.get(_text(side.get("code"))) or _SIDES.get(_text(side.get("display")).lower()),
        instances=tuple(
            uid.removeprefix("urn:oid:") for one in _items(series.get("instance")) if (uid := _text(one.get("uid")))
        ),
    )


def _pictures(resource: Resource) -> Iterator[AttachedPicture]:
    if resource.get("status") in _WRONG:
        return
    kind = resource.get("resourceType")
    places: list[tuple[str, Any]] = []
    if kind == "Media":
        places = [("content", resource.get("content"))]
    elif kind == "DocumentReference":
        listed = enumerate(_items(resource.get("content")))
        places = [(f"content[{n}].attachment", one.get("attachment")) for n, one in listed]
    elif kind == "DiagnosticReport":
        places = [(f"presentedForm[{n}]", one) for n, one in enumerate(_items(resource.get("presentedForm")))]
    for path, attachment in places:
        media = _text(attachment.get("contentType")).partition(";")[0].strip().lower() if attachment else ""
        if media in _PICTURES and (attachment.get("data") or attachment.get("url")):
            yield AttachedPicture(
                reference=f"{kind}/{resource.get('id')}",
                path=path,
                content_type=media,
                attachment=attachment,
                taken=_taken(resource, attachment),
                said=_said(resource, attachment),
            )


def _said(resource: Resource, attachment: Resource) -> Worded:
    """What a resource says of its picture: a Media in elements of its own, the others by what they are filed as."""
    context = resource.get("context")
    events = context.get("event") if isinstance(context, dict) else None
    single = [resource.get(name) for name in ("modality", "view", "bodySite", "type", "code")]
    listed = [one for name in (resource.get("category"), events) for one in _items(name)]
    found = worded([*single, *listed], [resource.get("description"), attachment.get("title")])
    found = replace(found, taken=_taken(resource, attachment)[:19])
    site = _words(resource.get("bodySite"))
    return replace(found, body_part=site) if site else found


def _taken(resource: Resource, attachment: Resource) -> str:
    period = resource.get("createdPeriod") or resource.get("effectivePeriod") or {}
    said = (resource.get("createdDateTime"), resource.get("effectiveDateTime"), period.get("start"))
    later = (attachment.get("creation"), resource.get("issued"), resource.get("date"))
    return next((text for text in (*said, *later) if isinstance(text, str)), "")


def _words(concept: object) -> str:
    if not isinstance(concept, dict):
        return ""
    coding = _first(concept.get("coding"))
    return _text(concept.get("text")) or _text(coding.get("display")) or _text(coding.get("code"))


def _first(listed: object) -> Resource:
    return next(iter(_items(listed)), {})


def _items(listed: object) -> list[Resource]:
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
