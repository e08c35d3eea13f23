"""Rounds that wait for their review, as a release left them."""
