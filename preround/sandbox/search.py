"""Searching: a type, or a type within a patient's compartment."""

from urllib.parse import quote, urlencode

from sqlalchemy import ColumnElement, func, select

from preround.sandbox import tables
from preround.sandbox.compartment import into_compartment
from preround.sandbox.exchange import Query, Reply, Request, Session
from preround.sandbox.including import included
from preround.sandbox.matching import Keys, conditions
from preround.sandbox.outcome import FhirError
from preround.sandbox.paging import Cursor, Order, count_matches, decode_cursor, encode_cursor, page
from preround.sandbox.parameters import registry
from preround.sandbox.searchset import bundle, reduced, search_entries, stored
from preround.sandbox.terms import CURSOR, Search, parse_search, search_parameter
from preround.sandbox.values import INFINITE
from preround.sandbox.versions import live

Condition = ColumnElement[bool]


def search_type(session: Session, request: Request) -> Reply:
    """`GET [base]/Type?…`, `POST [base]/Type/_search`, or the same within `Patient/id`."""
    path = [segment for segment in request.segments if segment != "_search"]
    within = _compartment(session, path[1], path[2]) if len(path) == 3 else None
    cursor = cursor_of(request.query)
    search = parse_search(
        path[-1], cursor.pairs if cursor else request.query, lenient="handling=lenient" in request.prefer
    )
    where = conditions(search.type, search.filters, session.base, within)
    address = f"{session.base}/{'/'.join(path)}"
    links = [("self", with_query(address, search.pairs))]
    if search.only_total:
        total = count_matches(session.connection, where)
        return Reply(status=200, body=bundle("searchset", [], links=links, total=total))
    found = page(session.connection, where, _orders(search), search.count, cursor)
    matches = reduced(stored(session.connection, found.keys), search)
    beside = stored(session.connection, included(session.connection, search, found.keys))
    entries = [*search_entries(matches, session.base, "match"), *search_entries(beside, session.base, "include")]
    if found.position is not None:
        following = Cursor(pairs=search.pairs, mark=found.mark, total=found.total, position=found.position)
        links.append(("next", with_query(address, ((CURSOR, encode_cursor(following)),))))
    body = bundle("searchset", entries, links=links, total=found.total)
    return Reply(status=200, body=body, touched=tuple(one.path for one in (*matches, *beside)))


def only_match(session: Session, resource_type: str, query: Query) -> str | None:
    """The id of the one resource that a conditional request means; None if there is none.

    Args:
        session: where to look.
        resource_type: type searched.
        query: filters only.

    Raises:
        FhirError: 412 when several match; 400 when the query does not filter.
    """
    search = parse_search(resource_type, query)
    if not search.filters:
        raise FhirError(400, "value", "A conditional request needs at least one search parameter.")
    where = conditions(resource_type, search.filters, session.base)
    ids = session.connection.execute(select(tables.resource.c.id).where(*where).limit(2)).scalars().all()
    if len(ids) > 1:
        raise FhirError(412, "multiple-matches", "The condition matches several resources: make it more specific.")
    return ids[0] if ids else None


def cursor_of(query: Query) -> Cursor | None:
    """The cursor of a next link, if the query is one.

    Raises:
        FhirError: 400 when it stands beside other parameters or cannot be read.
    """
    texts = [value for name, value in query if name == CURSOR]
    if not texts:
        return None
    if len(query) != 1:
        raise FhirError(400, "value", "A page address is used as it was given, without further parameters.")
    return decode_cursor(texts[0])


def with_query(address: str, query: Query) -> str:
    """The address with a query."""
    return f"{address}?{urlencode(query, quote_via=quote)}" if query else address


def _compartment(session: Session, patient_id: str, resource_type: str) -> Keys:
    if resource_type not in registry().compartment:
        raise FhirError(400, "not-supported", f"{resource_type} is not in the patient compartment.")
    live(session.connection, "Patient", patient_id)
    r = tables.reference.c
    return select(r.key).where(into_compartment((resource_type,)), r.target_id == patient_id)


def _orders(search: Search) -> list[Order]:
    return [order for name, down in search.sort for order in _order(search.type, name, down)]


def _order(resource_type: str, name: str, down: bool) -> list[Order]:
    r = tables.resource.c
    if name == "_id":
        return [Order(value=r.id, down=down)]
    if name == "_lastUpdated":
        return [Order(value=r.updated, down=down)]
    parameter = search_parameter(resource_type, name)
    table = tables.INDEX_TABLES[parameter.kind]
    column, nothing = _SORTED_BY[parameter.kind]
    edge = (func.max if down else func.min)(table.c[column])
    value = select(edge).where(table.c.key == r.key, table.c.param == parameter.number)
    scalar = value.correlate(tables.resource).scalar_subquery()
    # Resources without a value come last, whichever way the others run.
    return [Order(value=func.iif(scalar.is_(None), 1, 0)), Order(value=func.coalesce(scalar, nothing), down=down)]


_SORTED_BY: dict[str, tuple[str, str | float]] = {
    "token": ("code", ""),
    "uri": ("code", ""),
    "reference": ("target_id", ""),
    "date": ("low", 0),
    "string": ("folded", ""),
    "quantity": ("low", INFINITE),
}
