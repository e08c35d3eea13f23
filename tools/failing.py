"""How a tool fails: the class's docstring is the sentence that a person reads, unless a closer one is given."""

import inspect


class ToolFailure(Exception):
    """The tool failed: look at what was asked and try again."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.cleandoc(type(self).__doc__ or ""))
