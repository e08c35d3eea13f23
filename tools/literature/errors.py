"""What can go wrong while literature is indexed or searched; each message says what to do and holds no chart text."""

from tools.failing import ToolFailure


class LiteratureError(ToolFailure):
    """The literature could not be used: check the path or the source and try again."""


class IndexMissing(LiteratureError):
    """There is no literature index yet: make one with `preround literature index PATH`."""


class IndexUnusable(LiteratureError):
    """The literature index cannot be read: remove its file and make it again with `preround literature index PATH`."""


class FileUnusable(LiteratureError):
    """The file cannot be read as literature: correct it or leave it out, then index again."""


class QueryUnusable(LiteratureError):
    """The query names nothing to look for: give words of a disease, a medicine or a question."""


class SourceOff(LiteratureError):
    """That source is off: allow it with PREROUND_LITERATURE_SOURCES, or search the local index."""


class SourceUnreachable(LiteratureError):
    """The source could not be reached: try again later, or search the local index."""


class SourceGarbled(SourceUnreachable):
    """The source's answer could not be read to its end: try again later, or search the local index."""
