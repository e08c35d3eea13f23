"""Templates: strict, escaping everything, and the values they are given made fit to read."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from chart.extract.markup import MarkupUnusable, html_text
from preround import VERSION
from preround.people.sessions import visitor_here
from preround.web.guard import POLICY
from preround.web.wording import STATES, TIERS, VERBS, date_words, instant_words, seed_words, span_words, waited_words

WITH_SCRIPTS = f"{POLICY}; script-src 'self'; connect-src 'self'"
"""What a page may: run the scripts of this site, which none needs, and ask this site."""


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


def coded(text: str) -> Markup:
    """A sentence with what stands between backticks set as code, its first letter large."""
    pieces = f"{text[:1].upper()}{text[1:]}".split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if n % 2 and n < len(pieces) - 1 else piece
        for n, piece in enumerate(pieces)
    )


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
    found.filters.update(
        pretty=pretty,
        coded=coded,
        literal=literal,
        instant=instant_words,
        span=span_words,
        day=date_words,
        waited=waited_words,
        seeded=seed_words,
    )
    found.globals.update(states=STATES, tier_words=TIERS, verbs=VERBS, version=VERSION, visitor=visitor_here)
    return found


_TEMPLATES = _environment()


def respond(name: str, context: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    """A page."""
    body = _TEMPLATES.get_template(name).render(**{"imaging": "", **context})
    return HTMLResponse(body, status_code=status, headers={"content-security-policy": WITH_SCRIPTS})
