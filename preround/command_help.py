"""What each command says of itself, read from its source: `preround --help` imports none of them."""

from __future__ import annotations

import ast
from pathlib import Path

_FOLDER = Path(__file__).with_name("commands")


def help_of(place: str) -> str:
    """The docstring of a command, or the `help=` of a group of them.

    Args:
        place: a module of `preround.commands` and its function or group, as `queue:queue`.

    Raises:
        LookupError: neither stands there; a group says its help in one literal, or it has none.
    """
    module, _, name = place.partition(":")
    tree = ast.parse((_FOLDER / f"{module}.py").read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return ast.get_docstring(node) or ""
        if isinstance(node, ast.Assign) and _is(node, name) and isinstance(node.value, ast.Call):
            return next(str(ast.literal_eval(one.value)) for one in node.value.keywords if one.arg == "help")
    raise LookupError(place)


def _is(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
