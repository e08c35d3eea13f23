"""XML from elsewhere, element by element: no entity is expanded, nothing is fetched, depth and size are bounded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element  # only the tree; parsing is expat's, below
from xml.parsers import expat

DEEPEST = 200
"""Elements inside each other."""
MOST_CHARACTERS = 32 * 1024 * 1024
"""Of one wanted element."""


class XmlUnusable(ValueError):
    """The XML is not whole or not safe: fetch it again from where it was published."""


def elements(chunks: Iterable[bytes], wanted: frozenset[str], *, roots: frozenset[str]) -> Iterator[Element]:
    """The outermost elements with a wanted name, in order, as soon as each is whole.

    Args:
        chunks: the bytes.
        wanted: names, namespaces left as written.
        roots: names that the document's first element may have.

    Raises:
        XmlUnusable: it declares entities, ends early, is not well-formed, has another root, or is past the bounds.
    """
    tree = _Tree(wanted, roots)
    parser = tree.parser
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
            yield from tree.ready()
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        said = expat.ErrorString(error.code)
        raise XmlUnusable(f"it is not whole XML (line {error.lineno}: {said})") from error
    yield from tree.ready()


class _Tree:
    def __init__(self, wanted: frozenset[str], roots: frozenset[str]) -> None:
        self._wanted, self._roots = wanted, roots
        self._open: list[Element] = []
        self._depth = 0
        self._characters = 0
        self._ready: list[Element] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.EntityDeclHandler = self._entity
        self.parser.SkippedEntityHandler = self._skipped
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data

    def ready(self) -> list[Element]:
        """Elements that have become whole since the last call."""
        ready, self._ready = self._ready, []
        return ready

    def _entity(self, *_: object) -> None:
        msg = "it declares entities, which papers do not need"
        raise XmlUnusable(msg)

    def _skipped(self, *_: object) -> None:
        msg = "it uses an entity that it does not declare"
        raise XmlUnusable(msg)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1 and name not in self._roots:
            msg = f"its first element is {name[:40]}, not {' or '.join(sorted(self._roots))}"
            raise XmlUnusable(msg)
        if self._depth > DEEPEST:
            msg = f"it is more than {DEEPEST} elements deep"
            raise XmlUnusable(msg)
        if not self._open and name not in self._wanted:
            return
        element = Element(name, attributes)
        if self._open:
            self._open[-1].append(element)
        self._open.append(element)

    def _data(self, text: str) -> None:
        if not self._open:
            return
        self._characters += len(text)
        if self._characters > MOST_CHARACTERS:
            msg = f"one of its entries is longer than {MOST_CHARACTERS} characters"
            raise XmlUnusable(msg)
        element = self._open[-1]
        if len(element):
            element[-1].tail = (element[-1].tail or "") + text
        else:
            element.text = (element.text or "") + text

    def _end(self, name: str) -> None:
        self._depth -= 1
        if not self._open:
            return
        element = self._open.pop()
        if not self._open:
            self._ready.append(element)
            self._characters = 0


def words(element: Element | None) -> str:
    """All text inside an element, white space folded; empty for None."""
    return "" if element is None else " ".join("".join(element.itertext()).split())
