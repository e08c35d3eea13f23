"""Graders and generators."""
