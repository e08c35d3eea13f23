"""Words as a story writes them, and the slugs that ids are made of."""

import re
import unicodedata
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator


def as_text(value: object) -> object:
    """A number that YAML read where words are meant, back as its digits; anything else unchanged."""
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(as_text)]
"""Words; a bare number is taken as its digits."""


def slug(words: str) -> str:
    """Lower-case ASCII words joined by hyphens, as FHIR ids allow."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9.]+", "-", plain.lower()).strip("-.")
