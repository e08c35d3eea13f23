"""Computable guidelines: CQL recommendations evaluated over a chart by a Node worker."""
