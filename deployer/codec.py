"""Our frozen records as compact JSON text, and exactly back

A dataclass becomes an object with all its fields, a member of a union of dataclasses an object with one key, its
class: `{"Drain": {"site": "dc1", "hosts": ["web1"]}}`. Reading is strict: an unknown kind or field, a missing
field without a default and a value of another type are a UsageError that names the path to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import EnumMeta
from functools import cache
from math import isfinite
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from deployer.errors import UsageError

T = TypeVar("T")
_quoted = json.encoder.encode_basestring_ascii
_loads = json.JSONDecoder().decode


def encode(value: Any, kind: Any = None) -> str:
    """ASCII text without line ends; `kind` is what it will be read as (default: its own class).

    Raises UsageError when a field holds what its type forbids: better not written than not readable.
    """
    try:
        return _way(kind or value.__class__).encode(value)
    except _Odd as odd:
        raise UsageError(str(odd), where=type(value).__name__) from None


def decode(kind: Any, text: str) -> Any:
    """The value of this class (or union) that `encode` wrote."""
    try:
        return _way(kind).decode(_loads(text))
    except _Odd as odd:
        what, cause = str(odd), odd.__cause__
    except (ValueError, RecursionError) as error:
        what, cause = f"not JSON: {error}", error
    raise UsageError(
        what,
        where=getattr(kind, "__name__", str(kind)),
        remedy="if a newer deployer wrote it, read it with that version or a newer one",
    ) from cause


@dataclass(frozen=True, slots=True)
class _Way:
    """How values of one type go out, as text, and come in, as parsed JSON."""

    encode: Callable[[Any], str]
    decode: Callable[[Any], Any]


class _Odd(Exception):
    """What does not fit, and the path to it, collected on the way up."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        self.path = ""

    def under(self, step: str) -> _Odd:
        self.path = step + self.path
        return self

    def __str__(self) -> str:
        return f"{self.path.lstrip('.')}: {self.what}" if self.path else self.what


def _misfit(value: object, wanted: str) -> _Odd:
    return _Odd(f"{repr(value)[:60]} is not {wanted}")


@cache
def _way(kind: Any) -> _Way:
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _record(kind)
    if isinstance(kind, EnumMeta):
        return _enum(kind)
    if kind is float:
        return _Way(_float_out, _float_in)
    if kind in TEXTS:
        return _plain(kind)
    if origin in (Union, UnionType):
        return _union(inner)
    if origin is tuple:
        return _row(_way(inner[0])) if inner[1:] == (...,) else _fixed([_way(part) for part in inner])
    if origin is Mapping and inner[0] is str:
        return _mapping(_way(inner[1]))
    raise TypeError(f"the codec knows no way for {kind!r}")


def _record(kind: Any) -> _Way:
    hints = get_type_hints(kind)
    ways = {field.name: _way(hints[field.name]) for field in fields(kind)}
    return _Way(_record_out(kind, ways), _record_in(kind, ways))


def _record_out(kind: Any, ways: Mapping[str, _Way]) -> Callable[[Any], str]:
    keys = [f"{',' if place else ''}{_quoted(name)}:" for place, name in enumerate(ways)]
    parts = tuple((key, name, attrgetter(name), ways[name].encode) for key, name in zip(keys, ways, strict=True))

    def out(value: Any) -> str:
        if type(value) is not kind:
            raise _misfit(value, kind.__name__)
        text, name = "{", ""
        try:
            for key, name, read, change in parts:  # noqa: B007 - the name is for the complaint
                text += key + change(read(value))
        except _Odd as odd:
            raise odd.under(f".{name}") from odd.__cause__
        return text + "}"

    return out


def _record_in(kind: Any, ways: Mapping[str, _Way]) -> Callable[[Any], Any]:
    changes = {name: way.decode for name, way in ways.items()}
    needed = {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}

    def back(data: Any) -> Any:
        if type(data) is not dict:
            raise _misfit(data, f"a {kind.__name__}")
        name = ""
        try:
            for name, part in data.items():
                data[name] = changes[name](part)
            return kind(**data)
        except _Odd as odd:
            raise odd.under(f".{name}") from odd.__cause__
        except KeyError:
            raise _Odd(f"{kind.__name__} has no field {name!r}, known are {', '.join(ways)}") from None
        except TypeError as error:
            raise _Odd(f"{kind.__name__} lacks {', '.join(sorted(needed - data.keys()))}") from error
        except UsageError as error:  # the class itself refuses it
            raise _Odd(error.what) from error

    return back


