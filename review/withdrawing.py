"""How a resource says that it was entered in error, as data: by its type's own element."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from review.errors import CannotUndo

Resource = dict[str, Any]


def withdrawn(resource: Resource) -> Resource:
    """The resource marked as entered in error; nothing else of it changes.

    Args:
        resource: as the server holds it.

    Raises:
        CannotUndo: when its type has no such mark.
    """
    kind = str(resource.get("resourceType"))
    mark = marks().get(kind)
    if mark is None:
        raise CannotUndo(f"a {kind} can't say that it was entered in error; correct it on the server")
    removed = frozenset(mark.get("remove", ()))
    return {name: value for name, value in resource.items() if name not in removed} | dict(mark["set"])


@cache
def marks() -> Mapping[str, Mapping[str, Any]]:
    """For each type: `set`, the elements that say it; `remove`, those that may not stand beside them."""
    return tomllib.loads(resources.files("review").joinpath("withdrawn.toml").read_text("utf-8"))
