"""docs/guidelines.md is what the library says."""

from pathlib import Path

from tools.guidelines.library import load
from tools.guidelines.table import table

ROOT = Path(__file__).parents[3]


def test_the_page_is_current() -> None:
    made = table()
    assert (ROOT / "docs/guidelines.md").read_text() == made, (
        "run python -m tools.guidelines.table > docs/guidelines.md"
    )


def test_it_names_every_version_with_its_codes_and_cases() -> None:
    rows = [line for line in table().partition("## How")[0].splitlines() if line.startswith("| `")]
    assert len(rows) == len(load().recommendations)
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 8
        assert int(cells[7]) >= 7, cells[0]


def test_there_are_at_least_twenty_recommendations_that_are_shown() -> None:
    assert len({each.id for each in load().recommendations if not each.experimental}) >= 20


def test_what_is_shown_says_what_it_was_compared_with_or_was_read_in_print() -> None:
    page = table()
    assert "| `opioid-dose` | 2022.1 | [CDC 2022" in page
    assert page.count("](https://") > 40
