"""Guideline files in every layout, and what is refused."""

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.guidelines import foreign
from tests.unit.guidelines.foreign import bundle
from tools.guidelines import sources
from tools.guidelines.sources import Found, read, read_bytes
from tools.guidelines.unusable import GuidelineUnusable

PLAN, *REST = foreign.WHOLE
NAMES = sorted(str(each["resourceType"]) for each in foreign.WHOLE)


def kinds(found: Found) -> list[str]:
    return sorted(each["resourceType"] for each in found.resources)


def tgz(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return made.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


SINGLE = {f"package/{each['resourceType']}-{each['id']}.json": json.dumps(each).encode() for each in foreign.WHOLE}
LINES = b"\n".join(json.dumps(each).encode() for each in foreign.WHOLE)
NESTED = json.dumps(
    {"resourceType": "Bundle", "entry": [{"resource": json.loads(bundle(*REST))}, {"resource": PLAN}]}
).encode()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("b.json", bundle(*foreign.WHOLE)),
        ("b.json.gz", gzip.compress(bundle(*foreign.WHOLE))),
        ("b.ndjson", LINES),
        ("b.json", b"\xef\xbb\xbf" + bundle(*foreign.WHOLE)),
        ("list.json", json.dumps(foreign.WHOLE).encode()),
        ("nested.json", NESTED),
        ("package.tgz", tgz({"package/package.json": b'{"name": "x"}', **SINGLE})),
        ("all.zip", zipped(SINGLE)),
        ("no suffix at all", bundle(*foreign.WHOLE)),
    ],
    ids=["bundle", "gz", "ndjson", "marked", "list", "nested", "tgz", "zip", "no suffix"],
)
def test_each_layout_gives_the_same(name: str, data: bytes, tmp_path: Path) -> None:
    assert kinds(read_bytes(name, data)) == NAMES
    (tmp_path / name).write_bytes(data)
    assert kinds(read(tmp_path / name)) == NAMES


def test_a_folder_may_hold_all_of_it_at_any_depth(tmp_path: Path) -> None:
    inside = tmp_path / "input" / "deep"
    inside.mkdir(parents=True)
    (inside / "plan.json").write_text(json.dumps(PLAN))
    (tmp_path / "rest.json.gz").write_bytes(gzip.compress(bundle(*REST)))
    (tmp_path / "Logic.cql").write_text(foreign.CQL)
    (tmp_path / "logic.elm.json").write_text('{"library": {"identifier": {"id": "Logic"}}}')
    (tmp_path / "own-modelinfo.xml").write_text('<?xml version="1.0"?><modelInfo name="Own" version="1.0.0"/>')
    (tmp_path / "cases.yaml").write_text("recommendation: x\ncases: []\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "notes.txt").write_text("{")
    (tmp_path / "bundle.xml").write_text('<Bundle xmlns="http://hl7.org/fhir"/>')
    found = read(tmp_path)
    assert kinds(found) == NAMES
    assert [(each.name, each.version) for each in found.cql] == [("StatinLogic", "2.1.0")]
    assert (len(found.elm), list(found.models), list(found.cases)) == (1, ["Own-1.0.0"], ["cases.yaml"])
    assert found.unread == ["bundle.xml: it is FHIR as XML; give it as JSON"]


def test_measure_cases_are_known_by_their_shape() -> None:
    rows = [{"id": "1", "expected": [{}], "bundle": {"resourceType": "Bundle"}, "period": {}}]
    found = read_bytes("Water.json", json.dumps(rows).encode())
    assert (list(found.cases), found.resources) == (["Water.json"], [])


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.json", b"{"),
        ("x.json", b"not json"),
        ("x.json.gz", gzip.compress(b"{}" * 99)[:20]),
        ("x.tgz", gzip.compress(tgz({"a.json": b"{}"})[:30])[:25]),
        ("x.zip", zipped({"a.json": b"{}"})[:20]),
    ],
    # Packed bytes hold the second they were packed in: as names they would differ between the processes of one run.
    ids=["cut", "words", "gz", "tgz", "zip"],
)
def test_what_is_damaged_is_named(name: str, data: bytes) -> None:
    with pytest.raises(GuidelineUnusable, match=r"^x\.\w+"):
        read_bytes(name, data)


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST_BYTES", 100_000)
    for data in (
        gzip.compress(b" " * 2_000_000),
        zipped({"a.json": b" " * 2_000_000}),
        tgz({"a.json": b" " * 2_000_000}),
        gzip.compress(gzip.compress(b" " * 2_000_000)),
    ):
        with pytest.raises(GuidelineUnusable, match="give less"):
            read_bytes("x.json", data)


def test_an_archive_names_no_path_of_this_machine(tmp_path: Path) -> None:
    archive: dict[str, Any] = {"../../out.json": bundle(PLAN), "/etc/abs.json": bundle(*REST)}
    (tmp_path / "x.tgz").write_bytes(tgz(archive))
    assert kinds(read(tmp_path / "x.tgz")) == NAMES
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["x.tgz"]
