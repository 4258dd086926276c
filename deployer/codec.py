"""Our frozen records as compact JSON text, and exactly back

A dataclass becomes an object with all its fields, a member of a union of dataclasses an object with one key, its
class: `{"Drain": {"site": "dc1", "hosts": ["web1"]}}`. Reading is strict: an unknown kind or field, a missing
field without a default and a value of another type are a UsageError that names the path to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import EnumMeta
from functools import cache
from math import isfinite
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from deployer.errors import UsageError

T = TypeVar("T")

_dumps = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False).encode
_loads = json.JSONDecoder().decode
_ENDLESS = {"inf": float("inf"), "-inf": float("-inf"), "nan": float("nan")}


def encode(value: object, kind: Any = None) -> str:
    """ASCII text without line ends; `kind` is the union to tag the value for (default: its own class).

    Raises UsageError when a field holds what its type forbids: better not written than not readable.
    """
    try:
        return _dumps(_way(kind or type(value)).encode(value))
    except _Odd as odd:
        raise UsageError(f"{odd.path}: {odd.what}", where=type(value).__name__) from None


def decode(kind: type[T], text: str) -> T:
    """The value of this class (or union of dataclasses, passed as `Any`) that `encode` wrote."""
    try:
        value: T = _way(kind).decode(_loads(text))
    except _Odd as odd:
        raise UsageError(
            f"{odd.path}: {odd.what}",
            where=getattr(kind, "__name__", str(kind)),
            remedy="written by a newer deployer? Use the same or a newer version than the one that wrote it",
        ) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"not JSON: {error}", where=getattr(kind, "__name__", str(kind))) from None
    return value


@dataclass(frozen=True, slots=True)
class _Way:
    """How values of one type go out and come in."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


class _Odd(Exception):
    """What does not fit, and the path to it, collected on the way up."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        self.steps: list[str] = []

    def under(self, step: str) -> _Odd:
        self.steps.append(step)
        return self

    @property
    def path(self) -> str:
        return "".join(reversed(self.steps)).lstrip(".") or "value"


@cache
def _way(kind: Any) -> _Way:
    origin = get_origin(kind)
    if is_dataclass(kind):
        return _record(kind)
    if isinstance(kind, EnumMeta):
        return _enum(kind)
    if kind is float:
        return _Way(_float_out, _float_in)
    if kind in (str, int, bool):
        return _plain(kind)
    if origin in (Union, UnionType):
        return _union(get_args(kind))
    if origin is tuple:
        return _many(get_args(kind)[0]) if get_args(kind)[1:] == (...,) else _fixed(get_args(kind))
    if origin in (Mapping, dict) and get_args(kind)[0] is str:
        return _mapping(get_args(kind)[1])
    raise TypeError(f"the codec knows no way for {kind!r}")


def _record(kind: Any) -> _Way:
    hints = get_type_hints(kind)
    ways = tuple((field.name, _way(hints[field.name])) for field in fields(kind))
    read = attrgetter(*hints) if len(ways) > 1 else lambda value: (getattr(value, ways[0][0]),)
    names = tuple(name for name, _ in ways)
    known = frozenset(names)
    needed = frozenset(f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING)
    read = attrgetter(*names) if len(names) > 1 else lambda value: (getattr(value, names[0]),)

    def out(value: Any) -> dict[str, Any]:
        if type(value) is not kind:
            raise _misfit(value, kind.__name__)
        name = ""
        try:
            return {name: way.encode(part) for (name, way), part in zip(ways, read(value), strict=True)}
        except _Odd as odd:
            raise odd.under("") from None

    return _Way(out, out)
