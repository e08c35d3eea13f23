"""What belongs to patients: the compartments, and the shared resources that these point at."""

from collections.abc import Collection, Iterable
from functools import cache

import orjson
from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from preround.sandbox import tables
from preround.sandbox.outcome import FhirError
from preround.sandbox.parameters import registry

Condition = ColumnElement[bool]
Ids = Select[str]

AUDIT = "AuditEvent"
"""The server's own trail: it goes along with a chart, an export or a history only where its type is named."""


@cache
def compartment_numbers(types: tuple[str, ...] | None = None) -> tuple[int, ...]:
    """The numbers of the reference parameters that put resources of these types, or of any, into a compartment."""
    known = registry()
    names = sorted(known.compartment) if types is None else types
    return tuple({known.parameters[one][name].number for one in names for name in known.compartment.get(one, ())})


def into_compartment(types: tuple[str, ...] | None = None) -> Condition:
    """Whether a row of the reference table puts its resource, of these types or any, into a patient's compartment."""
    r = tables.reference.c
    return and_(r.param.in_(compartment_numbers(types)), r.target_type == "Patient")


def in_charts(patients: Ids) -> Condition:
    """Whether a row of the resource table is in the chart of one of some patients, themselves among it.

    Args:
        patients: their ids.
    """
    r, ref = tables.resource.c, tables.reference.c
    someone = tables.resource.alias()
    themselves = select(someone.c.key).where(someone.c.type == "Patient", someone.c.id.in_(patients))
    members = select(ref.key).where(into_compartment(), ref.target_id.in_(patients)).cte("members", nesting=True)
    beside, target = tables.reference.alias(), tables.resource.alias()
    supporting = (
        select(target.c.key)
        .join(beside, (beside.c.target_type == target.c.type) & (beside.c.target_id == target.c.id))
        .where(
            or_(beside.c.key.in_(select(members.c.key)), beside.c.key.in_(themselves)),
            target.c.type.in_(sorted(registry().supporting)),
        )
    )
    return or_(r.key.in_(themselves), r.key.in_(select(members.c.key)), r.key.in_(supporting))


def of_types(types: Collection[str]) -> Condition:
    """Whether a row of the resource table is current and of these types; of any but the audit trail if empty."""
    r = tables.resource.c
    return and_(r.deleted == 0, r.type.in_(sorted(types)) if types else r.type != AUDIT)


def types_in(text: str | None) -> frozenset[str]:
    """The types in a `_type` parameter; none where it is not given.

    Raises:
        FhirError: 400 when one is no type of R4.
    """
    types = frozenset(text.split(",")) if text is not None else frozenset()
    if not registry().types.issuperset(types):
        raise FhirError(400, "value", "The parameter _type lists resource types of R4.")
    return types


def patients_of(connection: Connection, paths: Iterable[str]) -> list[str]:
    """The patients, as `Patient/id`, whose charts hold some resources.

    Args:
        connection: where to read.
        paths: the resources, as `Type/id`, with or without a version.
    """
    asked = {tuple(path.split("/")[:2]) for path in paths}
    numbers = ", ".join(map(str, compartment_numbers()))
    found = connection.exec_driver_sql(
        "SELECT DISTINCT f.target_id FROM json_each(?) AS asked "  # noqa: S608 - only numbers of ours are put in
        "CROSS JOIN resource AS r ON r.type = asked.value ->> 0 AND r.id = asked.value ->> 1 "
        "CROSS JOIN reference_index AS f ON f.key = r.key AND f.target_type = 'Patient' "
        f"WHERE f.param + 0 IN ({numbers})",
        (orjson.dumps(sorted(asked)).decode(),),
    )
    themselves = {logical_id for kind, logical_id in asked if kind == "Patient"}
    return [f"Patient/{logical_id}" for logical_id in sorted(themselves | {row[0] for row in found})]
