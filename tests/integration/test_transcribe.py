"""`preround transcribe`: a recording becomes a draft note that is reviewed, corrected and signed like any other."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.documentreference import DocumentReference

from agents.models.audio import Audio, read_audio
from agents.models.hearing import NothingHeard, ScriptedHearer
from chart.sensitive import in_text, sensitive_classes
from claims.note import reworded, words_of
from preround.doing import deciding, rounds
from preround.doing.transcribing import Order, age_on, transcribe
from preround.failure import Missing, Unusable
from preround.wiring import House, open_house
from review.queue import queue, show
from tests.acceptance.homes import PATIENT, Home, copied, loaded_home
from tests.unit.models.sounds import wav
from tests.visiting import visiting

SAID = "slept well {period} blood pressure one thirty two over eighty {comma} no chest pain {period}"
TEXT = "slept well. blood pressure one thirty two over eighty, no chest pain."
SENSITIVE = "takes buprenorphine for opioid use disorder {period}"


class Counted(ScriptedHearer):
    """A hearer that keeps count of what it was asked to hear."""

    heard: list[str] = []  # noqa: RUF012 - a fresh one for each test

    def hear(self, audio: Audio, **options: Any) -> Any:
        self.heard.append(audio.sha256)
        return super().hear(audio, **options)


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "home")


@pytest.fixture
async def house(home: Home) -> AsyncIterator[House]:
    async with open_house(home.settings) as opened:
        yield opened


@pytest.fixture
def recording() -> Audio:
    return read_audio(wav(2.0))


@pytest.fixture
def hearer(recording: Audio) -> Counted:
    Counted.heard = []
    texts = {recording.sha256: SAID, read_audio(wav(3.0)).sha256: SENSITIVE}
    return Counted(texts=texts, model=("medasr", "0123456789abcdef"))


def the_visit(home: Home, *, other: bool = False) -> str:
    """The id of a visit of the patient, or of somebody else."""
    mine = f"Patient/{PATIENT}"
    visits = [r for r in home.stored().values() if r["resourceType"] == "Encounter"]
    return next(str(v["id"]) for v in visits if (v["subject"]["reference"] == mine) != other)


async def opened(house: House, hearer: Counted, audio: Audio, **order: Any) -> dict[str, Any]:
    run = await transcribe(house, hearer, audio, Order(patient=PATIENT, **order))
    return rounds.result(house, run.run_id)


async def test_a_recording_becomes_a_note_that_waits(
    house: House, home: Home, hearer: Counted, recording: Audio
) -> None:
    before = home.stored()
    visit = the_visit(home)
    found = await opened(house, hearer, recording, encounter=visit, kind="consult", language="en-GB")
    assert (found["status"], found["tier"]) == ("awaiting_review", 1)
    assert found["model"] == {"name": "medasr", "revision": "0123456789abcdef"}
    assert any("nothing in them was checked against the chart" in line for line in found["page"])
    assert home.stored() == before, "nothing is written before it is signed"
    (entry,) = show(house.services.db, found["review_item"]).proposal.entries
    note = entry.resource
    DocumentReference.model_validate(note)
    assert (note["status"], note["docStatus"]) == ("current", "preliminary")
    assert note["type"]["coding"][0]["code"] == "11488-4"
    assert note["meta"]["security"][0]["code"] == "AIAST"
    assert note["context"]["encounter"] == [{"reference": f"Encounter/{visit}"}]
    attachment = note["content"][0]["attachment"]
    raw = base64.b64decode(attachment["data"])
    assert (raw.decode(), attachment["language"], attachment["size"]) == (TEXT, "en-GB", len(raw))
    assert attachment["contentType"] == "text/plain; charset=utf-8"
    assert base64.b64decode(attachment["hash"]) == hashlib.sha1(raw).digest()  # noqa: S324 - what FHIR R4 names
    assert note["identifier"][0]["value"] == recording.sha256


async def test_it_is_signed_written_once_and_names_its_model(
    house: House, home: Home, hearer: Counted, recording: Audio
) -> None:
    before = home.stored()
    found = await opened(house, hearer, recording)
    done = await deciding.decide(house, item_id=found["review_item"], person="Ada Nowak", verb="approve")
    assert done["run_status"] == "written"
    added = {name: r for name, r in home.stored().items() if name not in before}
    assert sorted(r["resourceType"] for r in added.values()) == ["Device", "DocumentReference", "Provenance"]
    note = next(r for r in added.values() if r["resourceType"] == "DocumentReference")
    assert (note["docStatus"], words_of(note)) == ("final", TEXT)
    device = next(r for r in added.values() if r["resourceType"] == "Device")
    assert "medasr@0123456789abcdef" in str(device)
    assert "extension" not in device, "the guide has no code for a model of speech"
    provenance = next(r for r in added.values() if r["resourceType"] == "Provenance")
    assert provenance["agent"][0]["who"]["reference"] == f"Device/{device['id']}" == note["author"][0]["reference"]


async def test_the_same_recording_is_heard_once(house: House, hearer: Counted, recording: Audio) -> None:
    first = await opened(house, hearer, recording)
    assert await opened(house, hearer, recording) == first
    assert len(hearer.heard) == len(queue(house.services.db)) == 1
    await deciding.decide(
        house, item_id=first["review_item"], person="Ada Nowak", verb="reject", code="other", words="No."
    )
    assert (await opened(house, hearer, recording))["status"] == "rejected", "and stays rejected"
    anew = await opened(house, hearer, recording, again=True)
    assert anew["status"] == "awaiting_review"
    assert anew["run_id"] != first["run_id"]
    assert (await opened(house, hearer, recording, kind="consult"))["run_id"] != first["run_id"]


async def test_what_a_site_calls_sensitive_raises_the_tier(home: Home, hearer: Counted, tmp_path: Path) -> None:
    tables = tmp_path / "tables"
    tables.mkdir()
    (tables / "sensitive.toml").write_text(
        '[substance_use]\ntitle = "substance use"\nlabels = ["SUD"]\nwords = ["opioid use"]\n'
        'by_label = "mask"\nby_words = "mask"\n'
    )
    async with open_house(home.settings.model_copy(update={"site_tables": tables})) as house:
        found = await opened(house, hearer, read_audio(wav(3.0)))
    assert found["tier"] == 3
    assert "Words of a sensitive class are in it: substance use." in found["page"]


@pytest.mark.parametrize(("born", "age"), [("2010-06-02", 15), ("2010-06-01", 16), ("2010", None), (None, None)])
def test_an_age_is_counted_in_whole_years(born: str | None, age: int | None) -> None:
    assert age_on({"birthDate": born}, date(2026, 6, 1)) == age
    words = in_text("asks about contraception", sensitive_classes(), age=age)
    assert bool(words) == (age is not None), "only a young patient's"


async def test_what_cannot_be_is_refused_before_anything_is_heard(
    house: House, home: Home, hearer: Counted, recording: Audio
) -> None:
    future = house.services.clock.now() + timedelta(hours=1)
    for error, order in (
        (Missing, Order(patient="nobody")),
        (Missing, Order(patient=PATIENT, encounter="nowhere")),
        (Unusable, Order(patient=PATIENT, dictated=future)),
    ):
        with pytest.raises(error):
            await transcribe(house, hearer, recording, order)
    visit = {"resourceType": "Encounter", "id": "other-visit", "status": "finished"}
    await asyncio.to_thread(
        home.put, {**visit, "class": {"code": "AMB"}, "subject": {"reference": "Patient/somebody-else"}}
    )
    with pytest.raises(Unusable, match="another patient's"):
        await opened(house, hearer, recording, encounter="other-visit")
    assert hearer.heard == []
    with pytest.raises(NothingHeard):
        await opened(house, hearer, read_audio(wav(1.0, hertz=300.0)))
    assert queue(house.services.db) == ()


async def test_the_words_are_read_and_corrected_in_the_browser(house: House, hearer: Counted, recording: Audio) -> None:
    item = (await opened(house, hearer, recording))["review_item"]
    async with visiting(house) as web:
        web.follow_redirects = True
        page = await web.get(f"/items/{item}")
        assert TEXT in page.text
        assert (await web.get(f"/items/{item}/author")).status_code == 200
        form = await web.get(f"/items/{item}/entries/1")
        assert f">{TEXT}</textarea>" in form.text
        shown = show(house.services.db, item)
        corrected = "Slept well.\r\nBlood pressure 132/80 mm[Hg] <lying>."
        sent = {
            "name": "Ada Nowak",
            "choice": "edit",
            "entry": "1",
            "proposal_sha256": shown.item.proposal_sha256,
            "resource": json.dumps(shown.proposal.entries[0].resource),
            "text": corrected,
        }
        done = await web.post(f"/items/{item}/decisions", data=sent)
        assert done.status_code == 200
        assert "132/80 mm[Hg] &lt;lying&gt;" in done.text
    (following,) = queue(house.services.db, states={"open"})
    (entry,) = show(house.services.db, following.item_id).proposal.entries
    assert words_of(entry.resource) == corrected.replace("\r\n", "\n")


def test_the_command_says_what_is_missing_and_how_it_goes_on(home: Home, tmp_path: Path) -> None:
    sound = tmp_path / "note.wav"
    sound.write_bytes(wav())
    unset = home.refused("transcribe", sound, "--patient", PATIENT, expect=5)
    assert "download google/medasr and name its folder in PREROUND_HEAR_PATH" in unset
    there = replace(home, more={**home.more, "PREROUND_HEAR_PATH": str(tmp_path)})
    for words, code, sentence in (
        ((tmp_path / "missing.wav", "--patient", PATIENT), 2, "Could not read"),
        ((Path(__file__), "--patient", PATIENT), 2, "no recording that can be read"),
        ((sound, "--patient", PATIENT, "--language", "English please"), 2, "is no language"),
        ((sound, "--patient", "nobody"), 3, "no patient of that id"),
    ):
        assert sentence in there.refused("transcribe", *words, expect=code)
    deaf = replace(there, more={**there.more, "PREROUND_HEAR_MODEL": "medsiglip-448"})
    assert "does not hear" in deaf.refused("transcribe", sound, "--patient", PATIENT, expect=2)


def test_words_from_a_file_correct_a_note(home: Home, hearer: Counted, recording: Audio) -> None:
    async def note() -> str:
        async with open_house(home.settings) as house:
            return str((await opened(house, hearer, recording))["review_item"])

    item = asyncio.run(note())
    assert f"| {TEXT}" in home.preround("show", item).out
    words = home.path / "words.txt"
    words.write_text("Slept well.\n")
    done = home.json("decide", item, "--edit", words, "--as", "Ada Nowak")
    (entry,) = home.json("show", done["next_item"])["entries"]
    assert words_of(entry["resource"]) == "Slept well."
    assert entry["resource"] == reworded(entry["resource"], "Slept well."), "size and hash went with the words"
    words.write_text(" ")
    assert "reject the item" in home.refused(
        "decide", done["next_item"], "--edit", words, "--as", "Ada Nowak", expect=2
    )


def test_doctor_and_models_say_whether_recordings_can_be_written_down(home: Home, tmp_path: Path) -> None:
    def medasr(of: Home) -> dict[str, Any]:
        found: dict[str, Any] = next(r["serving"] for r in of.json("models") if r["name"] == "medasr")
        return found

    assert medasr(home)["state"] == "not set up"
    assert "PREROUND_HEAR_PATH" in medasr(home)["detail"]
    assert "speech" not in {c["name"] for c in home.json("doctor")}, "nobody asked for it"
    commit = "0123456789abcdef0123456789abcdef01234567"
    folder = tmp_path / "snapshots" / commit
    folder.mkdir(parents=True)
    rows = tmp_path / "rows.toml"
    rows.write_text('[[model]]\nname = "medasr"\nrevision = "fedcba9876543210"\n')
    there = replace(home, more={**home.more, "PREROUND_HEAR_PATH": str(folder)})
    assert "it has no config.json" in medasr(there)["detail"]
    other = replace(there, more={**there.more, "PREROUND_MODELS": str(rows)})
    assert medasr(other)["state"] == "differs"
    ran = other.preround("doctor", "--json", "-", expect=5)
    (speech,) = [c for c in ran.json if c["name"] == "speech"]
    assert not speech["ok"]
    assert f"holds revision {commit} of medasr, the pin says fedcba9876543210" in speech["detail"]
