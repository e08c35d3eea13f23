"""The draft that answers a question: read, found in the chart, worded by rules; or what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agents.offline.questions import entries, person, results
from agents.offline.questions.asked import Wants
from agents.offline.questions.understanding import understood
from agents.offline.questions.whether import whether
from agents.offline.questions.writing import NotAnswered, Page
from agents.reasoner import Material
from claims.claim import Draft, Section

TITLE = "Answer"
_UNCLEAR = (
    "The question names nothing that the rules can find. Ask about a result, problem, medicine, allergy, vaccination, "
    "procedure or visit by its name, or run with --reasoner vllm."
)
_PERSON: Mapping[Wants, Callable[[Page], None]] = {
    "age": person.age,
    "sex": person.sex,
    "birth": person.birth,
    "death": person.death,
}
_RESULTS: Mapping[Wants, Callable[[Page], None]] = {
    "value": results.value,
    "dose": results.value,
    "list": results.value,
    "when": results.when,
    "ago": results.when,
    "since": results.when,
    "count": results.count,
    "change": results.change,
    "whether": results.whether,
}
_ENTRIES: Mapping[Wants, Callable[[Page], None]] = {
    "value": entries.listed,
    "list": entries.listed,
    "when": entries.when,
    "ago": entries.when,
    "since": entries.when,
    "count": entries.count,
    "whether": whether,
    "change": entries.listed,
    "dose": entries.dose,
}


def answer(material: Material) -> Draft:
    """Answer the question of a brief; nothing is said that the chart does not show."""
    question = material.brief.question or ""
    page = Page(material, understood(question, material.appraisal))
    try:
        _answered(page)
    except NotAnswered as missing:
        return Draft(task="question", sections=(), refusal=str(missing))
    return Draft(task="question", sections=(Section(title=TITLE, claims=tuple(page.claims)),))


def _answered(page: Page) -> None:
    wants = page.asked.form.wants
    if wants in _PERSON and not page.asked.named:
        _PERSON[wants](page)
        return
    if page.subject.kind is None:
        raise NotAnswered(
            _UNCLEAR if page.subject.whole else f"Nothing in the chart goes by that name ({page.subject.words})."
        )
    if page.subject.unread:
        raise NotAnswered(
            f"The rules cannot read “{page.subject.unread}” in this question: leave it out, or use --reasoner vllm."
        )
    table = _RESULTS if page.subject.kind == "result" else _ENTRIES
    table.get(wants, table["value"])(page)
    if not page.claims:
        raise NotAnswered(_UNCLEAR)
