"""The files of an export: packing them as it is polled, listing them when all are there, handing them out."""

import gzip
from email.utils import format_datetime
from itertools import groupby

from sqlalchemy import Row, insert, select

from preround.sandbox import tables
from preround.sandbox.document import Json, serialise
from preround.sandbox.exchange import Reply, Request, Session
from preround.sandbox.export import JOBS, KEPT, forget_jobs
from preround.sandbox.instants import instant, moment
from preround.sandbox.outcome import FhirError
from preround.sandbox.reading import only_known

STEP = 5000
"""Resources packed at one poll; so a file has at most so many lines."""
NDJSON = "application/fhir+ndjson"
"""Media type of a file."""


def export_status(session: Session, request: Request) -> Reply:
    """`GET [base]/_export/id`: 202 with the progress while files are packed, then 200 with the list of them."""
    only_known(request.query, set())
    job = _job(session, request)
    packed = _pack(session, job) if job.packed < job.total else job.packed
    if packed < job.total:
        headers = (("X-Progress", f"{100 * packed // job.total} % of {job.total} resources"), ("Retry-After", "1"))
        return Reply(status=202, headers=headers)
    f = tables.export_file.c
    query = select(f.name, f.type, f.first, f.last).where(f.job == job.id).order_by(f.first)
    address = f"{session.base}/{JOBS}/{job.id}"
    output = [
        {"type": one.type, "url": f"{address}/{one.name}", "count": one.last - one.first + 1}
        for one in session.connection.execute(query)
    ]
    manifest: Json = {
        "transactionTime": instant(moment(job.made)),
        "request": job.request,
        "requiresAccessToken": False,
        "output": output,
        "error": [],
    }
    expires = format_datetime(moment(job.made) + KEPT, usegmt=True)
    return Reply(status=200, body=serialise(manifest), content_type="application/json", headers=(("Expires", expires),))


def export_delete(session: Session, request: Request) -> Reply:
    """`DELETE [base]/_export/id`: forget the export, finished or not."""
    job = _job(session, request)
    forget_jobs(session, tables.export_job.c.id == job.id)
    return Reply(status=202)


def export_file(session: Session, request: Request) -> Reply:
    """`GET [base]/_export/id/name`: one file, gzipped where the caller takes that."""
    only_known(request.query, set())
    job = _job(session, request)
    f, row, v = tables.export_file.c, tables.export_row.c, tables.version.c
    found = session.connection.execute(select(tables.export_file).where(f.job == job.id, f.name == request.segments[2]))
    file = found.first()
    if file is None:
        raise FhirError(404, "not-found", "The export has no such file: take the addresses from its list.")
    query = select(v.type, v.id).join(tables.export_row, row.seq == v.seq)
    shown = session.connection.execute(query.where(row.job == job.id, row.number.between(file.first, file.last)))
    packed = "gzip" in request.accept_encoding.lower()
    return Reply(
        status=200,
        body=file.body if packed else gzip.decompress(file.body),
        content_type=NDJSON,
        headers=(("Content-Encoding", "gzip"),) if packed else (),
        touched=tuple(f"{kind}/{logical_id}" for kind, logical_id in shown),
    )


def _job(session: Session, request: Request) -> Row[*tuple[str, int, str, int, int]]:
    job = tables.export_job
    found = session.connection.execute(select(job).where(job.c.id == request.segments[1])).first()
    if found is None or moment(found.made) + KEPT < session.now:
        raise FhirError(404, "not-found", "There is no such export, or no longer: ask for it anew.")
    return found


def _pack(session: Session, job: Row[*tuple[str, int, str, int, int]]) -> int:
    """Pack the next rows; returns how many are packed now."""
    row, v = tables.export_row.c, tables.version.c
    query = select(row.number, v.type, v.body).join(tables.version, row.seq == v.seq)
    query = query.where(row.job == job.id, row.number > job.packed).order_by(row.number).limit(STEP)
    rows = session.connection.execute(query).all()
    for kind, some in groupby(rows, key=lambda one: one.type):
        lines = list(some)
        text = "".join(f"{line.body}\n" for line in lines)
        first, last = lines[0].number, lines[-1].number
        body = gzip.compress(text.encode(), compresslevel=1, mtime=0)
        values = {"job": job.id, "name": f"{kind}-{first}.ndjson", "type": kind, "first": first, "last": last}
        session.connection.execute(insert(tables.export_file).values(**values, body=body))
    packed: int = rows[-1].number
    session.connection.execute(tables.export_job.update().where(tables.export_job.c.id == job.id).values(packed=packed))
    return packed
