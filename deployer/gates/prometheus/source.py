"""The source `prometheus`: servers, ready and own queries, and what doctor tries of them"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from deployer.gates.judge.data import Counts, Data, Histogram, Metric, Samples
from deployer.gates.prometheus.client import Client
from deployer.gates.prometheus.nobody import heard
from deployer.gates.prometheus.queries import asked
from deployer.gates.prometheus.template import complaints
from deployer.gates.prometheus.watch import PrometheusWatch
from deployer.gates.source import Found, Question
from deployer.machines import Estate
from deployer.settings.source import SourceValues

_LOOKED = (60.0, 10.0)
"""Seconds of the past that doctor asks for; fewer where something is younger."""
_SCOPE = "use {scope} in each selector of the query, or {site} with {release} or {group}"


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
        """Reads the templates, asks them for nobody, and then for the last minute."""
        for metric in question.metrics:
            yield from self._written(metric)
        for looked in _LOOKED:
            start = int(question.start - looked)
            watch = self.open(replace(question, start=start))
            data = watch.read(question.start)
            if watch.since == start:
                break
        for fault in data.faults:
            yield Found(self.name, fault.what, "see gate.source in deployer.yml")
        if data.canary and any(side.metrics for side in data.canary):
            for said in dict.fromkeys(said for cell in watch.cells() for said in heard(cell, question.start)):
                yield Found(self.name, said, _SCOPE, grave=True)
        yield from self._measured(data, looked)
        watch.close()

    def _written(self, metric: str) -> Iterator[Found]:
        if metric not in self._asked:
            known = ", ".join(self.knows)
            yield Found(self.name, f"no query for {metric}; known: {known}", "gate.source.queries or own", grave=True)
            return
        one = self._asked[metric]
        for template in one.query.templates:
            for wrong in complaints(template, one_site=bool(self._values.urls)):
                yield Found(f"query {one.origin}", f"{metric}: {wrong}", "mend gate.source in deployer.yml", True)

    def _measured(self, data: Data, looked: float) -> Iterator[Found]:
        for canary, baseline in zip(data.canary, data.baseline, strict=True):
            for metric in [name for name in canary.metrics if name in baseline.metrics]:
                shown = f"{size(canary.metrics[metric])} and {size(baseline.metrics[metric])}"
                yield Found(f"{metric} at {canary.site}", f"{shown} in the last {looked:.0f} s")

    def _clients(self) -> Mapping[str, Client]:
        values = self._values
        if values.urls:
            return {site: Client(url, values) for site, url in values.urls.items()}
        one = Client(values.url, values)
        return dict.fromkeys(self._estate.sites, one)


def size(metric: Metric) -> str:
    match metric:
        case Counts(bad, total):
            return f"{bad} bad of {total}"
        case Histogram():
            return f"{sum(metric.count)} requests"
        case Samples(values):
            return f"{sum(value is not None for value in values)} values"
