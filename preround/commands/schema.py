"""`preround schema`: the JSON Schema of what goes in and out."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from preround.door import Json, leave, out, write_json
from preround.failure import Missing
from preround.shown.schemas import MODELS
from review.reasons import reasons


def schema(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join([*MODELS, 'reject-reasons'])}.")], json: Json = None
) -> None:
    """Print a JSON Schema, or the list of reject reasons."""

    def work() -> int:
        found = _schema(name)
        if json is not None:
            write_json(found, json)
        else:
            out.print_json(data=found)
        return 0

    leave(work, json=json)


def _schema(name: str) -> Any:  # noqa: ANN401 - JSON
    if name == "reject-reasons":
        return [{"code": r.code, "system": r.system, "words": r.display} for r in reasons()]
    if name not in MODELS:
        raise Missing(f"There is no schema {name}; choose among {', '.join([*MODELS, 'reject-reasons'])}")
    return MODELS[name].model_json_schema()
