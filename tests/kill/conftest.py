"""Fixtures of the campaign."""

from tests.stores import postgres, which_store

__all__ = ["postgres", "which_store"]
