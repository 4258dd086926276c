"""Artifacts for the tests, good ones and hostile ones"""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

ORDINARY = {"app.txt": b"hello\n", "bin/run": b"#!/bin/sh\n", "assets/app.1.js": b"1\n"}


def archive(path: Path, files: dict[str, bytes] | None = None, *odd: tarfile.TarInfo) -> Path:
    """A tar.gz of these files; `odd` entries are added as they are."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in (ORDINARY if files is None else files).items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755 if name.startswith("bin/") else 0o644
            tar.addfile(entry, io.BytesIO(content))
        for entry in odd:
            tar.addfile(entry)
    return path


def entry(name: str, kind: bytes, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    odd = tarfile.TarInfo(name)
    odd.type, odd.linkname, odd.mode = kind, link, mode
    return odd


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
