"""HTTP/1.1 by hand: one connection of the shop"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol, cast

REASONS = {200: "OK", 201: "Created", 400: "Bad Request", 404: "Not Found", 500: "Internal Server Error"}
LONGEST_BODY = 1 << 20


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """`after` is how many seconds the answer is held back."""

    code: int
    kind: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    after: float = 0.0


class Service(Protocol):
    def begin(self) -> float: ...
    def answer(self, request: Request) -> Answer: ...
    def end(self, began: float, code: int, path: str) -> None: ...


class Connection(asyncio.Protocol):
    def __init__(self, service: Service) -> None:
        self._service = service
        self._buffer = b""
        self._busy = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._advance()

    def _advance(self) -> None:
        if self._busy or (head := self._buffer.find(b"\r\n\r\n")) < 0:
            return
        try:
            request = self._parse(head)
        except ValueError:
            self._transport.close()
            return
        if request is None:
            return
        self._busy = True
        began = self._service.begin()
        answer = self._service.answer(request)
        if answer.after:
            asyncio.get_running_loop().call_later(answer.after, self._send, request, answer, began)
        else:
            self._send(request, answer, began)

    def _parse(self, head: int) -> Request | None:
        first, *lines = self._buffer[:head].decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        if length > LONGEST_BODY:
            raise ValueError(length)
        if len(self._buffer) < head + 4 + length:
            return None
        body = self._buffer[head + 4 : head + 4 + length]
        self._buffer = self._buffer[head + 4 + length :]
        path, _, query = target.partition("?")
        return Request(method, path, query, headers, body)

    def _send(self, request: Request, answer: Answer, began: float) -> None:
        close = request.headers.get("connection", "").lower() == "close"
        lines = [
            f"HTTP/1.1 {answer.code} {REASONS[answer.code]}",
            f"Content-Type: {answer.kind}",
            f"Content-Length: {len(answer.body)}",
            *(f"{name}: {value}" for name, value in answer.headers),
            *(("Connection: close",) if close else ()),
        ]
        body = b"" if request.method == "HEAD" else answer.body
        self._transport.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        self._service.end(began, answer.code, request.path)
        self._busy = False
        if close:
            self._transport.close()
        elif self._buffer:
            self._advance()
