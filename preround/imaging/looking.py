"""From pictures to a proposal: looked at by a model, held beside the report, put up for review like anything else."""

from __future__ import annotations

import asyncio
import uuid

from agents.seeing.seer import Task, shown_to
from chart.sensitive import in_text, sensitive_classes
from claims.author import Author
from claims.image_report import image_report, lines_of, sorting_lines
from claims.reported import compared, mentions, only_reported
from claims.seen import Look, PictureShown, Report, Seen
from graphs.node import RoundUnknown, run_of
from graphs.prepared import Prepared, PreparedEntry
from preround import VERSION
from preround.doing import rounds
from preround.imaging.charted import Charted, charted, text_of
from preround.imaging.chosen import Chooser, Chosen
from preround.imaging.door import ON, TASK, Order
from preround.imaging.room import Room
from preround.imaging.sorting import sorted_beside
from preround.wiring import House
from store import artifacts
from store.runs import Run
from tools.imaging.archive import Archive
from tools.imaging.sent import Sent
from tools.imaging.slide import MOST_PATCHES

_MOST_LINES = 40


async def look(house: House, room: Room, order: Order) -> Run:
    """Read pictures and open a round with the report, driven to its review.

    The same pictures of the same patient by the same model are one round: a second call gives that one as it stands.

    Args:
        house: the running program.
        room: who sees, who sorts, and the archive.
        order: what is to be read.

    Raises:
        Missing: no such patient, or no such study.
        Unusable, Declined: it can't be read here, or may not be; nothing was sent to a model.
        ImagingError: the pictures could not be had, or are not the patient's; nothing was sent to a model.
        ModelAway, ModelFailed: no usable answer; no round is opened.
        FhirUnreachable: no server.
    """
    patient_id = rounds.patient_id(order.patient)
    house.services.progress("the chart's pictures", "started")
    chart = await charted(house, patient_id, as_of=order.as_of)
    house.services.progress("fetching pictures", "started")
    if room.archive is None:
        chosen = await _chooser(house, room, chart, None).choose(order.study, order.file, order.said)
    else:
        async with room.archive() as archive:
            chosen = await _chooser(house, room, chart, archive).choose(order.study, order.file, order.said)
    task = Task(kind=chosen.kind.name, way=chosen.kind.way, current=chosen.current, earlier=chosen.earlier)
    run_id = uuid.uuid4().hex[:16] if order.again else _run_id(f"Patient/{patient_id}", task, room, order)
    if (before := _before(house, run_id)) is not None:
        return await house.runner.advance(before.run_id) if before.status == "running" else before
    house.services.progress("looking at pictures", "started")
    findings = await room.seer.look(task)
    house.services.progress("comparing", "started")
    found, sensitive = await _held(house, room, chart, chosen, task, findings)
    prepared = _prepared(house, room, chart, found, sensitive)
    return await rounds.open_prepared(house, prepared, run_id=run_id, as_of=order.as_of)


def _chooser(house: House, room: Room, chart: Charted, archive: Archive | None) -> Chooser:
    fitting = room.seer.most("whole slide", "slide")
    return Chooser(
        chart=chart,
        client=house.services.client,
        archive=archive,
        model=room.seer.row,
        where=room.seer.where,
        patches=MOST_PATCHES if fitting is None else fitting,
    )


