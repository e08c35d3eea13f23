"""Resources that no server should send: parts missing, of the wrong type, huge, or nested without end."""

from __future__ import annotations

import copy
import random
from typing import Any

WRONG: tuple[Any, ...] = (
    *(None, "", "x", "2021-13-45", "0000-00-00", "9999-12-31T23:59:59-14:00", "T", 0, -1, 1.5, True),
    *([], {}, [None], [[]], {"value": None}, "9" * 40, 10**400, 1e308, -0.0),
    *({"value": 10**30}, {"coding": "x"}, {"coding": [None, 3, {"code": []}]}, {"reference": "#"}, "\x00\ud800"[:1]),
    *("\u202e\u0000\ufffe", "{{7*7}}", "<script>", "../..", "urn:uuid:", "#", "%PDF-", "=" * 9),
)


def huge(draw: random.Random) -> Any:
    """Something far larger than it should be."""
    size = 5_000
    return draw.choice(["a b " * 10 * size, ["x"] * size, {f"k{i}": i for i in range(size)}])


def deep(draw: random.Random) -> Any:
    """Something nested far deeper than it should be."""
    value: Any = "end"
    for _ in range(draw.choice([50, 400, 900])):
        value = [value] if draw.random() < 0.5 else {draw.choice(["item", "coding", "extension", "part"]): value}
    return value


def mutated(resource: dict[str, Any], seed: int) -> dict[str, Any]:
    """The resource with one to three of its nodes replaced, removed, wrapped, doubled, blown up or made deep."""
    draw = random.Random(seed)  # noqa: S311 - a reproducible choice, not a secret
    changed = copy.deepcopy(resource)
    for _ in range(draw.randint(1, 3)):
        _spoil(changed, draw)
    return {**changed, "resourceType": resource["resourceType"], "id": resource["id"]}


def _spoil(root: dict[str, Any], draw: random.Random) -> None:
    node: Any = root
    while True:
        keys = [k for k in (node if isinstance(node, dict) else range(len(node))) if k not in ("resourceType", "id")]
        if not keys:
            return
        key = draw.choice(keys)
        child = node[key]
        if isinstance(child, dict | list) and child and draw.random() < 0.75:
            node = child
            continue
        kind = draw.random()
        if kind < 0.1:
            del node[key]
        elif kind < 0.2:
            node[key] = huge(draw)
        elif kind < 0.3:
            node[key] = deep(draw)
        else:
            node[key] = draw.choice([*WRONG, [child], [child, child], {"extension": [child]}])
        return
