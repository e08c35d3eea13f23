"""A chart made for a picture: a patient as its header says, and the resources that point at it or hold it."""

from __future__ import annotations

import base64
import io
import json
import warnings
from collections.abc import Iterable
from typing import Any

from pydicom import dcmread

from tools.imaging.dicom import read_file

ID = "pictured"
"""The patient's id on the sandbox."""
SUBJECT = {"reference": f"Patient/{ID}"}
_SEX = {"F": "female", "M": "male", "O": "other"}
_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_GIVER = "urn:oid:2.25.7"


def patient_of(dicom: bytes) -> dict[str, Any]:
    """The patient whom a DICOM file names: by id, and by date of birth where it says one; never by name."""
    header = read_file(dicom).header
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sex = str(dcmread(io.BytesIO(dicom), specific_tags=["PatientSex"]).get("PatientSex") or "")
    return {
        "resourceType": "Patient",
        "id": ID,
        "identifier": [{"system": _GIVER, "value": header.patient_id}],
        "name": [{"family": "Testpatient", "given": ["Nobody"]}],
        "gender": _SEX.get(sex, "unknown"),
        **({"birthDate": header.born} if header.born else {}),
    }


def study_of(dicom: bytes) -> dict[str, Any]:
    """The ImagingStudy that points at a DICOM file's study."""
    header = read_file(dicom).header
    return {
        "resourceType": "ImagingStudy",
        "id": "study",
        "status": "available",
        "subject": SUBJECT,
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{header.study}"}],
        "started": header.taken[:10],
        "series": [{"uid": header.series, "modality": {"system": _DICOM, "code": header.modality}}],
    }


def attachment(body: bytes, kind: str) -> dict[str, Any]:
    """An Attachment that holds a file."""
    return {"contentType": kind, "data": base64.b64encode(body).decode()}


def bundle(resources: Iterable[dict[str, Any]]) -> bytes:
    """The resources as a file to be loaded."""
    entries = [{"resource": one} for one in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()
