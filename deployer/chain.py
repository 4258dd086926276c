"""Records linked by hashes: what changed, vanished or was slipped in is noticed"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from deployer.store.rows import Mark


class Line(NamedTuple):
    """A record as it lies in the store; `body` is the event as codec text, `hash` 64 hex digits."""

    seq: int
    run: str
    at: float
    kind: str
    hash: str
    body: str


class Broken(Exception):
    """The chain does not hold at record `seq`."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(why)
        self.seq = seq
        self.why = why


def linked(service: str, head: Mark, run: str, at: float, written: Iterable[tuple[str, str]]) -> Sequence[Line]:
    """New lines behind the head; `written` are (kind, body)."""
    lines: list[Line] = []
    before = head.hash
    for seq, (kind, body) in enumerate(written, head.seq + 1):
        before = _hash(before, service, seq, run, at, kind, body)
        lines.append(Line(seq, run, at, kind, before, body))
    return lines


def checked(service: str, before: Mark, lines: Iterable[Line]) -> Iterator[Line]:
    """The lines that follow `before`, each checked; raises Broken."""
    for line in lines:
        if line.seq != before.seq + 1:
            raise Broken(before.seq + 1, "it is missing")
        seq, run, at, kind, digest, body = line
        if digest != _hash(before.hash, service, seq, run, at, kind, body):
            raise Broken(line.seq, "it was changed: its hash does not follow from the record before")
        before = Mark(line.seq, line.hash)
        yield line


def _hash(before: str, service: str, seq: int, run: str, at: float, kind: str, body: str) -> str:  # noqa: PLR0917
    """Lengths keep the borders: no two different records read the same."""
    text = f"{before} {seq} {at!r} {len(service)} {service} {len(run)} {run} {kind} {body}"
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
