"""A story's YAML as written: numbers keep their digits, dates stay text, and every field knows its line."""

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml


class StoryError(ValueError):
    """A story that can't be compiled: names the file, the line and the field, and says what is expected there."""

    def __init__(self, *, file: str, line: int, field: str, problem: str) -> None:
        """Keep the parts, so that an editor can jump to the line."""
        self.file, self.line, self.field, self.problem = file, line, field, problem
        place = f"{file}, line {line}" + (f", {field}" if field else "")
        super().__init__(f"{place}: {problem}")


class _Loader(yaml.SafeLoader):
    """YAML's JSON-like core only: `on` is a word, 2019-03-02 is text, 7.10 keeps its last digit."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Refuse a key that stands twice: the second would silently replace the first."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"'{key.value}' stands twice here", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)

    def decimal(self, node: yaml.ScalarNode) -> Decimal:
        """A number with the digits that the author wrote."""
        return Decimal(node.value)


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:null|)$"), ["n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9]\d*)$"), list("-0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^-?(?:0|[1-9]\d*)\.\d+$"), list("-0123456789"))
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.decimal)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One YAML file, read once: its data and the tree that knows the lines."""

    file: str
    """The file's name without its folder, as errors show it."""
    data: dict[str, Any]
    """The document; numbers are int or Decimal, dates are text."""
    root: yaml.Node
    """The parsed tree, for line numbers."""

    def error(self, field: Sequence[int | str], problem: str) -> StoryError:
        """An error at a field, on the line of its nearest written ancestor."""
        node, line, written = self.root, self.root.start_mark.line, []
        for depth, part in enumerate(field):
            child = _child(node, part)
            if child is not None:
                node, line = child
            if child is not None or depth == len(field) - 1:
                written.append(str(part))
        return StoryError(file=self.file, line=line + 1, field=".".join(written), problem=problem)


def _child(node: yaml.Node, part: int | str) -> tuple[yaml.Node, int] | None:
    """The child and its line; a part that the author did not write has none."""
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item, item.start_mark.line
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return value, key.start_mark.line
    return None


def read_source(path: Path) -> Source:
    """Read one YAML file.

    Raises:
        StoryError: the file is not UTF-8, not YAML, or not a mapping.
    """
    try:
        loader = _Loader(path.read_text(encoding="utf-8"))
        root = loader.get_single_node()
        data = loader.construct_document(root) if root is not None else None
    except UnicodeDecodeError as error:
        raise StoryError(file=path.name, line=1, field="", problem="save this file as UTF-8.") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise StoryError(
            file=path.name, line=line, field="", problem=f"this is not readable YAML: {error.problem}."
        ) from error
    except yaml.YAMLError as error:
        raise StoryError(file=path.name, line=1, field="", problem="this is not readable YAML.") from error
    if not isinstance(data, dict) or root is None:
        raise StoryError(file=path.name, line=1, field="", problem="start with `story:`, `as_of:` and `patient:`.")
    return Source(file=path.name, data=data, root=root)
