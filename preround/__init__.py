"""The doors: command line, web, workers, settings, wiring, and the embedded FHIR sandbox."""

VERSION = "0.1.0"
"""Kept equal to pyproject.toml by a test."""
