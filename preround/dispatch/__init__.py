"""Rounds that nobody waits for at a keyboard: cohorts, batches, and the workers that drive them."""
