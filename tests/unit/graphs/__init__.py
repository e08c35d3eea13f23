"""Tests of the round's graph."""
