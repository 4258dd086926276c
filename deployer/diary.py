"""One run's pages of the journal, and the progress they add up to"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import RLock
from typing import Protocol

from deployer.events import AbortAsked, Event, Frozen, Lifted, Record
from deployer.progress import Progress, fold


class Journal(Protocol):
    """Where records are kept; `append` is one durable transaction and refuses an overtaken epoch (Overtaken).

    `word` is the last one on the service as a whole, Frozen or Lifted.
    `quiet` may say at no cost that nobody else has written since the last `since` or `append`; False says nothing.
    """

    def append(self, run: str, *events: Event, epoch: int | None) -> Sequence[Record]: ...
    def events(self, run: str) -> Sequence[Record]: ...
    def since(self, run: str, seq: int) -> Sequence[Record]: ...
    def quiet(self) -> bool: ...
    def word(self) -> Record | None: ...


class Diary:
    """Writes first, then believes: progress changes only by records that are durable."""

    def __init__(self, journal: Journal, run: str, epoch: int, listen: Callable[[Record], None]) -> None:
        self.run = run
        self.epoch = epoch
        self._journal = journal
        self._listen = listen
        self._lock = RLock()
        records = journal.events(run)
        self.progress: Progress = fold(records)
        self._read = records[-1].seq if records else 0
        self._own: set[int] = set()
        self.word = journal.word()

    def write(self, *events: Event) -> None:
        with self._lock:
            records = self._journal.append(self.run, *events, epoch=self.epoch)
            if self._read:
                self._own.update(record.seq for record in records)
            else:  # a run that begins: what lies before is not its own
                self._read = records[-1].seq
            for record in records:
                self._take(record)

    def abort_asked(self) -> AbortAsked | None:
        """Read what others wrote meanwhile, of this run and of the service; it may lie between two records of ours."""
        with self._lock:
            if self._journal.quiet():
                return self.progress.abort
            for record in self._journal.since(self.run, self._read):
                self._read = record.seq
                if record.seq in self._own:
                    self._own.remove(record.seq)
                else:
                    self._take(record)
            return self.progress.abort

    def _take(self, record: Record) -> None:
        if isinstance(record.event, Frozen | Lifted):
            self.word = record
        self.progress.apply(record)
        self._listen(record)
