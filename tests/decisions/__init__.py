"""Campaigns against decisions: racing reviewers, tampered proposals, an edited audit table."""
