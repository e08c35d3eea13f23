"""A7, A9: what only notes say: copied sentences have no date, and a note against the list shows both."""

from __future__ import annotations

from datetime import timedelta

from benchmarks.chart_page import Sample, Shown
from chart.notes import denials
from tests.properties.checks import under
from tests.properties.mutations import allergy, dropped, in_notes, note, order, page_of, told_again, with_more

SENTENCE = "Takes warfarin 5 mg from an old supply, most days."


def with_notes(sample: Sample, many: int) -> Sample:
    """The sample with some notes after all of its own; each says something else."""
    start = sample.as_of - timedelta(minutes=20)
    return with_more(
        sample,
        *(note(f"planted-{i}", sample, f"Round {i}. Feels well.", start + timedelta(minutes=i)) for i in range(many)),
    )


def dated(shown: Shown, words: str) -> list[str]:
    """Lines that repeat the words beside the date of a note."""
    dates = {n.fact.when.words() for n in shown.appraisal.chart.notes if n.fact.when}
    return [line for line in shown.lines if words in line and any(day in line for day in dates)]


def test_a7_a_sentence_of_every_note_has_no_date(samples: tuple[Sample, ...]) -> None:
    for sample in samples:
        planted = with_notes(sample, 4)
        notes = [n.fact.reference for n in page_of(planted).appraisal.chart.notes]
        shown = page_of(in_notes(planted, SENTENCE, notes))
        assert not dated(shown, SENTENCE), sample.name
        assert not any(f.words.get("quote") == SENTENCE for f in shown.appraisal.findings), sample.name


def test_a7_a_sentence_of_the_last_note_is_shown_once_with_its_date(samples: tuple[Sample, ...]) -> None:
    shown_once = 0
    for sample in samples:
        planted = with_notes(sample, 4)
        current = {n for c in page_of(planted).appraisal.courses if c.state == "current" for n in c.drug.substances}
        shown = page_of(in_notes(planted, SENTENCE, ["DocumentReference/planted-3"]))
        lines = [line for line in shown.lines if SENTENCE in line]
        assert len(lines) == ("warfarin" not in current), sample.name
        if lines:
            assert dated(shown, SENTENCE) == lines, sample.name
            shown_once += 1
            twice = told_again(shown, lambda c: SENTENCE in c.text, "Do not rely on")
            assert len([line for line in twice.lines if SENTENCE in line]) == 2
    assert shown_once >= 3


def one_sided(shown: Shown, one: str, other: str) -> bool:
    """A9: no sentence holds both sides."""
    return not any(one in c.text and other in c.text for c in shown.on_page)


def test_a9_a_denied_allergy_is_shown_beside_the_listed_one(samples: tuple[Sample, ...]) -> None:
    for sample in samples:
        listed = with_more(with_notes(sample, 2), allergy("planted", sample, "cefazolin"))
        shown = page_of(in_notes(listed, "No drug allergy.", ["DocumentReference/planted-1"]))
        assert not one_sided(shown, "cefazolin", "No drug allergy"), sample.name
        assert one_sided(dropped(shown, lambda c: "cefazolin" in c.text), "cefazolin", "No drug allergy")
        assert one_sided(page_of(listed), "cefazolin", "No drug allergy")


def test_a9_a_medicine_stopped_in_the_note_is_shown_beside_its_order(samples: tuple[Sample, ...]) -> None:
    words = "Gabapentin was stopped in March because of swelling."
    for sample in samples:
        ordered = with_more(
            with_notes(sample, 2),
            order("planted", sample, "gabapentin 300 MG Oral Capsule", sample.as_of - timedelta(days=50)),
        )
        shown = page_of(in_notes(ordered, words, ["DocumentReference/planted-1"]))
        assert not one_sided(shown, words, "gabapentin 300 mg"), sample.name
        assert any("gabapentin" in c.text for c in under(shown, "Medicines")), "a note does not stop an order"
        assert one_sided(dropped(shown, lambda c: words in c.text), words, "gabapentin 300 mg")


def test_a7_what_every_note_denies_has_no_date(samples: tuple[Sample, ...]) -> None:
    told = 0
    for sample in samples:
        planted = with_more(with_notes(sample, 4), allergy("planted", sample, "cefazolin"))
        notes = [n.fact.reference for n in page_of(planted).appraisal.chart.notes]
        shown = page_of(in_notes(planted, "No known allergies.", notes))
        lines = [line for line in shown.lines if "cefazolin" in line and "llergies”" in line]
        assert lines, sample.name
        assert not [line for line in lines if dated(shown, line)], sample.name
        told += 1
        once = page_of(in_notes(planted, "No known allergies.", notes[-1:]))
        if not any(n.fact.reference != notes[-1] for n, _ in denials(once.appraisal.chart.notes)):
            assert any(dated(once, line) for line in once.lines if "cefazolin" in line)
    assert told == len(samples)
