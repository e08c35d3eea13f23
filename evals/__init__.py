"""Measuring drafts against charts and other people's tasks."""
