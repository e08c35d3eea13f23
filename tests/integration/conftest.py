"""Homes on both stores, as the tests that run commands have them."""

from tests.acceptance.conftest import drafted_on_both
from tests.stores import postgres, store_url, which_store

__all__ = ["drafted_on_both", "postgres", "store_url", "which_store"]
