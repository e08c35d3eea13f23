"""A switch by a name that nothing here has is refused with the near names, and taken where it is said to be new."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from agents.offline.reasoner import OfflineReasoner
from agents.worded.drafts import LETTERS
from preround.doing import switching
from preround.home import open_database
from preround.settings import Settings
from review.switches import Mode, Scope, Switch, SwitchUnusable, standing
from store import runs
from store.database import Database
from tests.unit.house.files import ROOT, program
from tests.unit.review.conftest import NOW, a_run


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, site="north-ward")


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    database = open_database(settings)
    with database.write() as connection:
        south = replace(a_run("r-south"), site="south-ward", tasks=("summary", "discharge"), reasoner="vllm")
        runs.create(connection, replace(south, model_name="google/medgemma", model_revision="abc"))
    yield database
    database.close()


def throw(db: Database, settings: Settings, scope: Scope, mode: Mode = "off", *, unknown: bool = False) -> Switch:
    named = {"reason": "wrong ages", "person": "Ada Nowak", "now": NOW}
    return switching.throw(db, settings, scope, mode, unknown=unknown, **named)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scope", "near"),
    [
        (Scope(task="sumary"), "did you mean summary?"),
        (Scope(task="Suggestions"), "did you mean suggestions"),
        (Scope(task="xyzzy"), "there is agent"),
        (Scope(site="north ward"), "did you mean north-ward"),
        (Scope(site="sout-ward"), "did you mean south-ward"),
        (Scope(task="summary", site="nroth-ward"), "did you mean north-ward"),
        (Scope(model="ofline"), "did you mean offline?"),
        (Scope(model="medgema"), "did you mean medgemma"),
        (Scope(guideline="colorectal-screning-45"), "did you mean colorectal-screening-45"),
    ],
)
def test_a_name_that_nobody_has_switches_nothing_and_the_near_ones_are_told(
    db: Database, settings: Settings, scope: Scope, near: str
) -> None:
    with pytest.raises(SwitchUnusable, match="nothing here has the") as refused:
        throw(db, settings, scope)
    assert near in str(refused.value)
    assert standing(db) == ()
    throw(db, settings, scope, unknown=True)
    assert [one.scope for one in standing(db)] == [scope]
    throw(db, settings, scope, "on")
    assert standing(db) == ()


@pytest.mark.parametrize(
    "scope",
    [
        Scope(task="discharge"),
        Scope(task="summary", site="south-ward"),
        Scope(model="google/medgemma"),
        Scope(model="medgemma@of-another-revision"),
        Scope(model="transformers"),
        Scope(guideline="colorectal-screening-45"),
    ],
)
def test_a_name_that_this_site_or_a_round_has_is_taken(db: Database, settings: Settings, scope: Scope) -> None:
    throw(db, settings, scope)
    assert [one.scope for one in standing(db)] == [scope]


def test_every_task_that_this_program_makes_has_its_name_here() -> None:
    rooms = [path.with_suffix("").as_posix().replace("/", ".") for path in program() if prepares(path)]
    assert len(rooms) > 4, "nothing that prepares a round is found any more"
    made = {str(import_module(room).TASK) for room in rooms}
    assert {*OfflineReasoner().tasks, *LETTERS, *made} <= switching.TASKS


def prepares(path: Path) -> bool:
    """Whether a module makes the proposal of a prepared round of its own, whose task it names `TASK`."""
    calls = [node for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.Call)]
    making = [one for one in calls if isinstance(one.func, ast.Name) and one.func.id == "Prepared"]
    tasks = [word.value for one in making for word in one.keywords if word.arg == "task"]
    assert not [task for task in tasks if isinstance(task, ast.Constant)], (
        f"{path} names its task where nobody finds it"
    )
    return any(isinstance(task, ast.Name) and task.id == "TASK" for task in tasks)
