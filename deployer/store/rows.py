"""What a store offers: transactions over rows, and a promise kept beside them"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from deployer.errors import HalfWay

T = TypeVar("T")
Row = tuple[Any, ...]


class StoreUnavailable(HalfWay):
    """The store does not answer, is full or stays locked: nothing was written, or it is not known whether it was."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The last acknowledged record of a journal."""

    seq: int
    hash: str


NOTHING = Mark(0, "")


class Rows(Protocol):
    """An open transaction. `?` stands for a value in every SQL text."""

    def ask(self, sql: str, *values: object) -> Sequence[Row]: ...

    def do(self, sql: str, *values: object) -> int:
        """How many rows it changed."""

    def add(self, sql: str, rows: Sequence[Row]) -> None: ...


class Store(Protocol):
    """Rows of several services; safe to use from several threads and processes. Raises StoreUnavailable."""

    where: str

    def write(self, service: str, work: Callable[[Rows], T]) -> T:
        """One transaction, durable on return, alone among the writers of this service.

        `work` may be called again after a lost connection, even when the first time counted: it looks before it acts.
        """

    def read(self, work: Callable[[Rows], T]) -> T:
        """One snapshot; waits for no writer."""

    def promised(self, service: str) -> Mark:
        """The newest mark known outside the rows; may lag behind them, is never ahead of them."""

    def promise(self, service: str, mark: Mark) -> None: ...

    def close(self) -> None: ...
