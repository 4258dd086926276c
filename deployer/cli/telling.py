"""How a run is told while it goes on: a table that redraws itself, or plain lines"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, Self

from deployer.cli import say
from deployer.events import Record
from deployer.progress import StepId
from deployer.world import Clock


class Story(Protocol):
    def __enter__(self) -> Self: ...
    def __exit__(self, *failure: object) -> None: ...
    def catch_up(self, records: Iterable[Record]) -> None: ...
    def listen(self, record: Record) -> None: ...
    def tell(self, step: StepId, line: str) -> None: ...
    def say(self, line: str) -> None: ...
    def measured(self, lines: Sequence[str]) -> None: ...


def story(clock: Clock) -> Story:
    if say.lively():
        from rich.console import Console

        from deployer.report.live import LiveTable

        return LiveTable(Console(stderr=True), clock)
    from deployer.report.plain import PlainStory

    return PlainStory(say.story, clock)
