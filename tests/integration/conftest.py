"""Homes on both stores, as the tests that run commands have them."""

from tests.acceptance.conftest import drafted_on_both

__all__ = ["drafted_on_both"]
