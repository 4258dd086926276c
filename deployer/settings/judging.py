"""A file for `deployer judge --config`: the bars of the gate, and metrics of any name"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from deployer.errors import SettingsError
from deployer.settings.complaints import complaints, twice
from deployer.settings.gate import GateValues
from deployer.settings.place import text_of


class JudgingValues(GateValues):
    """All that `gate:` has; the kind of an own metric is what its data are."""

    confidence: Annotated[float, Field(gt=0.5, lt=1, strict=False)] = 0.95
    """of an interval, when it is judged once"""

    @model_validator(mode="after")
    def _known_metrics(self) -> Self:
        return self


def read(path: Path) -> JudgingValues:
    """Raises SettingsError with all complaints at once."""
    found = text_of(path)
    wrong = list(twice(found))
    try:
        values = JudgingValues.model_validate(found.value if found.value is not None else {})
    except ValidationError as error:
        wrong += complaints(error, found, JudgingValues)
    if wrong:
        raise SettingsError("\n".join(f"{path}:{line}: {said}" for line, said in sorted(wrong)), remedy=f"mend {path}")
    return values


def of(value: Mapping[str, object], where: str) -> JudgingValues:
    """The same from values. Raises SettingsError."""
    from deployer.settings.lines import Document

    try:
        return JudgingValues.model_validate(value)
    except ValidationError as error:
        said = [text for _, text in complaints(error, Document(value, {}), JudgingValues)]
        raise SettingsError("\n".join(said), where=where) from None
