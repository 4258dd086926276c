"""Lines from a pipe, without a buffer that a thread could hold on to at the end"""

from __future__ import annotations

import os


class Lines:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = b""

    def fileno(self) -> int:
        return self._descriptor

    def next(self) -> str:
        """The next line without its end; "" when the other side has closed."""
        while b"\n" not in self._rest:
            got = os.read(self._descriptor, 65536)
            if not got:
                return ""
            self._rest += got
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()
