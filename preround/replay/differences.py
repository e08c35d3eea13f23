"""What two performances of a scenario do not have in common, as lines that a person can read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from claims.diff import changes

Played = Mapping[str, Any]
_LONGEST = 200
"""Characters of one literal in a line."""
_MOST = 40
"""Lines about one resource or one prompt."""
_COSTS = ("llm_calls", "prompt_tokens", "completion_tokens", "fhir_requests")


def differences(before: Played, after: Played) -> list[str]:
    """One line for each difference, under a heading for each step; empty where there is none.

    Args:
        before: what was recorded, or one reasoner's performance.
        after: what came now, or the other's.
    """
    found: list[str] = []
    steps = list(zip(before["moments"], after["moments"], strict=False))
    for old, new in steps:
        lines = list(_moment(old, new))
        if lines:
            found += [f"step {new['n']}: {new['step']}", *(f"  {line}" for line in lines)]
    if len(before["moments"]) != len(after["moments"]):
        found.append(f"steps: {len(before['moments'])} → {len(after['moments'])}")
    written = list(_written(before["written"], after["written"]))
    found += ["on the server at the end", *(f"  {line}" for line in written)] if written else []
    for kind in ("fhir", "literature"):
        calls = list(_counted(before["calls"].get(kind, {}), after["calls"].get(kind, {})))
        found += [f"{kind} calls", *(f"  {line}" for line in calls)] if calls else []
    return found


def prompt_differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """What a model was asked before and now, where that differs: as a unified diff of the prompts most alike.

    Args:
        before: recorded prompts by hash.
        after: those of now.
    """
    gone = {k: v for k, v in before.items() if k not in after}
    found: list[str] = []
    for text in (v for k, v in after.items() if k not in before):
        like = max(gone, key=lambda key: _alike(gone[key], text), default=None)
        old = gone.pop(like) if like is not None else ""
        lines = difflib.unified_diff(
            old.splitlines(), text.splitlines(), "prompt before", "prompt now", n=0, lineterm=""
        )
        found += _bounded([_cut(line) for line in lines])
    return [*found, *(f"no longer asked: {_cut(v.partition(chr(10))[0])}" for v in gone.values())]


def _alike(one: str, other: str) -> float:
    a, b = set(one.splitlines()), set(other.splitlines())
    return len(a & b) / len(a | b or {""})


def _moment(old: Played, new: Played) -> Iterator[str]:
    for key in ("outcome", "refused", "status", "missing"):
        if old.get(key) != new.get(key):
            yield f"{key}: {old.get(key)} → {new.get(key)}"
    yield from _round(old.get("round") or {}, new.get("round") or {})


def _round(old: Played, new: Played) -> Iterator[str]:
    for key in ("status", "status_detail", "tier"):
        if old.get(key) != new.get(key):
            yield f"{key}: {old.get(key)} → {new.get(key)}"
    yield from _lines("claim", _claims(old), _claims(new))
    yield from _lines("suggestion", _titles(old), _titles(new))
    yield from _lines("not suggested", old.get("not_suggested", ()), new.get("not_suggested", ()))
    yield from _lines("refusal", old.get("refusals", ()), new.get("refusals", ()))
    yield from _lines("removed", _removed(old), _removed(new))
    if _claims(old) == _claims(new):
        yield from _lines("page", old.get("page", ()), new.get("page", ()))
    yield from _entries(old.get("entries", ()), new.get("entries", ()))
    before, after = old.get("ledger", {}), new.get("ledger", {})
    for key in _COSTS:
        if before.get(key) != after.get(key):
            yield f"{key.replace('_', ' ')}: {before.get(key, 0):,} → {after.get(key, 0):,}"


def _claims(found: Played) -> list[str]:
    return [
        f"{c['task']} · {c['section']}: {c['text']}  ←  {'; '.join(c['stands_on'])}" for c in found.get("claims", ())
    ]


def _titles(found: Played) -> list[str]:
    return [f"{s['title']} ({s['guideline']})" for s in found.get("suggestions", ())]


def _removed(found: Played) -> list[str]:
    return [f"{r['text']} – {r['reason']}" for r in found.get("removed", ())]


def _lines(what: str, old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Lines that went and came, in their order; what only moved is none."""
    gone, came = [x for x in old if x not in new], [x for x in new if x not in old]
    yield from (f"- {what}: {_cut(x)}" for x in gone)
    yield from (f"+ {what}: {_cut(x)}" for x in came)


def _entries(old: Sequence[Played], new: Sequence[Played]) -> Iterator[str]:
    before, after = {e["title"]: e for e in old}, {e["title"]: e for e in new}
    yield from _lines("entry", list(before), list(after))
    for title in (t for t in after if t in before and after[t]["sha256"] != before[t]["sha256"]):
        yield f"entry “{title}”"
        yield from _literals(before[title]["resource"], after[title]["resource"])


def _written(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    yield from _lines("written", list(old), list(new))
    for ref in (r for r in new if r in old and new[r] != old[r]):
        lines = list(_literals(old[ref], new[ref]))
        yield from [ref, *lines] if lines else []


def _literals(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    # A narrative says again what its elements and the claims say.
    told = (c for c in changes(old, new) if not c.path.endswith(".div"))
    return _bounded([f"  {c.path}: {_cut(c.old)} → {_cut(c.new)}" for c in told])


def _counted(old: Mapping[str, int], new: Mapping[str, int]) -> Iterator[str]:
    for call in sorted({*old, *new}):
        if old.get(call, 0) != new.get(call, 0):
            yield f"{_cut(call)}: {old.get(call, 0)} → {new.get(call, 0)} times"


def _cut(text: object) -> str:
    words = "nothing" if text is None else " ".join(str(text).split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"


def _bounded(lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return found if len(found) <= _MOST else [*found[:_MOST], f"… and {len(found) - _MOST} lines more"]
