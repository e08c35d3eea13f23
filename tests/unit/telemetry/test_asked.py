"""What those who watch are told of a FHIR request: never an id, a name or a value, whatever the address looks like."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.fhir.asked import request_of
from tools.fhir.resource_types import KNOWN

BASE = httpx.URL("https://ehr.example/fhir")


@pytest.mark.parametrize(
    ("method", "path", "interaction", "kind"),
    [
        ("GET", "metadata", "capabilities", "other"),
        ("GET", "Patient/secret", "read", "Patient"),
        ("GET", "Observation?patient=secret&_count=5", "search", "Observation"),
        ("GET", "Condition/secret/_history/2", "vread", "Condition"),
        ("GET", "Condition/secret/_history", "history", "Condition"),
        ("GET", "Patient/secret/$everything", "$everything", "Patient"),
        ("GET", "Smith/Jane", "other", "other"),
        ("GET", "?_getpages=secret", "other", "other"),
        ("PUT", "Composition/secret", "update", "Composition"),
        ("POST", "Composition/$validate", "$validate", "Composition"),
        ("POST", "Composition", "create", "Composition"),
        ("POST", "", "transaction", "other"),
        ("GET", "Binary/a/b/c", "other", "Binary"),
    ],
)
def test_interaction_and_type(method: str, path: str, interaction: str, kind: str) -> None:
    found = request_of(method, httpx.URL(f"{BASE}/{path}" if path else str(BASE)), BASE)  # type: ignore[arg-type]
    assert (found.interaction, found.resource_type, found.host) == (interaction, kind, "ehr.example")
    assert "secret" not in repr(found)


@given(st.lists(st.text(alphabet="abcXYZ$_-.0189", min_size=1, max_size=12), max_size=5))
def test_nothing_of_a_path_comes_through_but_a_known_type(parts: list[str]) -> None:
    found = request_of("GET", httpx.URL(f"{BASE}/{'/'.join(parts)}"), BASE)
    assert found.resource_type in KNOWN | {"other"}
