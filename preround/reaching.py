"""What the endpoints of models say that they serve."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agents.models.endpoint import Endpoint
from agents.models.failures import EndpointRefused, ModelAway
from agents.models.registry import ModelRow
from agents.models.reply import ModelFailed
from agents.models.serving import Listed, Serving, compared, listed
from preround.reasoners import endpoint_of
from preround.settings import Settings
from preround.speech import heard_here


def reached(rows: Iterable[ModelRow], settings: Settings) -> Mapping[str, Serving]:
    """What the endpoints say of some rows; each is asked once, and a refused one not at all."""
    said: dict[str, Listed | str] = {}
    found: dict[str, Serving] = {}
    for row in rows:
        if row.roles == ("hear",):
            found[row.name] = heard_here(row, settings)
            continue
        try:
            endpoint = endpoint_of(row, settings)
        except EndpointRefused as error:
            found[row.name] = Serving(state="unreachable", detail=str(error))
            continue
        if endpoint.root not in said:
            said[endpoint.root] = _said(endpoint)
        answer = said[endpoint.root]
        found[row.name] = (
            Serving(state="unreachable", detail=answer) if isinstance(answer, str) else compared(row, answer)
        )
    return found


def _said(endpoint: Endpoint) -> Listed | str:
    try:
        return listed(endpoint)
    except (ModelAway, ModelFailed) as error:
        return str(error)