def _union(kinds: tuple[Any, ...]) -> _Way:
    """`X | None` is X or null; several classes are told apart by their names."""
    members = tuple(kind for kind in kinds if kind is not NoneType)
    inner = _way(members[0]) if len(members) == 1 else _tagged(members)
    if len(members) == len(kinds):
        return inner
    encode, decode = inner.encode, inner.decode
    return _Way(
        lambda value: "null" if value is None else encode(value),
        lambda data: None if data is None else decode(data),
    )


def _tagged(kinds: tuple[Any, ...]) -> _Way:
    ways = {kind.__name__: _way(kind) for kind in kinds}
    known = ", ".join(ways)

    def out(value: Any) -> str:
        name = type(value).__name__
        if name not in ways:
            raise _misfit(value, f"one of {known}")
        return f'{{"{name}":{ways[name].encode(value)}}}'

    def back(data: Any) -> Any:
        if type(data) is not dict or len(data) != 1:
            raise _misfit(data, f"one of {known}")
        ((name, part),) = data.items()
        if name not in ways:
            raise _Odd(f"unknown kind {name!r}, known are {known}")
        return ways[name].decode(part)

    return _Way(out, back)


def _enum(kind: Any) -> _Way:
    texts = {member: _quoted(member.value) for member in kind}
    members = {member.value: member for member in kind}

    def out(value: Any) -> str:
        if type(value) is not kind:
            raise _misfit(value, kind.__name__)
        return texts[value]

    def back(data: Any) -> Any:
        if type(data) is not str or data not in members:
            raise _misfit(data, f"a {kind.__name__}: {', '.join(map(repr, members))}")
        return members[data]

    return _Way(out, back)


def _row(way: _Way) -> _Way:
    def each(values: Sequence[Any], change: Callable[[Any], T]) -> list[T]:
        changed: list[T] = []
        add = changed.append
        try:
            for value in values:
                add(change(value))
        except _Odd as odd:
            raise odd.under(f"[{len(changed)}]") from odd.__cause__
        return changed

    def out(values: Any) -> str:
        return f"[{','.join(each(_of(values, tuple), way.encode))}]"

    return _Way(out, lambda data: tuple(each(_of(data, list), way.decode)))


def _fixed(ways: list[_Way]) -> _Way:
    def whole(values: Any, holder: type[list[Any] | tuple[Any, ...]]) -> Any:
        if len(_of(values, holder)) != len(ways):
            raise _misfit(values, f"a {holder.__name__} of {len(ways)}")
        return values

    def out(values: Any) -> str:
        return f"[{','.join(way.encode(value) for way, value in zip(ways, whole(values, tuple), strict=True))}]"

    return _Way(out, lambda data: tuple(way.decode(one) for way, one in zip(ways, whole(data, list), strict=True)))


def _of(values: Any, holder: type[list[Any] | tuple[Any, ...]]) -> Any:
    if not isinstance(values, holder):
        raise _misfit(values, f"a {holder.__name__}")
    return values


def _mapping(way: _Way) -> _Way:
    def each(values: Any, change: Callable[[Any], T]) -> dict[str, T]:
        if not isinstance(values, Mapping) or not all(type(key) is str for key in values):
            raise _misfit(values, "a mapping of names")
        name, data = "", {}
        try:
            for name, value in values.items():
                data[name] = change(value)
        except _Odd as odd:
            raise odd.under(f"[{name}]") from odd.__cause__
        return data

    def out(values: Any) -> str:
        return f"{{{','.join(f'{_quoted(name)}:{text}' for name, text in each(values, way.encode).items())}}}"

    return _Way(out, lambda data: each(data, way.decode))


TEXTS: Mapping[Any, Callable[[Any], str]] = {
    str: _quoted,
    int: int.__repr__,
    bool: lambda value: "true" if value else "false",
}


def _plain(kind: type) -> _Way:
    text = TEXTS[kind]

    def out(value: Any) -> str:
        if type(value) is not kind:
            raise _misfit(value, kind.__name__)
        return text(value)

    def back(data: Any) -> Any:
        if type(data) is not kind:
            raise _misfit(data, kind.__name__)
        return data

    return _Way(out, back)


def _float_out(value: Any) -> str:
    if type(value) not in (float, int):
        raise _misfit(value, "float")
    return repr(value) if isfinite(value) else f'"{value!r}"'  # JSON has no word for endless


def _float_in(data: Any) -> float:
    if type(data) in (float, int) or data in ("inf", "-inf", "nan"):
        return float(data)
    raise _misfit(data, "float")
