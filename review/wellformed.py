"""Whether a resource is FHIR R4, by the R4B models: what is written is always valid, what is read need not be."""

from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from claims.canonical import exact_bytes

Resource = dict[str, Any]


def faults(resource: Resource) -> tuple[str, ...]:
    """What is wrong with a resource, a line for each element, without its values; empty when it is valid.

    Codes are not looked up in their value sets.
    """
    kind = str(resource.get("resourceType"))
    try:
        get_fhir_model_class(kind).model_validate_json(exact_bytes(resource))
    except KeyError:
        return (f"{kind} is not a type of R4, or it holds one that is not",)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        return tuple(dict.fromkeys(f"{'.'.join((kind, *_path(one['loc'])))} {_what(one['type'])}" for one in found))
    return ()


def _path(loc: tuple[int | str, ...]) -> tuple[str, ...]:
    return tuple(str(part) for part in loc)


def _what(kind: str) -> str:
    last = kind.rpartition(".")[2]
    return {"missing": "is required", "extra_forbidden": "is not an element of R4"}.get(
        last, f"has a wrong value ({last})"
    )
