"""Curated tables as data files, each row with its source; a site folder may add rows or replace them by key."""
