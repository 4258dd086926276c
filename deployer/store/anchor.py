"""A small file beside a SQLite database that remembers the last acknowledged record

Written without fsync: it costs no disk wait, survives the death of the process, and after a power loss it may lag
behind the database, never run ahead of it. So an anchor ahead of the database means that the database lost its tail.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from threading import Lock
from urllib.parse import quote
from zlib import crc32

from deployer.store.rows import NOTHING, Mark

LENGTH = 20 + 1 + 64 + 1 + 8 + 1


class Anchor:
    """One service's mark. A torn or unreadable anchor is no mark: the chain itself still holds."""

    def __init__(self, database: Path, service: str) -> None:
        self._path = database.with_name(f"{database.name}.{quote(service, safe='')}.anchor")
        self._database = database
        self._file: int | None = None
        self._lock = Lock()
        self._written: tuple[bytes, Mark] = (b"", NOTHING)

    def read(self) -> Mark:
        for _ in range(3):  # a reader may meet a writer in the middle of the line
            text = self._text()
            if text == self._written[0]:
                return self._written[1]
            match text.decode("ascii", "replace").split():
                case [seq, digest, check] if check == _check(seq, digest):
                    return Mark(int(seq), digest)
        return NOTHING

    def write(self, mark: Mark) -> None:
        seq = f"{mark.seq:020d}"
        line = f"{seq} {mark.hash} {_check(seq, mark.hash)}\n".encode("ascii")
        with self._lock, suppress(OSError):  # a lagging anchor is allowed
            if self._file is None:
                mode = self._database.stat().st_mode & 0o666
                self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, mode)
            os.pwrite(self._file, line, 0)  # always of the same length, in place
            self._written = line, mark

    def _text(self) -> bytes:
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return b""
        try:
            return os.read(file, LENGTH)
        except OSError:
            return b""
        finally:
            os.close(file)

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None


class Anchors:
    """The anchors of all services that share one database."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._anchors: dict[str, Anchor] = {}

    def of(self, service: str) -> Anchor:
        anchor = self._anchors.get(service)
        return anchor or self._anchors.setdefault(service, Anchor(self._database, service))

    def close(self) -> None:
        for anchor in self._anchors.values():
            anchor.close()


def _check(seq: str, digest: str) -> str:
    return f"{crc32(f'{seq} {digest}'.encode()):08x}"
