"""What came of a replay, for programs (JSON), for CI servers (JUnit) and for people (lines)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

from claims.canonical import exact_bytes
from preround.replay.replaying import Replayed

_MOST = 60
"""Lines of differences that are shown of one scenario; `--json` has them all."""


def sha256_of(done: Replayed) -> str:
    """The hash of a performance: the same for the same tape and clock."""
    return hashlib.sha256(exact_bytes(done.played)).hexdigest()


def failed(done: Replayed, *, strict: bool) -> bool:
    """Whether a scenario did not go as it should; strictly, a difference is a failure too."""
    return bool(done.misses) or (strict and bool(done.differences))


def as_json(results: Sequence[Replayed], *, strict: bool) -> dict[str, Any]:
    """All of it, laid out as `eval --json` is."""
    return {
        "name": "replay",
        "passed": sum(not failed(one, strict=strict) for one in results),
        "total": len(results),
        "cases": [
            {
                "id": one.scenario.scenario,
                "ok": not failed(one, strict=strict),
                "detail": "; ".join(one.misses) or (f"{len(one.differences)} differences" if one.differences else ""),
                "how": one.how,
                "sha256": sha256_of(one),
                "misses": list(one.misses),
                "differences": list(one.differences),
                "played": one.played,
            }
            for one in results
        ],
    }


def as_junit(results: Sequence[Replayed], *, strict: bool) -> bytes:
    """A JUnit report: one case a scenario, what differs as its output."""
    suite = ElementTree.Element(
        "testsuite",
        name="preround replay",
        tests=str(len(results)),
        failures=str(sum(failed(one, strict=strict) for one in results)),
    )
    for one in results:
        case = ElementTree.SubElement(suite, "testcase", classname="scenarios", name=one.scenario.scenario)
        if failed(one, strict=strict):
            lines = [*one.misses, *(one.differences if strict else ())]
            failure = ElementTree.SubElement(case, "failure", message=_printable(lines[0]))
            failure.text = _printable("\n".join(lines))
        if one.differences:
            ElementTree.SubElement(case, "system-out").text = _printable("\n".join(one.differences))
    ElementTree.indent(suite)
    body: bytes = ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)
    return body + b"\n"


def lines_of(done: Replayed, *, strict: bool) -> Iterator[str]:
    """One scenario as people read it."""
    mark = "NOT AS EXPECTED" if done.misses else "DIFFERS" if done.differences and strict else "ok"
    said = [f"{len(done.differences)} lines differ from its tape"] if done.differences else []
    if done.recorded is None and done.how == "stage":
        said.append("no tape")
    yield f"{mark:4} {done.scenario.scenario} – {done.scenario.title}" + (f" ({'; '.join(said)})" if said else "")
    yield from (f"     {miss}" for miss in done.misses)
    yield from (f"     {line}" for line in done.differences[:_MOST])
    if len(done.differences) > _MOST:
        yield f"     … and {len(done.differences) - _MOST} lines more; --json has them all"


def _printable(text: str) -> str:
    """XML can hold no control characters."""
    return "".join(c if c in "\n\t" or ord(c) >= ord(" ") else "�" for c in text)
