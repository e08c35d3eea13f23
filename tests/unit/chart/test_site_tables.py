"""The tables: every row has a source, a site's rows lie over ours, and a wrong one is one clear error."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from chart.drug import drugs
from chart.measurement import measurements
from chart.rules import rules
from chart.sensitive import sensitive_classes
from chart.site_tables import TABLES, SiteRow, TableUnusable, rows_in, tables
from chart.table_check import check


def site(folder: Path, **files: str) -> Path:
    """A folder with tables of a site's own."""
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", TABLES)
def test_each_table_names_its_source_and_each_row_has_that_or_its_own(name: str) -> None:
    table = next(t for n, t in tables().by_name.items() if n == name)
    assert table["source"]["name"]
    assert len(table["source"]["basis"]) > 10, "who says what stands in it"
    assert rows_in(table) > 5
    listed = [row for rows in table.values() if isinstance(rows, list) for row in rows]
    named = [row for key, row in table.items() if isinstance(row, dict) and key != "source"]
    assert all(row.get("source", "its table's") for row in (*listed, *named))


def test_our_own_tables_are_what_a_sites_are_held_to() -> None:
    check(tables().by_name, frozenset(TABLES))


def test_a_row_about_the_same_takes_the_place_of_ours_and_another_is_added(tmp_path: Path) -> None:
    folder = site(
        tmp_path,
        reference_ranges='[source]\nname = "Our lab"\n[[critical]]\nmeasurement = "potassium"\nhigh = 6.0\n'
        '[[critical]]\nmeasurement = "platelets"\nlow = 20\n',
        rules='[[monitoring]]\nclass = ["statin"]\nneeds = ["ldl"]\nmonths = 12\n'
        '[[pair]]\none = ["anticoagulant"]\nother = ["antiplatelet"]\noff = true\n',
    )
    critical = measurements(folder).critical
    assert (critical["potassium"].low, critical["potassium"].high) == (None, Decimal("6.0"))
    assert critical["platelets"].low == 20
    assert critical["sodium"] == measurements().critical["sodium"]
    statins = [r.row["months"] for r in rules(folder).monitoring if r.row.get("class") == ["statin"]]
    assert statins == [12]
    assert len(rules(folder).pairs) == len(rules().pairs) - 1
    assert len(rules(folder).monitoring) == len(rules().monitoring)
    said = tables(folder).site_rows
    assert [r.does for r in said] == ["changes", "adds", "changes", "turns off"]
    assert said[0] == SiteRow(file="reference_ranges.toml", place="critical, row 1", does="changes", source="Our lab")


def test_a_range_of_a_site_comes_first_and_names_the_site(tmp_path: Path) -> None:
    text = '[source]\nname = "Our lab"\n[[range]]\nmeasurement = "potassium"\nlow = 3.6\nhigh = 5.2\n'
    ours = measurements(site(tmp_path, reference_ranges=text))
    found = ours.range_for("potassium", sex="female", age=50.0)
    assert found is not None
    assert (found.low, found.high, found.source) == (Decimal("3.6"), Decimal("5.2"), "Our lab")
    other = ours.range_for("sodium", sex="female", age=50.0)
    assert other is not None
    assert other.source == measurements().source, "what the site says nothing about keeps our source"


def test_codes_and_ingredients_are_added_and_a_field_is_changed(tmp_path: Path) -> None:
    folder = site(
        tmp_path,
        measurements='[potassium]\nloinc = ["99999-9"]\nlimits = [1.0, 12]\n',
        medications='[classes]\n"antiemetic" = ["granisetron"]\n[same]\n"kytril" = "granisetron"\n',
    )
    table = measurements(folder)
    assert table.by_loinc["99999-9"] == "potassium" == table.by_loinc["2823-3"]
    assert table.by_key["potassium"].limits == (Decimal("1.0"), Decimal(12))
    assert table.by_key["potassium"].unit == measurements().by_key["potassium"].unit
    read = drugs(folder).read("Kytril 1 MG Oral Tablet")
    assert read.known
    assert read.classes == {"antiemetic"}
    assert drugs(folder).read("ondansetron 4 MG").classes == {"antiemetic"}, "the others stay in their class"
    assert not drugs().read("granisetron 1 MG Oral Tablet").known


