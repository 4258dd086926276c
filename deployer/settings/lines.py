"""YAML with the line of every key, and no key twice"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from deployer.errors import SettingsError

Path = tuple[str | int, ...]
"""Where a value stands: ("sites", "dc1", "group")."""

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """What a YAML text says: `lines` has the line (from 1) of each key, `twice` the keys given more than once."""

    value: object
    lines: Mapping[Path, int]
    twice: tuple[tuple[Path, int, int], ...] = ()

    def line(self, path: Path) -> int:
        """The line of the key, or of the nearest key above it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 1


@dataclass(slots=True)
class _Walk:
    lines: dict[Path, int] = field(default_factory=dict)
    twice: list[tuple[Path, int, int]] = field(default_factory=list)
    above: list[int] = field(default_factory=list)
    make: yaml.constructor.SafeConstructor = field(default_factory=yaml.constructor.SafeConstructor)


def document(text: str, name: str) -> Document:
    """Read one YAML document; `name` is the file, for complaints. Raises SettingsError where it is not YAML."""
    try:
        node = yaml.compose(text, Loader=_Loader)
        walk = _Walk()
        value = None if node is None else _value(node, (), walk)
    except yaml.YAMLError as wrong:
        raise SettingsError(_problem(wrong), where=_place(wrong, name), remedy=f"mend {name}") from None
    return Document(value, walk.lines, tuple(walk.twice))


def _value(node: yaml.Node, path: Path, walk: _Walk) -> object:
    if id(node) in walk.above:
        raise yaml.constructor.ConstructorError(None, None, "an alias that contains itself", node.start_mark)
    walk.above.append(id(node))
    try:
        if isinstance(node, yaml.MappingNode):
            return dict(_pairs(node, path, walk))
        if isinstance(node, yaml.SequenceNode):
            return [_item(item, (*path, at), walk) for at, item in enumerate(node.value)]
        return walk.make.construct_object(node)
    finally:
        walk.above.pop()


def _item(node: yaml.Node, path: Path, walk: _Walk) -> object:
    walk.lines[path] = node.start_mark.line + 1
    return _value(node, path, walk)


def _pairs(node: yaml.MappingNode, path: Path, walk: _Walk) -> Iterator[tuple[str, object]]:
    """The keys of one mapping. What `<<` brings in gives way to what is written out, and is no duplicate."""
    written: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be a plain word", key.start_mark)
        line = key.start_mark.line + 1
        if key.value in written and key.value != "<<":
            walk.twice.append(((*path, key.value), line, written[key.value]))
        written.setdefault(key.value, line)
    walk.make.flatten_mapping(node)
    for key, value in node.value:
        walk.lines[*path, key.value] = written.get(key.value, key.start_mark.line + 1)
        yield key.value, _value(value, (*path, key.value), walk)


def _problem(wrong: yaml.YAMLError) -> str:
    said = getattr(wrong, "problem", None) or getattr(wrong, "reason", None) or str(wrong)
    if "another document" in said:
        return "one document is expected, here begins another"
    if "cannot start any token" in said:
        said += " (a tab? YAML indents with spaces)"
    return f"this is not YAML: {said}"


def _place(wrong: yaml.YAMLError, name: str) -> str:
    mark = getattr(wrong, "problem_mark", None)
    return name if mark is None else f"{name}:{mark.line + 1}:{mark.column + 1}"
