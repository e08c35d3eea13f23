"""What a model server says that it serves, held against the pin."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from agents.models.endpoint import Endpoint
from agents.models.registry import ModelRow
from agents.models.wire import Patience, Wire

State = Literal["served", "differs", "not served", "unreachable", "in process", "not set up"]
_SNAPSHOT = re.compile(r"snapshots/([0-9a-f]{7,64})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Serving:
    """How a row and its server agree."""

    state: State
    """Whether the row's model is there."""
    detail: str
    """One sentence: what was found, and what to do."""
    context: int | None = None
    """Tokens that the server takes, where it says."""

    @property
    def ok(self) -> bool:
        """Whether rounds may use it."""
        return self.state in ("served", "in process")


Listed = Mapping[str, Mapping[str, object]]
"""What ``/v1/models`` says, by served name."""


def listed(endpoint: Endpoint) -> Listed:
    """Ask an endpoint what it serves.

    Raises:
        ModelAway, ModelFailed: no usable answer.
    """
    found = Wire(endpoint, served="a list of models", patience=Patience()).ask_now("/v1/models").get("data")
    return {str(m.get("id")): m for m in found if isinstance(m, dict)} if isinstance(found, list) else {}


def compared(row: ModelRow, models: Listed) -> Serving:
    """Hold what is served against a row and its pin.

    Name, revision, an adapter's base and the context are looked at. A server cannot be asked for a revision outright:
    it shows one when the weights lie in a snapshot folder, or when the model is also served under ``NAME@REVISION``;
    otherwise the answer says that it could not be compared.
    """
    others = ", ".join(sorted(models)) or "nothing"
    if not row.named:
        return Serving(
            state="not served",
            detail=f"the server serves {others}; say which of them is meant with PREROUND_MODEL_SERVED",
        )
    ours = models.get(row.served_name)
    if ours is None:
        return Serving(state="not served", detail=f"the server serves {others}, not {row.served_name}")
    length = ours.get("max_model_len")
    context = length if isinstance(length, int) else None
    if (problem := _differs(row, ours, context)) is not None:
        return Serving(state="differs", detail=problem, context=context)
    return _against_the_pin(row, _revisions(row.served_name, models), context)


def _differs(row: ModelRow, ours: Mapping[str, object], context: int | None) -> str | None:
    """What a server says of the model that is not so in its row; the pin aside."""
    name, parent = row.served_name, ours.get("parent")
    if row.adapter and "parent" in ours and not parent:
        return f"{name} is served as a whole model, the row says it is an adapter; serve it with --lora-modules"
    if parent and not row.adapter:
        return f"{name} is served as an adapter on {parent}, the row says it is a whole model; correct the row"
    if context is not None and row.served_context > context:
        return (
            f"{name} is served with {context} tokens, its row counts on {row.served_context}; serve it with "
            f"--max-model-len {row.served_context}, or set served_context in the row"
        )
    return None


def _revisions(name: str, models: Listed) -> set[str]:
    named = {i.removeprefix(f"{name}@") for i in models if i.startswith(f"{name}@")}
    shown = _SNAPSHOT.search(str(models[name].get("root") or ""))
    return named | ({shown[1]} if shown else set())


def _against_the_pin(row: ModelRow, revisions: set[str], context: int | None) -> Serving:
    name, pin = row.served_name, row.revision
    if pin is None:
        detail = f"{name} is served, and no revision is pinned; pin one with PREROUND_MODEL_REVISION"
        return Serving(state="served", detail=detail, context=context)
    if not revisions:
        detail = f"{name} is served, at a revision that the server does not say; serve it as {name}@{pin} too"
        return Serving(state="served", detail=detail, context=context)
    if not all(r.startswith(pin) or pin.startswith(r) for r in revisions):
        other = ", ".join(sorted(revisions))
        detail = f"{name} is served at revision {other}, the pin says {pin}; serve the pinned one or change the pin"
        return Serving(state="differs", detail=detail, context=context)
    return Serving(state="served", detail=f"{name} is served at the pinned revision {pin}", context=context)
