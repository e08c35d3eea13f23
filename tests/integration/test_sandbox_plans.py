"""A filtered search walks an index: what else is stored must not slow it."""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.dialects import sqlite

from preround.sandbox import tables
from preround.sandbox.database import Database
from preround.sandbox.matching import conditions
from preround.sandbox.terms import parse_search


@pytest.mark.parametrize(
    ("resource_type", "query"),
    [
        ("Observation", [("patient", "a")]),
        ("Observation", [("patient", "a"), ("code", "s|c"), ("date", "ge2020")]),
        ("Observation", [("code", "c,d,s|e")]),
        ("Observation", [("date", "2020-01")]),
        ("Observation", [("date", "ge2020")]),
        ("Observation", [("date", "lt2020"), ("code:not", "c")]),
        ("Observation", [("value-quantity", "gt5")]),
        ("Observation", [("subject:Patient.family", "a")]),
        ("Patient", [("family", "a")]),
        ("Patient", [("_id", "a")]),
        ("Patient", [("identifier", "s|v")]),
        ("Patient", [("_has:Observation:patient:code", "c")]),
        ("Encounter", [("patient", "a,b"), ("class:missing", "true")]),
    ],
)
def test_no_table_is_read_from_end_to_end(tmp_path: Path, resource_type: str, query: list[tuple[str, str]]) -> None:
    search = parse_search(resource_type, tuple(query))
    where = conditions(resource_type, search.filters, "http://sandbox.test/fhir")
    statement = select(tables.resource.c.key).where(*where, tables.resource.c.key <= 10**9).limit(100)
    statement = statement.order_by(tables.resource.c.key)
    text = str(statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    database = Database(tmp_path / "sandbox.db")
    with database.reading() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    database.close()
    assert not [step for step in plan if step.startswith("SCAN")], plan
    leading = [step for step in plan if step.startswith("SEARCH resource")]
    assert leading, plan
    assert all("rowid" in step or "PRIMARY KEY" in step or "resource_identity" in step for step in leading), plan
