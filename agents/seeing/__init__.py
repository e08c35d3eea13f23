"""Seeing: a model that reads pictures, and what code makes of its answer."""
