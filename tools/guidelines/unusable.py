"""What is wrong with guideline files, in one sentence that says what to correct."""


class GuidelineUnusable(Exception):
    """A guideline file cannot be used: correct the file and the element that the message names."""
