"""Templates: strict, escaping everything, and the values they are given made fit to read."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from importlib import resources
from typing import Any

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from chart.extract.markup import MarkupUnusable, html_text
from preround import VERSION
from preround.web.wording import STATES, VERBS, date_words, instant_words, span_words

STYLESHEET = resources.files("preround.web").joinpath("static/preround.css").read_bytes()
ICON = resources.files("preround.web").joinpath("static/icon.svg").read_bytes()


def pretty(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """JSON as people read it, decimals digit for digit."""
    return orjson.dumps(value, default=_number, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode()


def literal(text: str | None) -> str:
    """A literal of a resource; the narrative's markup is left out."""
    if text is None:
        return ""
    if not text.startswith("<div"):
        return text
    try:
        return " · ".join(html_text(text).split("\n"))
    except MarkupUnusable:
        return ""


def _number(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))
    raise TypeError(f"A {type(value).__name__} is not JSON.")


def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("preround.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(pretty=pretty, literal=literal, instant=instant_words, span=span_words, day=date_words)
    found.globals.update(states=STATES, verbs=VERBS, version=VERSION)
    return found


_TEMPLATES = _environment()


def respond(name: str, context: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    """A page."""
    return HTMLResponse(_TEMPLATES.get_template(name).render(**context), status_code=status)
