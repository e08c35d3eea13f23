"""Words, word endings, other names, sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.literature.analysis import terms
from tools.literature.expansion import expanded
from tools.literature.reading.title import LONGEST, split_title
from tools.literature.sentences import LONGEST_PASSAGE, LONGEST_SENTENCE, passages, sentences
from tools.literature.stem import stem


@pytest.mark.parametrize(
    "alike",
    [
        ("treat", "treated", "treating", "treats"),
        ("infection", "infections"),
        ("mutation", "mutations", "mutated"),
        ("therapy", "therapies"),
        ("cause", "causes", "caused", "causing"),
        ("stop", "stopped", "stopping"),
        ("anaemia", "anemia"),
        ("tumour", "tumor", "tumours"),
        ("oedema", "edema"),
        ("diarrhoea", "diarrhea"),
        ("hospitalisation", "hospitalization"),
    ],
)
def test_one_word_in_its_forms_is_one_term(alike: tuple[str, ...]) -> None:
    assert len({tuple(terms(word)) for word in alike}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("diabetes", "diabetic"),
        ("pancreas", "pancreatitis"),
        ("cephalexin", "ceftriaxone"),
        ("metformin", "metoprolol"),
    ],
)
def test_two_things_stay_two_terms(one: str, other: str) -> None:
    assert terms(one) != terms(other)


@pytest.mark.parametrize("word", ["diabetes", "herpes", "sepsis", "virus", "fibrosis", "metformin", "covid19", "il6"])
def test_names_keep_their_letters(word: str) -> None:
    assert stem(word) == word


def test_formulas_joined_words_and_addresses() -> None:
    assert terms("TNF-α and IL-6: see https://example.org/il-6?x=1") == ["tnf", "alpha", "il6", "il", "6", "see"]
    assert terms("Parkinson's") == terms("parkinson")
    assert terms("What is the of and") == []


@given(st.text(max_size=200))
def test_any_text_has_terms_that_the_index_can_hold(text: str) -> None:
    for term in terms(text):
        assert term.isalnum()
        assert len(term) <= 40
    assert terms(text) == terms(text.lower()) or not text.isascii()


def test_a_query_also_looks_for_other_names_with_less_weight() -> None:
    weights = expanded(terms("UTI treatment"))
    assert weights["uti"] == 1
    assert 0 < weights[terms("urinary")[0]] < 1
    assert 0 < weights[terms("cystitis")[0]] < 1
    assert expanded(terms("urinary tract infection"))["uti"] < 1


def test_what_was_said_twice_counts_twice_and_a_longer_name_wins_over_its_parts() -> None:
    assert expanded(["gout", "gout"]) == {"gout": 2.0}
    weights = expanded(terms("chronic kidney disease"))
    assert weights["ckd"] < 1
    assert weights["renal"] < expanded(["kidney"])["renal"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three?", 3),
        ("Doses fell (e.g. 5 mg vs. 10 mg) in Fig. 2. It was well.", 2),
        ("J. Smith et al. found E. coli. Nobody died.", 2),
        ("There were none, i.e. No one came.", 1),
        ("HbA1c fell by 0.5 %. P was 0.03.", 2),
        ("The answer is no. We stopped.", 2),
        ("First item\n\nSecond item", 2),
        ("wrapped\nline", 1),
        ("", 0),
        ("no capital here. so it goes on", 1),
    ],
)
def test_sentences(text: str, count: int) -> None:
    assert len(sentences(text)) == count


@given(st.text(alphabet="ab. A1\n(", max_size=300))
def test_sentences_hold_every_word_in_order(text: str) -> None:
    assert " ".join(sentences(text)).split() == text.split()


def test_long_sentences_and_long_texts_are_cut_at_spaces() -> None:
    long = sentences("word " * 1000)
    assert {len(s.split()) for s in long[:-1]} == {LONGEST_SENTENCE}
    groups = list(passages(long))
    assert [s for g in groups for s in g] == list(long)
    assert all(sum(len(s.split()) for s in g) <= LONGEST_PASSAGE for g in groups)


def test_a_title_for_a_text_without_one() -> None:
    assert split_title("What is gout?\nA disease.") == ("What is gout?", "A disease.")
    assert split_title("Gout hurts. It swells.") == ("Gout hurts.", "It swells.")
    title, rest = split_title("gout " * 100)
    assert len(title) <= LONGEST
    assert f"{title} {rest}".split() == ["gout"] * 100
