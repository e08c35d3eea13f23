"""What every node starts from: the round's row and its material."""

from __future__ import annotations

from dataclasses import replace

from agents.reasoner import Material
from graphs.literature import literature_of
from graphs.reading import material_of, outcomes_of
from graphs.services import Services
from graphs.state import RoundState
from graphs.switched import going
from store import artifacts, runs
from store.runs import Run


class RoundUnknown(LookupError):
    """There is no such round; list what there is with `preround queue`."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"There is no round {run_id}; list what there is with `preround queue`.")


def run_of(services: Services, run_id: str) -> Run:
    """The row of a round.

    Raises:
        RoundUnknown: when there is none.
    """
    with services.db.read() as connection:
        found = runs.get(connection, run_id)
    if found is None:
        raise RoundUnknown(run_id)
    return found


def material_in(state: RoundState, services: Services) -> Material:
    """The material that the state refers to, for the tasks that are not switched off."""
    run = run_of(services, state["run_id"])
    shas = state["evidence"][state.get("since", 0) :]
    appraisal, coverage = services.cache.reading(services.db, shas, run, site=services.site_tables)
    outcomes = outcomes_of(services.db, state.get("outcomes"))
    literature = literature_of(services.db, state.get("literature"))
    return material_of(replace(run, tasks=going(services, run)), appraisal, coverage, outcomes, literature)


def keep(services: Services, run_id: str, value: object, kind: str) -> str:
    """Keep a JSON value as an artifact of a round and give its hash."""
    with services.db.write() as connection:
        return artifacts.put_json(connection, value, kind=kind, run_id=run_id, now=services.clock.now())


def kept(services: Services, sha256: str, *, exact: bool = False) -> object:
    """The JSON value of an artifact; with `exact`, fractions come as `Decimal`."""
    with services.db.read() as connection:
        return artifacts.get_json(connection, sha256, exact=exact)
