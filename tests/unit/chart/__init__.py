"""Tests of the pure room that reads charts."""
