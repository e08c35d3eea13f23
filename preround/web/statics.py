"""Stylesheets, scripts and the icon: files of this package, and nothing from elsewhere."""

from __future__ import annotations

from importlib import resources

from fastapi import APIRouter
from starlette.responses import Response

from preround.failure import Missing

KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FILES = {
    one.name: (one.read_bytes(), kind)
    for one in resources.files("preround.web").joinpath("static").iterdir()
    for ending, kind in KINDS.items()
    if one.name.endswith(ending)
}


def statics() -> APIRouter:
    """The route of these files."""
    router = APIRouter(include_in_schema=False)
    router.add_api_route("/static/{name}", _static, methods=["GET"])
    return router


def _static(name: str) -> Response:
    """One file."""
    if name not in _FILES:
        raise Missing("There is no such file; start from the queue")
    body, kind = _FILES[name]
    return Response(body, media_type=kind, headers={"cache-control": "max-age=300"})
