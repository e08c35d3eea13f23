"""What a person who waits sees."""

from __future__ import annotations

from preround.progress import MODEL, Shown, answers_words


def test_a_model_tells_behind_the_node_that_waits_for_it() -> None:
    lines: list[str] = []
    shown = Shown(lines.append)
    for name, state in (
        ("gather", "started"),
        ("gather", "done"),
        ("draft", "started"),
        (MODEL, answers_words(3, 120)),
    ):
        shown(name, state)
    shown(MODEL, answers_words(1, 121))
    assert lines == [
        "gather …",
        "draft …",
        "draft … 120 tokens so far, 3 answers under way",
        "draft … 121 tokens so far, 1 answer under way",
    ]
