"""The Model Context Protocol door: one patient's chart as tools for an agent; `propose` alone leads towards a write."""
