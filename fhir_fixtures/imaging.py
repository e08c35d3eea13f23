"""Studies of a story: ImagingStudies that point at pictures in an archive, and the radiologist's reports."""

from fhir_fixtures.binder import Binder, Resource
from fhir_fixtures.film import CHEST_SLICES, Film, uid
from fhir_fixtures.vocabulary import coding

_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_CHEST = coding("http://snomed.info/sct", "51185008 Thoracic structure")
_CODES = {"chest-film": "30745-4 XR Chest Views", "chest-ct": "24627-2 CT Chest"}
_CLASSES = {
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "CT": "1.2.840.10008.5.1.4.1.1.2",
}
_NAMES = {"DX": "Digital Radiography", "CR": "Computed Radiography", "CT": "Computed Tomography"}


def sop_class(film: Film) -> str:
    """The SOP class of a study's pictures."""
    return _CLASSES[film.modality]


def description(film: Film) -> str:
    """The study in words."""
    return f"Chest film {film.view}" if film.of == "chest-film" else "CT of the chest"


def add_imaging(binder: Binder) -> None:
    """One ImagingStudy a study, then its report where there is one."""
    for film in binder.story.films:
        study = binder.add("ImagingStudy", film.of, _study(binder, film), film.at)
        if film.report is not None:
            binder.add(
                "DiagnosticReport",
                f"report-{film.of}",
                {
                    "status": "final",
                    "category": [
                        {"coding": [coding("http://terminology.hl7.org/CodeSystem/v2-0074", "RAD Radiology")]}
                    ],
                    "code": {"coding": [coding("http://loinc.org", _CODES[film.of])], "text": description(film)},
                    "subject": binder.patient,
                    "encounter": binder.visit_reference(film.at),
                    "effectiveDateTime": binder.when(film.at),
                    "performer": [author] if (author := binder.author(film.by, film.at)) else None,
                    "imagingStudy": [{"reference": study}],
                    "conclusion": film.report,
                },
                film.at,
            )


def _study(binder: Binder, film: Film) -> Resource:
    story, taken = binder.story.story, binder.when(film.at)
    modality = {"system": _DICOM, "code": film.modality, "display": _NAMES[film.modality]}
    count = 1 if film.of == "chest-film" else CHEST_SLICES
    kind = {"system": "urn:ietf:rfc:3986", "code": f"urn:oid:{sop_class(film)}"}
    series: Resource = {
        "uid": uid(story, film, "series"),
        "number": 1,
        "modality": modality,
        "numberOfInstances": count,
        "bodySite": _CHEST,
        "started": taken,
    }
    if count == 1:
        # A stack's slices are listed by the archive.
        series["instance"] = [{"uid": uid(story, film, "1"), "number": 1, "sopClass": kind}]
    return {
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{uid(story, film, 'study')}"}],
        "status": "available",
        "modality": [modality],
        "subject": binder.patient,
        "encounter": binder.visit_reference(film.at),
        "started": taken,
        "numberOfSeries": 1,
        "numberOfInstances": count,
        "description": description(film),
        "series": [series],
    }
