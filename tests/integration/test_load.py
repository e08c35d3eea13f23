"""`preround load` on the embedded sandbox: real files, and files that are broken in every way."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from preround.doing.load import load, read_sources
from preround.sandbox.app import create_sandbox
from tools.fhir.client import FhirClient
from tools.fhir.errors import LoadError
from tools.fhir.transport import Transport, in_process

BASE = "http://sandbox/fhir"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Transport]:
    app = create_sandbox(tmp_path / "sandbox.sqlite", now=lambda: datetime(2021, 8, 1, tzinfo=UTC))
    yield in_process(app)
    app.state.database.close()


def patient(id_: str, **fields: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, **fields}


def bundle(*resources: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    entries = [{"resource": r, "request": {"method": "POST", "url": r["resourceType"]}} for r in resources]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def as_lines(*resources: dict[str, Any]) -> str:
    return "\n".join(json.dumps(r) for r in resources) + "\n\n"


async def test_every_kind_of_file_in_one_folder(tmp_path: Path, sandbox: Transport) -> None:
    folder = tmp_path / "in"
    (folder / "deeper").mkdir(parents=True)
    (folder / "a.json").write_text(json.dumps(bundle(patient("a"))), encoding="utf-8-sig")
    (folder / "b.json.gz").write_bytes(gzip.compress(json.dumps(bundle(patient("b"), kind="batch")).encode()))
    (folder / "c.ndjson").write_text(as_lines(patient("c1"), bundle(patient("c2"), kind="collection")))
    (folder / "d.ndjson.gz").write_bytes(gzip.compress(as_lines(patient("d")).encode()))
    (folder / "deeper" / "e.json").write_text(
        json.dumps(patient("e", name=[{"text": "one\u2028line"}]), ensure_ascii=False)
    )
    (folder / "MANIFEST.csv").write_text("not,fhir")
    (folder / ".hidden.json").write_text("nor this")
    one = tmp_path / "no-suffix"
    one.write_text(json.dumps(patient("f")))
    loaded = await load([folder, one], base_url=BASE, transport=sandbox)
    assert loaded.counts == {"Patient": 7}
    async with FhirClient(BASE, transport=sandbox) as client:
        found = await client.search("Patient", [("_count", "50")], cap=50)
    assert {r["id"] for r in found.resources} == {"a", "b", "c1", "c2", "d", "e", "f"}
    assert {r["meta"]["versionId"] for r in found.resources} == {"1"}


ENTRY = {"request": {"method": "POST", "url": "Patient"}}
BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "it is empty"),
    "blank": (b" \n ", "it is empty"),
    "half": (json.dumps(bundle(patient("x"))).encode()[:-9], "not complete JSON"),
    "nan": (b'{"resourceType": "Patient", "x": NaN}', "not complete JSON"),
    "deep": (b"[" * 200_000, "not complete JSON"),
    "page": (b"<html></html>", "not complete JSON"),
    "list": (b"[]", "not a FHIR resource or bundle"),
    "object": (b"{}", "not a FHIR resource or bundle"),
    "latin": ('{"resourceType": "Patient", "name": [{"text": "Ö"}]}'.encode("latin-1"), "not UTF-8"),
    "gzip": (gzip.compress(json.dumps(bundle(patient("x"))).encode())[:-12], "compression is broken"),
    "history": (json.dumps({"resourceType": "Bundle", "type": "history"}).encode(), "type of bundle"),
    "no type": (json.dumps({"resourceType": "Bundle", "entry": []}).encode(), "type of bundle"),
    "entry": (json.dumps({"resourceType": "Bundle", "type": "batch", "entry": {}}).encode(), "not a list"),
    "no resource": (
        json.dumps({"resourceType": "Bundle", "type": "batch", "entry": [ENTRY]}).encode(),
        "entry[0]: it has no",
    ),
    "kind": (json.dumps(bundle({"resourceType": "pat/ient", "id": "x"})).encode(), "usable resourceType"),
    "id": (json.dumps(bundle(patient("ok"), patient("no/id"))).encode(), "entry[1]: its id"),
    "number": (b'{"resourceType": "Patient", "x": 1' + b"0" * 30 + b"}", "can't carry"),
    "text": (b'{"resourceType": "Patient", "x": "\\ud800"}', "can't carry"),
    "delete": (
        b'{"resourceType": "Bundle", "type": "batch", "entry": [{"resource": {"resourceType": "Patient", "id": "x"},'
        b' "request": {"method": "DELETE", "url": "Patient/x"}}]}',
        "only POST and PUT",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_file_is_named_and_nothing_is_loaded(name: str, tmp_path: Path, sandbox: Transport) -> None:
    content, why = BROKEN[name]
    good, bad = tmp_path / "a-good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(bundle(patient("good"))))
    bad.write_bytes(content)
    with pytest.raises(LoadError) as broken:
        await load([good, bad], base_url=BASE, transport=sandbox)
    assert str(broken.value).startswith("bad.json")
    assert why in str(broken.value)
    assert str(broken.value).endswith("nothing was loaded.")
    async with FhirClient(BASE, transport=sandbox) as client:
        assert await client.count("Patient") == 0


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    lines = tmp_path / "many.ndjson"
    lines.write_text(as_lines(patient("a"), patient("b")) + '{"resourceType": "Pati')
    with pytest.raises(LoadError, match=r"many.ndjson, line 4: it is not complete JSON"):
        read_sources([lines])


def test_a_path_that_holds_nothing_is_named(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none.json", "no such file"), (tmp_path, "holds no .json")):
        with pytest.raises(LoadError, match=why):
            read_sources([path])


async def test_what_the_server_refuses_is_named_and_nothing_of_it_stays(tmp_path: Path, sandbox: Transport) -> None:
    file = tmp_path / "one.json"
    file.write_text(json.dumps(bundle(patient("a"), patient("b", colour="red"), patient("c"))))
    with pytest.raises(
        LoadError, match=r"^one.json, entry\[1\]: the FHIR server refused this Patient \(4..\).* 0 of 3"
    ):
        await load([file], base_url=BASE, transport=sandbox)
    async with FhirClient(BASE, transport=sandbox) as client:
        assert await client.count("Patient") == 0
