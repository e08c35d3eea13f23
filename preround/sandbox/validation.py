"""Checking resources with the R4B models: everything for `$validate`, the structure alone for a write.

A write is refused for an unknown element or a value of the wrong type. Missing required elements pass: real senders
leave them out, and a sandbox that refused their charts could not show them. `$validate` reports those too. Codes are
not looked up in their value sets by either.
"""

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from preround.sandbox.outcome import FhirError, Issue
from preround.sandbox.parameters import registry


def problems(resource_type: str, text: str) -> list[Issue]:
    """Every issue that the models find in a resource.

    Args:
        resource_type: its type.
        text: its JSON text.

    Returns:
        Errors, none of which quotes a value; empty when it is valid. A type the models do not know gives one
        `information` issue.
    """
    if resource_type in registry().unchecked:
        return [Issue(severity="information", code="not-supported", text=f"{resource_type} is not checked here.")]
    return [_issue(resource_type, error) for error in _errors(resource_type, text)]


def check_structure(resource_type: str, text: str) -> None:
    """Refuse a resource with unknown elements or values of the wrong type.

    Raises:
        FhirError: 422 with every such issue.
    """
    if resource_type in registry().unchecked:
        return
    found = [_issue(resource_type, error) for error in _errors(resource_type, text) if not _is_missing(error)]
    if found:
        raise FhirError(422, "invalid", "The resource is not FHIR R4.", issues=found)


def _errors(resource_type: str, text: str) -> list[ErrorDetails]:
    try:
        get_fhir_model_class(resource_type).model_validate_json(text)
    except ValidationError as error:
        return error.errors(include_url=False, include_input=False, include_context=False)
    except KeyError:  # how the models meet a contained resource of a type that they do not have
        return [ErrorDetails(type="unknown_type", loc=("contained",), msg="unknown type", input=None)]
    return []


def _is_missing(error: ErrorDetails) -> bool:
    return error["type"].rpartition(".")[2] == "missing"


def _issue(resource_type: str, error: ErrorDetails) -> Issue:
    path = ".".join((resource_type, *(str(part) for part in error["loc"])))
    kind = error["type"]
    if _is_missing(error):
        return Issue(severity="error", code="required", text=f"{path} is required.", expression=path)
    if kind == "extra_forbidden":
        return Issue(severity="error", code="structure", text=f"{path} is not an element of R4.", expression=path)
    return Issue(severity="error", code="invalid", text=f"{path} has a wrong value ({kind}).", expression=path)
