"""How a write is found again on a server that gives ids itself: by our key, in an identifier or in a tag."""

from urllib.parse import urlencode

from tools.fhir.stored import WriteEntry
from tools.fhir.wire import Json, Resource

KEY_SYSTEM = "urn:preround:key"
"""System of the tag that carries our key where the resource has no identifier with it."""


def condition(entry: WriteEntry) -> tuple[str, str]:
    """The search parameter and token that find this entry and nothing else."""
    for identifier in _dicts(entry.resource.get("identifier")):
        if identifier.get("value") == entry.key and isinstance(identifier.get("system"), str):
            return "identifier", f"{identifier['system']}|{entry.key}"
    return "_tag", f"{KEY_SYSTEM}|{entry.key}"


def header(entry: WriteEntry) -> str:
    """The condition as the value of If-None-Exist."""
    return urlencode([condition(entry)], safe="|:/")


def keyed(resource: Resource, entry: WriteEntry) -> Resource:
    """The resource with what `condition` looks for in it."""
    if condition(entry)[0] == "identifier":
        return resource
    meta = resource.get("meta", {})
    return {**resource, "meta": {**meta, "tag": [*meta.get("tag", ()), {"system": KEY_SYSTEM, "code": entry.key}]}}


def carries(resource: Resource, entry: WriteEntry) -> bool:
    """True where the resource really has what `condition` looked for, whatever the server made of the search."""
    name, token = condition(entry)
    if name == "identifier":
        return any(f"{i.get('system')}|{i.get('value')}" == token for i in _dicts(resource.get("identifier")))
    meta = resource.get("meta")
    tags = _dicts(meta.get("tag")) if isinstance(meta, dict) else []
    return any(f"{tag.get('system')}|{tag.get('code')}" == token for tag in tags)


def _dicts(value: Json) -> list[Resource]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]
