"""Rooms together, on real parts and real charts."""
