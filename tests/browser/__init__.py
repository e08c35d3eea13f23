"""The review pages in a real browser."""
