"""Measuring the program itself."""
