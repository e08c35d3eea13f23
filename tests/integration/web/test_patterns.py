"""Every macro of the templates stands on the page of patterns, called there and not copied."""

from __future__ import annotations

import re
from importlib import resources

from jinja2 import Environment, nodes

from preround.web.patterns import PatternsPage

TEMPLATES = {
    one.name: one.read_text(encoding="utf-8")
    for one in resources.files("preround.web").joinpath("templates").iterdir()
    if one.name.endswith(".html")
}
PAGE = "patterns.html"


def macros(source: str) -> set[str]:
    """The macros that a template defines."""
    return {found.name for found in Environment(autoescape=True).parse(source).find_all(nodes.Macro)}


def called(source: str) -> set[str]:
    """The names that a template itself calls, whether its own or another's."""
    calls = [one.node for one in Environment(autoescape=True).parse(source).find_all(nodes.Call)]
    own = {one.name for one in calls if isinstance(one, nodes.Name)}
    return own | {one.attr for one in calls if isinstance(one, nodes.Getattr)}


def missing(templates: dict[str, str], html: str) -> set[str]:
    """The macros that the page does not call, or that have no place of their own on it with something in it."""
    every = set().union(*map(macros, templates.values()))
    places = dict(
        re.findall(
            r'<section class="pattern" id="pattern-(\w+)".*?</h2>(.*?)(?=<section class="pattern"|\Z)', html, re.S
        )
    )
    there = {name for name, text in places.items() if re.sub(r"\s+|</?(div|section|p)>", "", text)}
    return every - (called(templates[PAGE]) & there)


def test_each_stands_there() -> None:
    html = bytes(PatternsPage().page().body).decode()
    assert len(set().union(*map(macros, TEMPLATES.values()))) > 20
    assert missing(TEMPLATES, html) == set()


def test_one_that_is_new_copied_or_empty_there_is_found() -> None:
    html = bytes(PatternsPage().page().body).decode()
    assert missing(TEMPLATES | {"new.html": "{% macro lamp(x) %}{{ x }}{% endmacro %}"}, html) == {"lamp"}
    copied = TEMPLATES[PAGE].replace("{{ m.diff(changes) }}", "<table></table>")
    assert missing(TEMPLATES | {PAGE: copied}, html) == {"diff"}
    assert missing(
        TEMPLATES, re.sub(r'(id="pattern-tier".*?</h2>).*?(?=<section class="pattern")', r"\1", html, flags=re.S)
    ) == {"tier"}


def test_no_page_has_a_macro_of_its_own() -> None:
    """What a page defines for itself cannot be called from another template."""
    pages = {name for name, source in TEMPLATES.items() if "{% extends" in source and macros(source)}
    assert pages == {PAGE}
