"""One HTTP/1.1 connection of a client that retries and hides nothing"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from deployer.lab.layout import SERVICE_PORT

LONGEST = 15.0
LONGEST_IDLE = 5.0  # shorter than any keep-alive timeout on the way: nobody hangs up on us by right


class Failed(Exception):
    """`kind`: refused, reset, empty-reply, cut-reply, timeout, garbage or no-connection."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Reply:
    code: int
    release: str
    cookies: tuple[str, ...]
    body: bytes


class Link:
    """Reused until the server says `Connection: close`, hangs up while idle, or it was idle for long."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._used = 0.0

    async def ask(self, method: str, target: str, headers: str = "", body: bytes = b"") -> Reply:
        """`headers` are whole lines. Raises Failed."""
        try:
            async with asyncio.timeout(LONGEST):
                return await self._ask(method, target, headers, body)
        except TimeoutError:
            self.close()
            raise Failed("timeout") from None
        except Failed:
            self.close()
            raise

    async def _ask(self, method: str, target: str, headers: str, body: bytes) -> Reply:
        reader, writer = await self._open()
        length = f"Content-Length: {len(body)}\r\n" if body or method == "POST" else ""
        head = f"{method} {target} HTTP/1.1\r\nHost: shop.lab\r\n{headers}{length}\r\n"
        try:
            writer.write(head.encode() + body)
            reply, close = await self._read(reader)
        except ConnectionError as error:
            raise Failed("reset") from error
        self._used = asyncio.get_running_loop().time()
        if close:
            self.close()
        return reply

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        idle = asyncio.get_running_loop().time() - self._used
        if self._reader is not None and (self._reader.at_eof() or idle > LONGEST_IDLE):
            self.close()
        if self._reader is None or self._writer is None:
            try:
                self._reader, self._writer = await asyncio.open_connection(self._address, SERVICE_PORT)
            except ConnectionRefusedError as error:
                raise Failed("refused") from error
            except OSError as error:
                raise Failed("no-connection") from error
        return self._reader, self._writer

    async def _read(self, reader: asyncio.StreamReader) -> tuple[Reply, bool]:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            raise Failed("cut-reply" if error.partial else "empty-reply") from error
        try:
            first, *lines = head[:-4].decode("latin-1").split("\r\n")
            code = int(first.split(" ", 2)[1])
            fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
            known = dict(fields)
            length = int(known.get("content-length", "0"))
        except (ValueError, IndexError) as error:
            raise Failed("garbage") from error
        try:
            body = await reader.readexactly(length)
        except asyncio.IncompleteReadError as error:
            raise Failed("cut-reply") from error
        cookies = tuple(value for name, value in fields if name == "set-cookie")
        return Reply(code, known.get("x-release", ""), cookies, body), known.get("connection", "") == "close"

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None
