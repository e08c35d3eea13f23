"""Benchmarks: ratios measured in one run on the same work, one module a subject."""
