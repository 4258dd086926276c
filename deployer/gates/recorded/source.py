"""The source `files`: numbers that somebody else measures and writes, one file per side, read anew at each look"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from deployer.clock import WallClock
from deployer.errors import UsageError
from deployer.gates.judge.data import Data, Fault, Side
from deployer.gates.recorded.read import read
from deployer.gates.source import Found, Question
from deployer.world import Clock


@dataclass(frozen=True, slots=True)
class FilesWatch:
    """A file that was written before the window began says nothing of it."""

    files: Mapping[str, Path]
    question: Question
    since: float

    def read(self, until: float) -> Data:  # noqa: ARG002 - whoever writes them knows until when
        sides, faults = {}, []
        for group, path in self.files.items():
            sides[group], wrong = self._one(group, path)
            faults += wrong
        return Data(sides["baseline"], sides["canary"], tuple(faults))

    def close(self) -> None:
        """Nothing is open."""

    def _one(self, group: str, path: Path) -> tuple[tuple[Side, ...], list[Fault]]:
        try:
            written = path.stat().st_mtime
            found = read(path)
        except (UsageError, OSError) as wrong:
            said = wrong.what if isinstance(wrong, UsageError) else str(wrong.strerror)
            return (), [Fault(f"{path}: {said}")]
        if written < self.since:
            return (), [Fault(f"{path} was written {self.since - written:.0f} s before the window began")]
        sides = tuple(self._asked(side) for side in self._named(found.sides) if side.site in self.question.sites)
        return sides, [*found.faults, *self._missing(group, path, sides)]

    def _named(self, sides: tuple[Side, ...]) -> tuple[Side, ...]:
        """A file without sites is of the one that is asked for."""
        sites = self.question.sites
        alone = len(sites) == 1 and [side.site for side in sides] == [""]
        return (replace(sides[0], site=sites[0]),) if alone else sides

    def _asked(self, side: Side) -> Side:
        return replace(
            side, metrics={name: side.metrics[name] for name in self.question.metrics if name in side.metrics}
        )

    def _missing(self, group: str, path: Path, sides: tuple[Side, ...]) -> Iterator[Fault]:
        there = {side.site: side.metrics for side in sides}
        for site in self.question.sites:
            if site not in there:
                yield Fault(f"{path} has no site {site}", site)
                continue
            for metric in self.question.metrics:
                if metric not in there[site]:
                    yield Fault(f"{path} has no {metric} of {group} at {site}", site, metric)


@dataclass(frozen=True, slots=True)
class Files:
    """`files` by group: canary, baseline."""

    files: Mapping[str, Path]
    clock: Clock = field(default_factory=WallClock)

    @property
    def name(self) -> str:
        return f"files {', '.join(map(str, self.files.values()))}"

    @property
    def knows(self) -> tuple[str, ...]:
        """What is in both of them now."""
        found = []
        for path in self.files.values():
            try:
                found.append({name for side in read(path).sides for name in side.metrics})
            except UsageError:
                return ()
        return tuple(sorted(set.intersection(*found)))

    def open(self, question: Question) -> FilesWatch:
        return FilesWatch(self.files, question, question.start)

    def examine(self, question: Question) -> Iterator[Found]:
        data = self.open(replace(question, start=0.0)).read(self.clock.now())
        for fault in data.faults:
            yield Found(self.name, fault.what, "see gate.source.files in deployer.yml; docs/gate.md shows the formats")
        if not data.faults:
            yield Found(self.name, f"have {', '.join(question.metrics)} of {', '.join(question.sites)}")
