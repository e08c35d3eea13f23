"""`Patient/id/$everything`: the patient, the compartment, and the shared resources these point at."""

from sqlalchemy import ColumnElement, func, or_, select

from preround.sandbox import tables
from preround.sandbox.exchange import Reply, Request, Session
from preround.sandbox.outcome import FhirError
from preround.sandbox.paging import Cursor, Order, encode_cursor, page
from preround.sandbox.parameters import registry
from preround.sandbox.reading import only_known, since_of
from preround.sandbox.search import belongs_to_patient, cursor_of, with_query
from preround.sandbox.searchset import bundle, search_entries, stored
from preround.sandbox.terms import CURSOR, parse_count
from preround.sandbox.versions import live


def everything(session: Session, request: Request) -> Reply:
    """All that is known of one patient, the patient first; `_count`, `_type` and `_since` narrow it."""
    patient_id = request.segments[1]
    patient = live(session.connection, "Patient", patient_id)
    cursor = cursor_of(request.query)
    query = cursor.pairs if cursor else request.query
    only_known(query, {"_count", "_type", "_since"})
    asked = dict(query)
    r = tables.resource.c
    where: list[ColumnElement[bool]] = [r.deleted == 0, _of_patient(patient_id, patient.key)]
    if "_type" in asked:
        where.append(r.type.in_(_types(asked["_type"])))
    since = since_of(asked.get("_since"))
    if since is not None:
        where.append(r.updated >= since)
    first = Order(value=func.iif(r.key == patient.key, 0, 1))
    found = page(session.connection, where, [first], max(1, parse_count(asked.get("_count"))), cursor)
    address = "/".join((session.base, *request.segments))
    links = [("self", with_query(address, query))]
    if found.position is not None:
        following = Cursor(pairs=query, mark=found.mark, total=found.total, position=found.position)
        links.append(("next", with_query(address, ((CURSOR, encode_cursor(following)),))))
    entries = search_entries(stored(session.connection, found.keys), session.base, "match")
    return Reply(status=200, body=bundle("searchset", entries, links=links, total=found.total))


def _types(text: str) -> list[str]:
    types = text.split(",")
    if not registry().types.issuperset(types):
        raise FhirError(400, "value", "The parameter _type lists resource types of R4.")
    return types


def _of_patient(patient_id: str, patient_key: int) -> ColumnElement[bool]:
    r, ref = tables.resource.c, tables.reference.c
    belongs = or_(*(belongs_to_patient(patient_id, name) for name in sorted(registry().compartment)))
    members = select(ref.key).where(belongs).cte("members")
    beside, target = tables.reference.alias(), tables.resource.alias()
    supporting = (
        select(target.c.key)
        .join(beside, (beside.c.target_type == target.c.type) & (beside.c.target_id == target.c.id))
        .where(
            or_(beside.c.key.in_(select(members.c.key)), beside.c.key == patient_key),
            target.c.type.in_(sorted(registry().supporting)),
        )
    )
    return or_(r.key == patient_key, r.key.in_(select(members.c.key)), r.key.in_(supporting))
