"""What policy keeps back shows nowhere: an audit of every door, with a mark in each resource that is sensitive."""

from __future__ import annotations

import base64
import json
import lzma
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agents.models.asking import Asker
from agents.models.scripted import ScriptedChat
from agents.models.tape import TapeChat
from agents.worded.answering import answering
from agents.worded.reasoner import WordedReasoner
from chart.fact import LETTERS
from fhir_fixtures import PATIENTS
from fhir_fixtures.compile import compile_story
from fhir_fixtures.loading import load_story
from preround.commands.guideline_why import asked as asked_why
from preround.doing import rounds
from preround.doing.load import load
from preround.model_context.held import HeldPatient
from preround.model_context.tools import PatientTools
from preround.settings import Settings
from preround.shown.items import item_json
from preround.wiring import SANDBOX_URL, House, open_house
from review.queue import show
from tests.visiting import visiting
from tools.fhir.transport import in_process
from tools.tape import Tape

STORY = PATIENTS / "diabetes-ckd.yaml"
PATIENT = "fx-dm-ckd-patient"
SUBJECT = {"reference": f"Patient/{PATIENT}"}
MARK = re.compile(r"zqmark\w*", re.I)
DAY = "2026-05-20"
OFF = "".join(f"[{k}]\noff = true\n" for k in ("psychiatric", "substance_use", "adolescent"))
ON = '[substance_use]\nwords = ["zqmarkword"]\nby_words = "mask"\n'


def labelled(kind: str, number: int, **body: Any) -> dict[str, Any]:
    """A resource with the label of mental health."""
    mark = f"zqmark{number}"
    meta = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"}]}
    filled = json.loads(json.dumps(body).replace("MARK", mark))
    return {"resourceType": kind, "id": f"masked-{number}", "meta": meta, **filled}


def note(name: str, text: str, meta: dict[str, Any]) -> dict[str, Any]:
    data = base64.b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "id": name,
        "meta": meta,
        "status": "current",
        "type": {"text": "Progress note"},
        "subject": SUBJECT,
        "date": f"{DAY}T09:00:00Z",
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
    }


def sensitive() -> list[dict[str, Any]]:
    """One resource of each kind that a page speaks of, and notes and orders that only touch on them."""
    quantity = {"value": 99.5, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL"}
    coded = {"coding": [{"system": "http://loinc.org", "code": "2339-0"}], "text": "MARK glucose"}
    active = {"coding": [{"code": "active"}]}
    found = [
        labelled("Condition", 1, subject=SUBJECT, clinicalStatus=active, code={"text": "MARK"}, onsetDateTime=DAY),
        labelled("AllergyIntolerance", 2, patient=SUBJECT, clinicalStatus=active, code={"text": "MARK"}),
        labelled(
            "MedicationRequest",
            3,
            subject=SUBJECT,
            status="active",
            intent="order",
            medicationCodeableConcept={"text": "MARK 5 MG"},
            authoredOn=DAY,
        ),
        labelled(
            "Observation", 4, subject=SUBJECT, status="final", code=coded, effectiveDateTime=DAY, valueQuantity=quantity
        ),
        labelled("Procedure", 5, subject=SUBJECT, status="completed", code={"text": "MARK"}, performedDateTime=DAY),
        labelled(
            "Immunization", 6, patient=SUBJECT, status="completed", vaccineCode={"text": "MARK"}, occurrenceDateTime=DAY
        ),
        labelled(
            "Encounter",
            7,
            subject=SUBJECT,
            status="finished",
            **{"class": {"code": "EMER"}},
            type=[{"text": "MARK"}],
            reasonCode=[{"text": "MARK"}],
            period={"start": DAY, "end": DAY},
        ),
        labelled(
            "DiagnosticReport", 8, subject=SUBJECT, status="final", code={"text": "MARK"}, conclusion="MARK found"
        ),
        labelled("CarePlan", 9, subject=SUBJECT, status="active", intent="plan", title="MARK"),
        labelled("ServiceRequest", 10, subject=SUBJECT, status="active", intent="order", code={"text": "MARK"}),
    ]
    label = found[0]["meta"]
    touching = [
        note("masked-11", "Feels low. zqmark11 again. Zqmark11 was stopped in March.", label),
        note("unmasked-12", "Walks a mile. Zqmarkword since spring. Sleeps well. Takes zqmarkword daily.", {}),
        {
            "resourceType": "MedicationRequest",
            "id": "unmasked-13",
            "status": "active",
            "intent": "order",
            "subject": SUBJECT,
            "authoredOn": DAY,
            "medicationCodeableConcept": {"text": "cetirizine 10 MG Oral Tablet"},
            "reasonReference": [{"reference": "Condition/masked-1", "display": "zqmark13"}],
        },
    ]
    return [*found, *touching]


@dataclass
class Seen:
    """What each door gave, as text."""

    doors: dict[str, str] = field(default_factory=dict)

    def marks(self) -> dict[str, set[str]]:
        """By door the marks that stand in what it gave."""
        return {door: found for door, text in self.doors.items() if (found := set(MARK.findall(text)))}


async def _chart(folder: Path, house: House) -> None:
    (folder / "story.json").write_bytes(compile_story(STORY))
    entries = [
        {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}} for r in sensitive()
    ]
    more = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    (folder / "more.json").write_text(json.dumps(more))
    assert house.sandbox is not None
    await load([folder / "story.json", folder / "more.json"], base_url=SANDBOX_URL, transport=in_process(house.sandbox))


