"""deployer.yml in, frozen settings out; each complaint names file, line, key path and remedy"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from deployer.errors import SettingsError
from deployer.settings.complaints import complaints, twice
from deployer.settings.place import state_of, text_of
from deployer.settings.values import Settings


def read(path: Path) -> Settings:
    """The settings in this file, its relative paths made absolute. Raises SettingsError with all complaints at once."""
    found = text_of(path)
    wrong = list(twice(found))
    try:
        settings = Settings.model_validate(found.value if found.value is not None else {})
    except ValidationError as error:
        wrong += complaints(error, found, Settings)
    if wrong:
        raise _refusal(path, wrong)
    return _placed(settings, path.parent.absolute())


def _refusal(path: Path, wrong: list[tuple[int, str]]) -> SettingsError:
    lines = [f"{path}:{line}: {said}" for line, said in sorted(wrong)]
    return SettingsError(
        "\n".join(lines), remedy=f"mend {path}; `deployer init DIR` writes every setting with its default"
    )


def _placed(settings: Settings, directory: Path) -> Settings:
    """Relative paths count from the directory of deployer.yml, wherever deployer is started."""
    artifact = settings.release.artifact
    if "://" not in artifact:
        artifact = str(directory / Path(artifact).expanduser())
    own = {name: str(directory / Path(book).expanduser()) for name, book in settings.playbooks if book}
    return settings.model_copy(
        update={
            "release": settings.release.model_copy(update={"artifact": artifact}),
            "playbooks": settings.playbooks.model_copy(update=own),
            "gate": settings.gate and settings.gate.placed(directory),
            "metrics": settings.metrics.placed(directory),
            "notices": tuple(one.placed(directory) for one in settings.notices),
            "state": state_of(settings.service, settings.state, directory),
        }
    )
