"""Checks A1 to A11: what a page must do whatever the chart, over mutations of the samples and the stories."""
