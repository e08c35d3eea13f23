"""What a scenario expects, held against what came: one line for each thing that is not as it should be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fhir_fixtures.scenario import AtTheEnd, RoundStep
from preround.failure import Unusable

_FLAGS = re.IGNORECASE | re.MULTILINE
_COMES_ALONG = frozenset({"Device", "Provenance"})
"""What is written beside every signed resource."""


def round_misses(step: RoundStep, found: Mapping[str, Any]) -> list[str]:
    """What a round should have given and did not."""
    misses = []
    if found["status"] != step.status:
        misses.append(
            f"the round is {found['status']}, not {step.status} ({found.get('status_detail') or 'no detail'})"
        )
    if step.tier is not None and found.get("tier") != step.tier:
        misses.append(f"the tier is {found.get('tier')}, not {step.tier}")
    said = [*found.get("page", ()), *(c["text"] for c in found.get("claims", ())), *found.get("refusals", ())]
    titles = [s["title"] for s in found.get("suggestions", ())]
    proposed = [json.dumps(e["resource"], ensure_ascii=False, default=str) for e in _suggested(found)]
    removed = [f"{r['text']} – {r['reason']}" for r in found.get("removed", ())]
    misses += _missing("said", step.must_say, [*said, *titles])
    misses += _there("said", step.must_not_say, [*said, *titles])
    misses += _missing("suggested", step.suggests, titles)
    misses += _there("suggested", step.must_not_suggest, [*titles, *proposed])
    misses += _missing("among what is not suggested", step.not_suggested, found.get("not_suggested", ()))
    return misses + _missing("among what was removed", step.removed, removed)


def _suggested(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [e for e in found.get("entries", ()) if e["resource"].get("resourceType") != "Composition"]


def refusal_misses(wanted: str | None, said: str) -> list[str]:
    """What a refusal should have said and did not."""
    if wanted is None:
        return [f"it was refused: {said}"]
    return [] if re.search(wanted, said, _FLAGS) else [f"the refusal does not say “{wanted}”: {said}"]


def ended_as_expected(end: AtTheEnd, written: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What should stand on the server and does not, and what stands there and should not.

    Args:
        end: the scenario's expectation.
        written: resources that came or changed, by reference.
    """
    left = {ref: json.dumps(r, ensure_ascii=False, default=str) for ref, r in written.items()}
    misses = []
    for kind, patterns in end.written.items():
        for pattern in patterns:
            found = next(
                (r for r, t in left.items() if r.startswith(f"{kind}/") and re.search(pattern, t, _FLAGS)), None
            )
            if found is None:
                misses.append(f"no {kind} that says “{pattern}” was written")
            else:
                del left[found]
    over = sorted(r for r in left if r.partition("/")[0] not in _COMES_ALONG - set(end.written))
    return [*misses, *(f"{ref} was written, which is not expected" for ref in over)]


def titled(patterns: Iterable[str], titles: Mapping[int, str], *, missing_ok: bool = False) -> tuple[int, ...]:
    """The numbers of the entries that patterns name.

    Raises:
        Unusable: a pattern names none.
    """
    found: list[int] = []
    for pattern in patterns:
        those = [n for n, title in titles.items() if re.search(pattern, title, _FLAGS)]
        if not those and not missing_ok:
            raise Unusable(f"No entry's title has “{pattern}”; the titles are: {'; '.join(titles.values())}")
        found += those
    return tuple(dict.fromkeys(found))


def _missing(where: str, patterns: Sequence[str], lines: Iterable[str]) -> list[str]:
    text = "\n".join(lines)
    return [f"not {where}: {pattern}" for pattern in patterns if not re.search(pattern, text, _FLAGS)]


def _there(where: str, patterns: Sequence[str], lines: Iterable[str]) -> list[str]:
    text = "\n".join(lines)
    hits = ((pattern, re.search(pattern, text, _FLAGS)) for pattern in patterns)
    return [f"{where}, and must not be: {pattern}, found as “{hit[0]}”" for pattern, hit in hits if hit]
