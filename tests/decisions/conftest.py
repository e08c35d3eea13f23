"""Fixtures of the campaigns."""

from tests.stores import postgres, store_url, which_store

__all__ = ["postgres", "store_url", "which_store"]