def test_a_class_of_sensitive_data_is_turned_off_or_gets_more_words(tmp_path: Path) -> None:
    folder = site(tmp_path, sensitive='[genetic]\noff = true\n[hiv]\nwords = ["cabotegravir"]\nby_words = "mask"\n')
    found = {c.key: c for c in sensitive_classes(folder)}
    assert "genetic" not in found
    assert found["hiv"].by_words == "mask"
    assert len(found["hiv"].words) == len({c.key: c for c in sensitive_classes()}["hiv"].words) + 1


_MONITORING = '[[monitoring]]\nclass = ["statin"]\nneeds = ["ldl"]\n'
WRONG = {
    "not TOML": ("rules", "monitoring =", "it cannot be read as TOML"),
    "no such table": ("rule", _MONITORING, "rule.toml of this site cannot be used: there is no table of that name"),
    "a field is missing": ("rules", _MONITORING, "monitoring, row 1: `months` is missing"),
    "a field that is not there": ("rules", f"{_MONITORING}months = 3\nmonth = 4", "it has no field `month`"),
    "a wrong type": ("rules", f'{_MONITORING}months = "3"', "`months` is '3'"),
    "never": ("rules", f"{_MONITORING}months = 0", "`months` is 0"),
    "an unknown class": ("rules", '[[renal]]\nclass = ["statins"]\nbelow = 3\nwhy = "x"', "the class `statins`"),
    "an unknown drug": ("rules", '[[rescue]]\ningredient = ["epinefrine"]\nallergy = ["nut"]', "`epinefrine`"),
    "an unknown test": ("reference_ranges", '[[critical]]\nmeasurement = "kalium"\nlow = 3', "measurement `kalium`"),
    "an unknown problem": (
        "rules",
        '[[regular]]\nclass = ["statin"]\nproblem = ["cholesterol"]',
        "problem `cholesterol`",
    ),
    "no limit": ("reference_ranges", '[[critical]]\nmeasurement = "potassium"', "one of `high`, `low` is missing"),
    "upside down": (
        "reference_ranges",
        '[[range]]\nmeasurement = "potassium"\nlow = 5\nhigh = 3',
        "range, row 1: 5 is more than 3",
    ),
    "a section that is not there": ("rules", '[[monitorings]]\nclass = ["statin"]', "nothing called `monitorings`"),
    "rows of another table": ("reference_ranges", f"{_MONITORING}months = 3", "nothing called `monitoring`"),
    "a value in place of rows": ("rules", "monitoring = 3", "`monitoring` is no list of rows"),
    "names in place of rows": ("rules", 'monitoring = ["statin"]', "monitoring, row 1 is no row"),
    "nothing to turn off": ("rules", '[[renal]]\nclass = ["insulin"]\noff = true', "turns off a row that there is not"),
    "no such row": ("sensitive", "[genetics]\noff = true", "[genetics] turns off a row that there is not"),
    "half a row": ("measurements", '[ferritin2]\nname = "ferritin"', "[ferritin2]: `loinc` is missing"),
    "a code twice": ("measurements", '[sodium]\nloinc = ["2823-3"]', "LOINC 2823-3 stands under potassium already"),
    "no expression": ("sensitive", '[hiv]\nwords = ["("]', "is no regular expression"),
    "an unknown action": ("sensitive", '[hiv]\nby_words = "hide"', "[hiv]: `by_words` is 'hide'"),
    "a class of one name": ("medications", '[classes]\n"antiemetic" = "granisetron"', "[classes]: "),
    "an unknown child's drug": ("child_doses", "[granisetron]\nonce = [1, 2]", "does not have this ingredient"),
    "a change that is none": ("measurements", "[potassium]\nchange = { more = 3 }", "`change` has no field `more`"),
    "a change of words": ("measurements", '[potassium]\nchange = { fall = "3" }', "`fall` of `change` is '3'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_row_is_one_clear_sentence(case: str, tmp_path: Path) -> None:
    name, text, said = WRONG[case]
    with pytest.raises(TableUnusable) as found:
        tables(site(tmp_path, **{name: text}))
    assert said in str(found.value)
    assert f"{name}.toml" in str(found.value), "the sentence names the file"


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(TableUnusable, match="there is no such folder"):
        measurements(tmp_path / "nowhere")
