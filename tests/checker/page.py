"""The lines of the page: each is a sentence of the result, or one of the few that a page has besides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.checker.raw import RawChart
from tests.checker.recount import recounts

MAX_LINES = 45
_FRAME = (
    "Guidelines: ",
    "Literature: ",
    "No rule knows",
    "Outside our tables, so judged by no rule: ",
    "COULD NOT READ",
    "Child: ranges by age",
    "Pregnancy: ",
    "Age unknown: ",
    "Not shown to the model",
)


def unfounded(result: Mapping[str, Any], claims: Sequence[Mapping[str, Any]], chart: RawChart) -> Iterator[str]:
    """What is wrong with the page.

    Args:
        result: as `run --json` gives it.
        claims: the sentences of its drafts.
        chart: the raw bundle.
    """
    page = result["page"]
    if len(page) > MAX_LINES:
        yield f"the page has {len(page)} lines"
    known = {c["text"] + " (judgement)" * (c["kind"] == "inference") for c in claims}
    known |= {k["text"] for k in result["critical"]}
    known |= {f"NOT ANSWERED: {d['refusal']}" for d in result["drafts"] if d["refusal"]}
    known |= set((result["prepared"] or {}).get("lines", ()))
    for line in page[1 + len(result["critical"]) : -1]:
        text = re.sub(r"^(## .*|\d+\. )", "", line)
        if not text or text in known or text.startswith(_FRAME) or "further sentences are folded" in text:
            continue
        # Code says so by itself where no draft does; what it says is counted again.
        counted = list(recounts(text, chart, ())) if "text that reads like instructions" in text else []
        if not counted:
            yield f"the page says “{text[:60]}”, which no draft says"
        yield from (f"“{words}”: the chart has {found}" for said, found, words in counted if said != found)
