"""The source `prometheus`: servers, ready and own queries, and what doctor tries of them"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from deployer.gates.judge.data import Counts, Histogram, Metric, Samples
from deployer.gates.prometheus.client import Client
from deployer.gates.prometheus.queries import asked
from deployer.gates.prometheus.template import complaints
from deployer.gates.prometheus.watch import PrometheusWatch
from deployer.gates.source import Found, Question
from deployer.machines import Estate
from deployer.settings.source import SourceValues

_LOOKED = 60.0
"""Seconds of the past that doctor asks for."""


class Prometheus:
    def __init__(self, values: SourceValues, estate: Estate) -> None:
        self._values, self._estate = values, estate
        self._asked = asked(values)

    @property
    def name(self) -> str:
        return f"prometheus {self._values.url or ', '.join(dict.fromkeys(self._values.urls.values()))}"

    @property
    def knows(self) -> tuple[str, ...]:
        return tuple(self._asked)

    def open(self, question: Question) -> PrometheusWatch:
        values = self._values
        return PrometheusWatch(question, self._estate, self._clients(), self._asked, values.step, values.site_label)

    def examine(self, question: Question) -> Iterator[Found]:
        """Reads the templates, then asks for the last minute."""
        for metric in question.metrics:
            yield from self._written(metric)
        watch = self.open(replace(question, start=question.start - _LOOKED))
        try:
            data = watch.read(question.start)
        finally:
            watch.close()
        for fault in data.faults:
            yield Found(self.name, fault.what, "see gate.source in deployer.yml")
        for site in question.sites:
            canary, baseline = (
                next(side.metrics for side in sides if side.site == site) for sides in (data.canary, data.baseline)
            )
            for metric in question.metrics:
                if metric in canary and metric in baseline:
                    yield self._measured(f"{metric} at {site}", canary[metric], baseline[metric])

    def _written(self, metric: str) -> Iterator[Found]:
        if metric not in self._asked:
            known = ", ".join(self.knows)
            yield Found(self.name, f"no query for {metric}; known: {known}", "gate.source.queries or own")
            return
        one = self._asked[metric]
        for template in one.query.templates:
            for wrong in complaints(template, one_site=bool(self._values.urls)):
                yield Found(f"query {one.origin}", f"{metric}: {wrong}", "mend gate.source in deployer.yml")

    def _measured(self, about: str, canary: Metric, baseline: Metric) -> Found:
        """Two groups that answer the same to the last request are one."""
        shown = f"{size(canary)} and {size(baseline)}"
        if not isinstance(canary, Samples) and canary == baseline and requests(canary):
            return Found(about, f"two groups answer alike ({shown}): the query mixes them", "use {scope} in the query")
        return Found(about, f"{shown} in the last {_LOOKED / 60:.0f} min")

    def _clients(self) -> Mapping[str, Client]:
        values = self._values
        if values.urls:
            return {site: Client(url, values) for site, url in values.urls.items()}
        one = Client(values.url, values)
        return dict.fromkeys(self._estate.sites, one)


def requests(metric: Metric) -> int:
    match metric:
        case Counts(_, total):
            return total
        case Histogram():
            return sum(metric.count)
    return 0


def size(metric: Metric) -> str:
    match metric:
        case Counts(bad, total):
            return f"{bad} bad of {total}"
        case Histogram():
            return f"{requests(metric)} requests"
        case Samples(values):
            return f"{sum(value is not None for value in values)} values"
