"""`Patient/id/$everything`: the patient, the compartment, and the shared resources these point at."""

from sqlalchemy import ColumnElement, func, literal, select

from preround.sandbox import tables
from preround.sandbox.compartment import in_charts, of_types, types_in
from preround.sandbox.exchange import Reply, Request, Session
from preround.sandbox.paging import Cursor, Order, encode_cursor, page
from preround.sandbox.reading import only_known, since_of
from preround.sandbox.search import cursor_of, with_query
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
    where: list[ColumnElement[bool]] = [of_types(types_in(asked.get("_type"))), in_charts(select(literal(patient_id)))]
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
    shown = stored(session.connection, found.keys)
    body = bundle("searchset", search_entries(shown, session.base, "match"), links=links, total=found.total)
    return Reply(status=200, body=body, touched=(f"Patient/{patient_id}", *(one.path for one in shown)))
