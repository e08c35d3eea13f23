"""References inside a resource: finding them, and replacing temporary and conditional ones before it is stored.

A conditional reference (`Practitioner?identifier=system|value`) is replaced by the one resource that it matches, in
every write; none or several is an error, never a reference that leads nowhere.
"""

import re
from collections.abc import Callable
from urllib.parse import parse_qsl

from preround.sandbox.document import Json
from preround.sandbox.exchange import Session
from preround.sandbox.outcome import FhirError
from preround.sandbox.parameters import registry
from preround.sandbox.search import only_match

_LINKS = frozenset({"reference", "url", "uri", "valueUri", "valueUrl", "valueUuid", "valueOid", "valueCanonical"})
_CONDITIONAL = re.compile(r"[A-Z][A-Za-z]+\?.+")
_NARRATIVE_LINK = re.compile(r'(?<=\b(?:href|.src)=")[^"]+')


class Links:
    """The places in one resource that hold an address."""

    def __init__(self, resource: Json) -> None:
        """Find them.

        Args:
            resource: the parsed resource; `replace` changes it.
        """
        self._places: list[tuple[Json, str]] = []
        self._narratives: list[Json] = []
        self._find(resource)

    @property
    def conditional(self) -> bool:
        """Whether a reference among them is a search."""
        return any(key == "reference" and _CONDITIONAL.fullmatch(node[key]) for node, key in self._places)

    def replace(self, replaced: Callable[[str], str]) -> None:
        """Put the answer of `replaced` in the place of each address."""
        for node, key in self._places:
            node[key] = replaced(node[key])
        for node in self._narratives:
            node["div"] = _NARRATIVE_LINK.sub(lambda found: replaced(found[0]), node["div"])

    def resolve(self, session: Session, known: dict[str, str]) -> None:
        """Put a literal reference in the place of each conditional one.

        Args:
            session: where to search.
            known: what was found before, by reference; added to.

        Raises:
            FhirError: 412 when one matches nothing or several.
        """
        for node, key in self._places:
            text = node[key]
            if key == "reference" and _CONDITIONAL.fullmatch(text):
                if text not in known:
                    known[text] = _match(session, text)
                node[key] = known[text]

    def _find(self, node: object) -> None:
        if isinstance(node, list):
            for item in node:
                self._find(item)
        elif isinstance(node, dict):
            for key, value in node.items():
                if isinstance(value, str):
                    if key in _LINKS:
                        self._places.append((node, key))
                    elif key == "div" and "urn:" in value:
                        self._narratives.append(node)
                elif isinstance(value, dict | list):
                    self._find(value)


def _match(session: Session, text: str) -> str:
    resource_type, _, query = text.partition("?")
    if resource_type not in registry().types:
        raise FhirError(400, "value", "A conditional reference begins with a resource type of R4.")
    logical_id = only_match(session, resource_type, tuple(parse_qsl(query, keep_blank_values=True)))
    if logical_id is None:
        raise FhirError(
            412, "not-found", f"A conditional reference to {resource_type} matches nothing here: load its target first."
        )
    return f"{resource_type}/{logical_id}"
