"""A window of data: when it may begin, what is asked in it, and when it is void"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from deployer.gates.judge.config import Config
from deployer.gates.judge.data import Data, Fault, Side
from deployer.gates.source import Group, Question, Source, Watch
from deployer.steps import Ask, Versus
from deployer.world import Past

SPARE = 30.0
"""Seconds after which a spare that has faults too is opened anew."""


@dataclass(slots=True)
class Window:
    """The run's `number`-th; `restarted`: all former hosts were, together with the new ones.

    While what is read has faults, a `spare` watch stands by to take its place.
    """

    source: Source
    question: Question
    restarted: bool
    number: int
    watch: Watch
    spare: Watch | None = None

    @classmethod
    def opened(cls, source: Source, question: Question, number: int, *, restarted: bool) -> Window:
        return cls(source, question, restarted, number, source.open(question))

    def read(self, now: float, before: Mapping[str, Side]) -> Data:
        """What was measured until now; where nobody is on the former release any more, what it did `before`.

        A fault that does not go away, but is not in a window that began later, ends this one: it has the next number
        then.
        """
        data = self.watch.read(now)
        if data.faults:
            data = self._or_the_spare(data, now)
        else:
            self._let_go()
        against = "baseline" if self.restarted else "stable"
        return replace(_with(self._loaded(data, now), self.question, before), against=against)

    def _loaded(self, data: Data, now: float) -> Data:
        """With what each host had to serve."""
        seconds = max(now - self.watch.since, 1.0)

        def loaded(side: Side, group: Group) -> Side:
            return replace(side, load=side.requests / seconds / max(len(group.at(side.site)), 1))

        return replace(
            data,
            canary=tuple(loaded(side, self.question.canary) for side in data.canary),
            baseline=tuple(loaded(side, self.question.baseline) for side in data.baseline),
        )

    def _or_the_spare(self, data: Data, now: float) -> Data:
        if self.spare is not None:
            later = self.spare.read(now)
            if len(later.faults) < len(data.faults):
                self.watch.close()
                self.watch, self.spare, self.number = self.spare, None, self.number + 1
                return later
            if now - self.spare.since < SPARE:
                return data
        self._let_go()
        self.spare = self.source.open(replace(self.question, start=now))
        return data

    def close(self) -> None:
        self._let_go()
        self.watch.close()

    def _let_go(self) -> None:
        if self.spare is not None:
            self.spare.close()
            self.spare = None


def begins(step: Ask, past: Past, warm_up: float) -> float:
    """When the window may begin: after the last change of hosts and shares, and when all hosts are warm.

    Infinity while a site is being changed.
    """
    if past.changing.intersection(one.site for one in step.versus):
        return float("inf")
    changed = [past.changed.get(one.site, 0.0) for one in step.versus]
    warm = [past.restarted[host] + warm_up for host in _hosts(step) if host in past.restarted]
    return max((*changed, *warm), default=0.0)


def question(step: Ask, config: Config, start: float, versus: tuple[Versus, ...]) -> Question:
    """What is asked of the source: each measured thing once."""
    return Question(
        canary=Group(step.release, {one.site: one.new for one in versus}),
        baseline=Group(step.former, {one.site: one.old for one in versus if one.old}),
        sites=tuple(one.site for one in versus),
        metrics=tuple(dict.fromkeys(metric.source for metric in config.metrics)),
        start=start,
    )


def _hosts(step: Ask) -> tuple[str, ...]:
    return tuple(host for one in step.versus for host in (*one.new, *one.old))


def _with(data: Data, asked: Question, before: Mapping[str, Side]) -> Data:
    gone = [site for site in asked.sites if not asked.baseline.at(site)]
    sides = tuple(side for side in data.baseline if side.site not in gone)
    told = tuple(before[site] for site in gone if site in before)
    strange = tuple(
        Fault("nobody is on the former release any more, and it was not judged before", site)
        for site in gone
        if site not in before
    )
    return replace(data, baseline=(*sides, *told), faults=(*data.faults, *strange))
