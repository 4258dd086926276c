"""A frame as server-sent events: each part is made to bytes once, and sent when it differs"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from html import escape

from deployer.web.frame import Frame


@dataclass(frozen=True, slots=True)
class Told:
    """What every message ends with: the server's clock, why the journal cannot be read, which run is the newest."""

    now: float
    failed: str
    newest: str


@dataclass(frozen=True, slots=True)
class Wire:
    """`id` of each event is the seq of the newest record in it: a browser that comes back names it."""

    seq: int = 0
    parts: Mapping[str, bytes] = field(default_factory=dict)
    log: tuple[tuple[int, bytes], ...] = ()

    @classmethod
    def of(cls, frame: Frame) -> Wire:
        parts = {name: event(name, text) for name, text in frame.parts.items()}
        parts["curves"] = event("curves", frame.curves)
        return cls(frame.seq, parts, tuple((seq, line_html(seq, line).encode()) for seq, line in frame.log))

    def since(self, after: int, had: dict[str, bytes], beat: Told) -> bytes:
        """For one viewer, who has the log up to `after`; `had` is what they were sent, and is brought up to date."""
        told = [part for name, part in self.parts.items() if had.get(name) != part]
        had.update(self.parts)
        if new := b"".join(line for seq, line in self.log if seq > after):
            told.append(event("log", new.decode(), self.seq))
        told.append(event("clock", json.dumps(asdict(beat)), self.seq or None))
        return b"".join(told)


def line_html(seq: int, line: str) -> str:
    return f'<li data-seq="{seq}">{escape(line)}</li>'


def event(name: str, text: str, number: int | None = None) -> bytes:
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return f"event: {name}\n{f'id: {number}{chr(10)}' if number else ''}{lines}\n".encode()
