"""What is wrong with the settings, in the operator's words"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from deployer.settings.lines import Document, Path

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def complaints(wrong: ValidationError, read: Document, model: type[BaseModel]) -> Iterator[tuple[int, str]]:
    """Each complaint with its line, in the words: key path, what was given, what was expected, the nearest name."""
    for error in wrong.errors(include_url=False):
        path: Path = tuple(part for part in error["loc"] if part != "[key]")
        yield read.line(path), f"{dotted(path)}: {_said(error, path, model)}"


def twice(read: Document) -> Iterator[tuple[int, str]]:
    for path, line, first in read.twice:
        yield line, f"{dotted(path)}: given twice, first on line {first}"


def dotted(path: Path) -> str:
    return ".".join(str(part) for part in path) or "the whole file"


def nearest(name: str, known: Sequence[str]) -> str:
    """`; did you mean x?` and the known names."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    guess = f"; did you mean {close[0]}?" if close else ""
    return f"{guess} (known: {', '.join(known) or 'none'})"


def _said(error: ErrorDetails, path: Path, model: type[BaseModel]) -> str:
    match error["type"]:
        case "extra_forbidden":
            return f"unknown key{nearest(str(path[-1]), _known(path[:-1], model))}"
        case "missing":
            return f"missing{_meaning(path, model)}"
        case _:
            given = "" if _of_a_section(error) else f"{_given(error['input'])}, "
            return f"{given}expected {_expected(error)}"


def _of_a_section(error: ErrorDetails) -> bool:
    """It is about keys that do not go together, not about one value."""
    return error["type"] == "value_error" and isinstance(error["input"], dict)


_EXPECTED = {
    "value_error": "{error}",
    "string_type": "text",
    "string_too_short": "a name",
    "string_pattern_mismatch": "letters, digits, '-' and '_', a letter or digit first, at most 63 in all",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "tuple_type": "a list such as [1, 5, 25]",
    "too_short": "at least one",
    "model_type": "keys and values under it",
    "dict_type": "keys and values under it",
}
"""What was expected, by pydantic's name for the complaint; the braces are its own context."""


def _expected(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] == "literal_error":
        return _one_of(str(context["expected"]), str(error["input"]))
    expected = _EXPECTED.get(error["type"], error["msg"]).format_map(context)
    quotable = error["type"] == "string_type" and isinstance(error["input"], bool | int | float)
    return f"{expected} (put it in quotes)" if quotable else expected


def _one_of(expected: str, given: str) -> str:
    names = [name.strip("'") for name in expected.replace(" or ", ", ").split(", ")]
    close = difflib.get_close_matches(given, names, n=1, cutoff=0.5)
    return f"one of {', '.join(names)}" + (f"; did you mean {close[0]}?" if close else "")


def _given(value: object) -> str:
    match value:
        case None:
            return "nothing is given"
        case bool():
            return f"{str(value).lower()} is given (YAML reads yes, no, on and off so)"
        case dict():
            return "keys are given" if value else "nothing is given"
        case list():
            return "a list is given" if value else "an empty list is given"
        case _:
            return f"{_hidden(value)[:80]!r} is given" if isinstance(value, str) else f"{value} is given"


def _hidden(text: str) -> str:
    """An address without the password that somebody wrote into it."""
    return re.sub(r"//[^/\s]*@", "//…@", text)


def _known(path: Path, model: type[BaseModel]) -> list[str]:
    inner = _model_at(path, model)
    return [] if inner is None else [field.alias or name for name, field in inner.model_fields.items()]


def _meaning(path: Path, model: type[BaseModel]) -> str:
    """The caption of the key that is missing, so that the operator knows what to write."""
    from deployer.settings.captions import captions

    inner = _model_at(path[:-1], model)
    caption = "" if inner is None else captions(inner)[str(path[-1])]
    return f": {caption}" if caption else ""


def _model_at(path: Path, model: type[BaseModel]) -> type[BaseModel] | None:
    """The class that a key path leads to; a name under `sites` leads to the class of its values."""
    inner: type[BaseModel] | None = model
    for part in path:
        if inner is None:
            return None
        known: FieldInfo | None = inner.model_fields.get(str(part))
        inner = inner if known is None else class_in(known.annotation)
    return inner


def class_in(annotation: object) -> type[BaseModel] | None:
    """The class of values an annotation holds, as in `EdgeValues | None` or `dict[str, SiteValues]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in getattr(annotation, "__args__", ()) if (found := class_in(one))), None)
