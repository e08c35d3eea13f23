"""`$export`: asking for everything, all charts or a group's charts as NDJSON.

An export is of the versions that are current when it is asked for: their rows are noted then, in one statement. Polling
it packs them into files, some thousand at a time, so it needs no thread of its own, and goes on after a restart or in
another process.
"""

from datetime import timedelta

from sqlalchemy import ColumnElement, func, insert, literal, select

from preround.sandbox import tables
from preround.sandbox.compartment import Ids, in_charts, of_types, types_in
from preround.sandbox.document import Json, parse, serialise
from preround.sandbox.exchange import Query, Reply, Request, Session
from preround.sandbox.instants import microseconds
from preround.sandbox.outcome import FhirError
from preround.sandbox.reading import since_of
from preround.sandbox.search import with_query
from preround.sandbox.versions import live, version_at

Condition = ColumnElement[bool]

JOBS = "_export"
"""First segment of the addresses of exports."""
KEPT = timedelta(hours=24)
"""How long an export can be fetched."""
MOST_JOBS = 50
"""Exports kept at a time."""

_FORMATS = frozenset({"application/fhir+ndjson", "application/fhir ndjson", "application/ndjson", "ndjson"})
_KNOWN = frozenset({"_type", "_since", "_outputFormat"})


def export_all(session: Session, request: Request) -> Reply:
    """`[base]/$export`: everything but the audit trail, and that too where `_type` names it."""
    return _begin(session, request, None)


def export_patients(session: Session, request: Request) -> Reply:
    """`[base]/Patient/$export`: the charts of all patients, and what they point at."""
    r = tables.resource.alias().c
    return _begin(session, request, select(r.id).where(r.type == "Patient", r.deleted == 0))


def export_group(session: Session, request: Request) -> Reply:
    """`[base]/Group/id/$export`: the charts of the members who are active."""
    found = live(session.connection, *request.segments[:2])
    group = parse((version_at(session.connection, found.seq).body or "").encode())
    members = [_member(one) for one in group.get("member", []) if isinstance(one, dict) and not one.get("inactive")]
    listed = func.json_each(serialise([one for one in members if one])).table_valued("value")
    return _begin(session, request, select(listed.c.value))


def _member(member: Json) -> str | None:
    entity = member.get("entity")
    kind, _, logical_id = str(entity.get("reference", "") if isinstance(entity, dict) else "").rpartition("Patient/")
    return None if kind else logical_id or None


def _begin(session: Session, request: Request, patients: Ids | None) -> Reply:
    if "respond-async" not in request.prefer:
        raise FhirError(400, "not-supported", "An export is asked for with the header Prefer: respond-async.")
    query = _parameters(request)
    _make_room(session)
    asked = dict(query)
    where: list[Condition] = [of_types(types_in(asked.get("_type")))]
    since = since_of(asked.get("_since"))
    if since is not None:
        where.append(tables.resource.c.updated >= since)
    if patients is not None:
        where.append(in_charts(patients))
    job = session.new_id()
    run = session.connection.execute
    made = microseconds(session.now)
    address = with_query("/".join((session.base, *request.segments)), query)
    run(insert(tables.export_job).values(id=job, made=made, request=address, total=0, packed=0))
    r = tables.resource.c
    number = func.row_number().over(order_by=(r.type, r.key))
    rows = select(literal(job), number, r.seq).where(*where)
    total = run(insert(tables.export_row).from_select(["job", "number", "seq"], rows)).rowcount
    run(tables.export_job.update().where(tables.export_job.c.id == job).values(total=total))
    return Reply(status=202, headers=(("Content-Location", f"{session.base}/{JOBS}/{job}"),))


def _parameters(request: Request) -> Query:
    """The parameters as asked, of the address and of a Parameters resource in the body.

    Raises:
        FhirError: 400 for one that is not known here, unless the caller prefers lenient handling.
    """
    query = request.query
    if request.method == "POST" and request.body:
        query += _in_body(parse(request.body))
    kept = tuple(pair for pair in query if pair[0] in _KNOWN)
    if len(kept) < len(query) and "handling=lenient" not in request.prefer:
        raise FhirError(
            400, "not-supported", "Of an export's parameters only _type, _since and _outputFormat are known."
        )
    if not _FORMATS.issuperset(value for name, value in kept if name == "_outputFormat"):
        raise FhirError(400, "not-supported", "An export is written as application/fhir+ndjson and nothing else.")
    types = [value for name, value in kept if name == "_type"]
    rest = tuple(pair for pair in kept if pair[0] != "_type")
    return (*rest, ("_type", ",".join(types))) if types else rest


def _in_body(content: object) -> Query:
    listed = content.get("parameter", []) if isinstance(content, dict) else None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise FhirError(400, "structure", "The body of an export must be a Parameters resource.")
    return tuple((str(one.get("name")), str(value)) for one in listed for name, value in one.items() if name != "name")


def _make_room(session: Session) -> None:
    """Forget exports that are too old, and refuse one too many."""
    job = tables.export_job.c
    oldest = microseconds(session.now - KEPT)
    forget_jobs(session, job.made < oldest)
    if session.connection.execute(select(func.count()).select_from(tables.export_job)).scalar_one() >= MOST_JOBS:
        raise FhirError(429, "throttled", f"There are {MOST_JOBS} exports already: delete one.")


def forget_jobs(session: Session, which: Condition) -> None:
    """Delete exports with their files.

    Args:
        session: inside a transaction with the write lock.
        which: a condition on the table of jobs.
    """
    gone = select(tables.export_job.c.id).where(which)
    for table in (tables.export_file, tables.export_row):
        session.connection.execute(table.delete().where(table.c.job.in_(gone)))
    session.connection.execute(tables.export_job.delete().where(which))
