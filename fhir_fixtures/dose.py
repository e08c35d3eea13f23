"""An amount of a drug as written: `500 mg`, `1 tablet`."""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from fhir_fixtures.vocabulary import vocabulary


class Dose(BaseModel):
    """A number and its unit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Decimal
    """The digits as written."""
    unit: str
    """The unit as written."""


def _parse(text: object) -> object:
    found = re.match(r"^(\d+(?:\.\d+)?) (\S+)$", text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"'{text}' is no dose; write '500 mg' or '1 tablet'")
    if found[2] not in vocabulary().units:
        raise ValueError(f"the unit '{found[2]}' is not in vocabulary.yaml")
    return {"number": Decimal(found[1]), "unit": found[2]}


DoseText = Annotated[Dose, BeforeValidator(_parse)]
"""A dose written in one line."""


def quantity(number: Decimal, unit: str) -> dict[str, Any]:
    """A FHIR Quantity with its UCUM code.

    Args:
        number: the value, digits as written.
        unit: the unit as written; "" for none.
    """
    if not unit:
        return {"value": number}
    return {"value": number, "unit": unit, "system": "http://unitsofmeasure.org", "code": vocabulary().units[unit]}