async def _doors(house: House, chat: ScriptedChat, tape: Tape) -> Seen:
    """A round, and everything that shows something of it."""
    seen = Seen()
    as_of = load_story(STORY).now
    run = await rounds.start(house, patient=PATIENT, tasks=rounds.DEFAULT_TASKS, as_of=as_of)
    found = rounds.result(house, run.run_id)
    seen.doors["page"] = "\n".join(found["page"])
    seen.doors["run --json"] = json.dumps(found, default=str)
    seen.doors["show --json"] = json.dumps(item_json(house, show(house.services.db, found["review_item"])), default=str)
    seen.doors["prompts"] = "\n".join(chat.prompts)
    seen.doors["tape"] = lzma.decompress(tape.packed()).decode()
    async with visiting(house) as client:
        pages = ["/", *{f"/items/{found['review_item']}"}]
        item = (await client.get(pages[-1])).text
        pages += sorted(set(re.findall(r'href="(/items/[^"#]+/(?:sources|entries)/[^"#]+)', item)))
        assert len(pages) > 5, "the sources are linked"
        seen.doors["html"] = "\n".join([(await client.get(page)).text for page in pages])
        kept = [f"/items/{found['review_item']}/sources/{r['resourceType']}/{r['id']}" for r in sensitive()]
        seen.doors["html by name"] = "\n".join([(await client.get(page)).text for page in kept])
    tools = PatientTools(HeldPatient(house, PATIENT, as_of=as_of))
    asked: list[Any] = [await tools.chart_manifest(), await tools.trends(), await tools.guidelines()]
    for kind in LETTERS:
        rows = await tools.facts(kind=kind, most=200)
        ids = [row["id"] for row in rows["facts"]][:50]
        asked += [rows, await tools.facts(ids=ids) if ids else {}]
    outcome, tree, resources = await asked_why(
        house, house.services.library, "diabetes-hba1c", PATIENT, load_story(STORY).now
    )
    seen.doors["guidelines why"] = json.dumps(
        [asdict(outcome), [asdict(one) for one in tree], list(resources.values())], default=str
    )
    seen.doors["mcp"] = json.dumps(asked, default=str)
    seen.doors["kept"] = "\n".join(_kept(house))
    return seen


def _kept(house: House) -> Iterator[str]:
    """Everything that lasts, but what was read as it was read."""
    from sqlalchemy import text  # the store's own tables, row by row

    with house.services.db.read() as connection:
        tables = connection.execute(text("select name from sqlite_master where type = 'table'")).scalars().all()
        for table in tables:
            rows = connection.execute(text(f'select * from "{table}"')).mappings().all()  # noqa: S608 - its own names
            yield from (repr(dict(row)) for row in rows if row.get("kind") != "evidence")
    yield (house.settings.home / "checkpoints.sqlite").read_bytes().decode("latin-1")


@pytest.mark.parametrize("policy", [ON, OFF], ids=["masked", "no policy"])
async def test_what_is_masked_shows_at_no_door(policy: str, tmp_path: Path) -> None:
    site = tmp_path / "tables"
    site.mkdir()
    (site / "sensitive.toml").write_text(policy, encoding="utf-8")
    chat, tape = answering(most=60), Tape()
    reasoner = WordedReasoner(Asker(TapeChat(tape=tape, recorded=chat)), name="scripted", model=("scripted", "1"))
    settings = Settings(home=tmp_path / "home", site_tables=site)
    async with open_house(settings, reasoner=reasoner) as house:
        await _chart(tmp_path, house)
        seen = await _doors(house, chat, tape)
    if policy == ON:
        assert seen.marks() == {}
        assert "Masked by policy:" in seen.doors["page"]
        assert "mental health" in seen.doors["page"], "which class it was is said"
        assert "Walks a mile" in seen.doors["prompts"], "the rest of the note is read"
        assert "kept_back_by_policy" in seen.doors["mcp"]
    else:
        # Broken on purpose: without the policy the marks are seen, so each door of the audit sees what there is.
        told = seen.marks()
        assert {"page", "run --json", "prompts", "html", "mcp", "guidelines why"} <= set(told), told
        every = set().union(*told.values())
        assert {f"zqmark{n}" for n in (1, 2, 3, 7, 11)} <= {m.lower() for m in every}
