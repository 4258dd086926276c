"""The bytes of a release: where they are, and their digest before anything is touched"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from deployer.errors import PreflightFailed
from deployer.model import Release

_WEB = ("http://", "https://")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PATIENCE = (5.0, 20.0)


def find(
    template: str, version: str, sha256: str = "", *, near: Path | None = None, irreversible: bool = False
) -> Release:
    """The release of this version, with the digest that every host will check.

    A file `<artifact>.irreversible` beside it (whatever is in it) makes the release irreversible too.
    `template` is a path (relative to `near`) or an http(s) URL with `{version}` in it. `sha256` is what the operator
    approved; else it is read from `<artifact>.sha256`. A path is read whole and compared. Raises PreflightFailed.
    """
    known = Release(version)  # refuses what is not a version, before it becomes part of a path
    place = template.replace("{version}", known.version)
    if sha256:
        sha256 = _digest(sha256, "--sha256")
    if place.startswith(_WEB):
        return Release(version, place, sha256 or _digest_at(place), irreversible or _marked_at(place))
    path = Path(place).expanduser()
    path = path if path.is_absolute() or near is None else near / path
    marked = irreversible or Path(f"{path}.irreversible").exists()
    return Release(version, str(path.absolute()), _checked(path, sha256), marked)


def marked(template: str, version: str) -> bool:
    """Whether the release of this version is marked irreversible where artifacts lie; False when nobody can say."""
    place = template.replace("{version}", version)
    if not place.startswith(_WEB):
        return Path(f"{Path(place).expanduser()}.irreversible").exists()
    try:
        return _marked_at(place)
    except PreflightFailed:
        return False


def _checked(path: Path, approved: str) -> str:
    try:
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PreflightFailed(
            f"no artifact: {error.strerror or error}",
            where=str(path),
            remedy="build it, or correct release.artifact in deployer.yml",
        ) from None
    expected = approved or _digest_beside(path)
    if actual != expected:
        raise PreflightFailed(
            f"its sha256 is {actual}, expected {expected}",
            where=str(path),
            remedy="the file is cut, corrupt or another one: fetch it again from where it was built",
        )
    return actual


def _digest_beside(path: Path) -> str:
    beside = Path(f"{path}.sha256")
    try:
        return _digest(beside.read_text(), str(beside))
    except OSError:
        raise PreflightFailed(
            "there is no digest for the artifact",
            where=str(beside),
            remedy=f"sha256sum {path} > {beside} where it was built, or --sha256 DIGEST",
        ) from None


def _digest_at(url: str) -> str:
    import requests

    place = _beside(url)
    try:
        answer = requests.get(place, timeout=_PATIENCE)
        answer.raise_for_status()
    except requests.RequestException as error:
        reason = f"HTTP {error.response.status_code}" if error.response is not None else type(error).__name__
        raise PreflightFailed(
            f"there is no digest for the artifact: {reason}", where=shown(place), remedy="--sha256 DIGEST"
        ) from None
    return _digest(answer.text, shown(place))


def _marked_at(url: str) -> bool:
    import requests

    place = _beside(url, "irreversible")
    try:
        return requests.head(place, timeout=_PATIENCE, allow_redirects=True).ok
    except requests.RequestException as error:
        raise PreflightFailed(
            f"cannot learn whether the release is irreversible: {type(error).__name__}", where=shown(place)
        ) from None


def _beside(url: str, kind: str = "sha256") -> str:
    """The URL of what lies beside it; a query (a signature, a token) stays at the end."""
    place, mark, query = url.partition("?")
    return f"{place}.{kind}{mark}{query}"


def shown(url: str) -> str:
    """Without the secrets a URL may carry."""
    return re.sub(r"//[^/@]*@", "//", url.partition("?")[0])


def _digest(text: str, where: str) -> str:
    """The first word, as sha256sum writes it."""
    word = (text.split() or [""])[0].lower()
    if not _SHA256.fullmatch(word):
        raise PreflightFailed(f"{word[:20]!r} is not a sha256: 64 hex digits", where=where)
    return word
