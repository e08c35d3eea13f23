"""Artifacts: kept once by content, checked when read."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from store.artifacts import ArtifactDamaged, ArtifactMissing, get_bytes, get_json, put_bytes, put_json
from store.database import Database
from store.tables import artifacts
from tests.unit.store.conftest import NOW


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(body=st.binary(max_size=2000))
def test_bytes_come_back_as_they_were(db: Database, body: bytes) -> None:
    with db.write() as connection:
        sha256 = put_bytes(connection, body, kind="evidence", run_id="run-1", now=NOW)
        assert get_bytes(connection, sha256) == body


def test_the_same_content_is_kept_once(db: Database) -> None:
    with db.write() as connection:
        assert put_bytes(connection, b"x", kind="a", run_id="run-1", now=NOW) == put_bytes(
            connection, b"x", kind="b", run_id="run-1", now=NOW
        )
        assert connection.execute(select(func.count()).select_from(artifacts)).scalar() == 1


def test_json_keeps_decimals_to_the_digit_and_one_text_for_equal_values(db: Database) -> None:
    with db.write() as connection:
        one = put_json(connection, {"b": Decimal("8.10"), "a": 1}, kind="x", run_id="run-1", now=NOW)
        assert one == put_json(connection, {"a": 1, "b": Decimal("8.10")}, kind="x", run_id="run-1", now=NOW)
        assert str(get_json(connection, one, exact=True)["b"]) == "8.10"
        assert get_json(connection, one) == {"a": 1, "b": 8.1}


@pytest.mark.parametrize("value", [Decimal("NaN"), object()], ids=["nan", "object"])
def test_what_is_not_json_is_refused(db: Database, value: object) -> None:
    with db.write() as connection, pytest.raises(TypeError):
        put_json(connection, {"a": value}, kind="x", run_id="run-1", now=NOW)


def test_a_missing_or_damaged_artifact_is_said(db: Database) -> None:
    with db.write() as connection:
        sha256 = put_bytes(connection, b"what was signed", kind="proposal", run_id=None, now=NOW)
        other = put_bytes(connection, b"what was SIGNED", kind="proposal", run_id=None, now=NOW)
        body = connection.execute(select(artifacts.c.body).where(artifacts.c.sha256 == other)).scalar_one()
        connection.execute(update(artifacts).where(artifacts.c.sha256 == sha256).values(body=body))
        with pytest.raises(ArtifactDamaged, match="not what its hash says"):
            get_bytes(connection, sha256)
        connection.execute(update(artifacts).where(artifacts.c.sha256 == sha256).values(body=b"not zlib"))
        with pytest.raises(ArtifactDamaged):
            get_bytes(connection, sha256)
        connection.execute(delete(artifacts).where(artifacts.c.sha256 == sha256))
        with pytest.raises(ArtifactMissing, match="cannot be found"):
            get_bytes(connection, sha256)