async def _held(
    house: House, room: Room, chart: Charted, chosen: Chosen, task: Task, findings: tuple[Seen, ...]
) -> tuple[Look, tuple[str, ...]]:
    """The reading with everything that code holds beside it, and the sensitive classes whose words are in it."""
    header, services = chosen.header, house.services
    day = header.taken[:10]
    resource = chart.report_of(chosen.study, day)
    report: Report | None = None
    sensitive: tuple[str, ...] = ()
    if resource is not None:
        text = text_of(resource)
        sensitive = in_text(text, sensitive_classes(services.site_tables), age=chart.age)
        said = mentions(text, [one.finding for one in findings])
        findings = tuple(one.model_copy(update={"reported": compared(one, said)}) for one in findings)
        report = Report(
            reference=chart.versioned(f"DiagnosticReport/{resource['id']}"),
            day=str(resource.get("effectiveDateTime") or resource.get("issued") or "")[:10],
            status=str(resource.get("status") or ""),
            only_here=only_reported(findings, said),
        )
    beside = await asyncio.to_thread(sorted_beside, house, room, chosen, f"Patient/{chart.scope.patient_id}")
    pictures = _shown(task, findings)
    with services.db.write() as connection:
        for one, (_, sent) in zip(pictures, shown_to(task), strict=True):
            if one.kept:
                artifacts.put_bytes(connection, sent.png, kind="picture", run_id=None, now=services.clock.now())
    found = Look(
        study=chart.versioned(chosen.study.reference) if chosen.study else "",
        uid=header.study,
        day=day,
        kind=chosen.kind.name,
        model=room.seer.model[0],
        revision=room.seer.model[1],
        pictures=pictures,
        findings=findings,
        compared=chosen.compared,
        report=report,
        sorter=beside.sorter,
        sorted=beside.sorted,
        similar=beside.similar,
        notes=(*chosen.notes, *chart.not_read, *beside.notes),
    )
    return found, sensitive


def _shown(task: Task, findings: tuple[Seen, ...]) -> tuple[PictureShown, ...]:
    """What was sent, numbered; of a volume the page keeps the slices that findings name, and the middle one."""
    named = {one.picture for one in findings} | {len(task.current) // 2 + 1}
    sents = shown_to(task)
    many = len(task.current) > 1
    return tuple(
        PictureShown(
            number=number,
            time="earlier" if sent is task.earlier else "current",
            day=sent.header.taken[:10],
            what=_what(task, sent),
            sha256=sent.sha256,
            width=sent.fit.side,
            height=sent.fit.side,
            made="; ".join(filter(None, (sent.shown_by, sent.turned))),
            kept=not many or number in named,
        )
        for number, (_, sent) in enumerate(sents, start=1)
    )


def _what(task: Task, sent: Sent) -> str:
    return ", ".join(filter(None, (task.kind, sent.header.view or "", sent.label.lower())))


def _prepared(house: House, room: Room, chart: Charted, found: Look, sensitive: tuple[str, ...]) -> Prepared:
    patient = f"Patient/{chart.scope.patient_id}"
    page = [ON, *lines_of(found), *sorting_lines(found)]
    if sensitive:
        page.append(f"The report holds words of a sensitive class: {', '.join(sensitive)}.")
    based = tuple(filter(None, (found.study, found.report.reference if found.report else "")))
    against = sum(1 for one in found.findings if one.reported and one.reported.verdict == "contradicts")
    said = f"; {against} against the report" if against else ""
    entry = PreparedEntry(
        title=f"Reading of a {found.kind} of {found.day or 'an unknown day'}: {len(found.findings)} findings{said}",
        resource=image_report(found, patient=patient),
        sources=based,
        based_on=tuple(one for one in based if "/_history/" in one),
        labels=("image-finding", "sensitive") if sensitive else ("image-finding",),
    )
    name, revision = room.seer.model
    author = Author(
        device_name="Preround",
        version=VERSION,
        reasoner=room.seer.reasoner,
        model_name=name,
        model_revision=revision,
        model_kind="Vision-Language-Models",
    )
    return Prepared(
        patient=patient,
        task=TASK,
        prepared_by=f"a reading of pictures by {name}",
        author=author,
        entries=(entry,),
        tainted=True,
        page=_cut(page),
        look=found,
    )


def _cut(lines: list[str]) -> tuple[str, ...]:
    if len(lines) <= _MOST_LINES:
        return tuple(lines)
    return (*lines[: _MOST_LINES - 1], f"{len(lines) - _MOST_LINES + 1} more lines stand in the entry itself.")


def _run_id(patient: str, task: Task, room: Room, order: Order) -> str:
    name, revision = room.seer.model
    pictures = "\n".join(one.sha256 for _, one in shown_to(task))
    parts = [TASK, patient, name, revision or "", pictures]
    # A picture that was taken for something else is another question.
    parts += [repr(order.said)] if order.said else []
    return uuid.uuid5(uuid.NAMESPACE_OID, "\n".join(parts)).hex[:16]


def _before(house: House, run_id: str) -> Run | None:
    try:
        return run_of(house.services, run_id)
    except RoundUnknown:
        return None
