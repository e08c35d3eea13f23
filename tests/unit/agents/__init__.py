"""Tests of the offline drafts."""
