"""Markdown: a heading that says where the page comes from, and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def heading(title: str, words: str) -> str:
    """The beginning of a generated page."""
    return f"# {title}\n\nWritten by `make reference` from the program itself; a test holds it to that.\n\n{words}\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; nothing without rows."""
    lines = [f"| {' | '.join(cell(one) for one in row)} |" for row in rows]
    if not lines:
        return ""
    return "\n".join((f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines)) + "\n"


def cell(text: str) -> str:
    """Text of one cell: on one line, with no sign that ends it."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """A word of code; nothing for none."""
    return f"`{text}`" if text else ""


def plain(text: str) -> str:
    """A docstring's words: its doubled backquotes are Markdown's single ones."""
    return text.replace("``", "`")
