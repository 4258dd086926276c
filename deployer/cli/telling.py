"""How a run is told while it goes on: a screen that redraws itself, or plain lines"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    def rated(self, rates: Mapping[str, str]) -> None: ...
    def limited(self, limits: Mapping[str, float]) -> None: ...


def story(clock: Clock, inventory: str = "", *, watching: bool = False) -> Story:
    """`inventory` as the operator named it, for commands to copy; `watching`: somebody else walks the run."""
    if say.lively():
        from rich.console import Console

        from deployer.report.live import LiveTable
        from deployer.report.screen import Around

        return LiveTable(Console(stderr=True), clock, Around(inventory=inventory, watching=watching))
    from deployer.report.plain import PlainStory

    return PlainStory(say.story, clock)
