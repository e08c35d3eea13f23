"""The web application."""

from __future__ import annotations

from fastapi import FastAPI

from preround.wiring import House


def create_web(house: House) -> FastAPI:
    """The pages, the API and the sandbox as one ASGI application."""
    app = FastAPI(title="Preround", docs_url="/api/docs", openapi_url="/api/openapi.json", redoc_url=None)
    if house.sandbox is not None:
        app.mount("/", house.sandbox)
    return app
