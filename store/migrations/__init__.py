"""The one chain of migrations."""

HEAD = "0020"
"""The newest revision; a test holds it to the chain, so that a start at head needs no alembic."""
