"""What a real Prometheus measured comes back exactly; when it is ill, nothing comes back but its name"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from deployer.gates.judge.data import Counts, Data, Histogram, Metric, Samples
from deployer.gates.prometheus.source import Prometheus
from deployer.settings.source import QueryValues, SourceValues
from tests.gates.prometheus.parts import Ground, ground
from tests.ssh.parts import until

OK, BAD = 'http_requests_total{code="200"}', 'http_requests_total{code="500"}'
EDGES = ("0.1", "0.5", "+Inf")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground(tmp_path_factory.mktemp("prometheus")) as found:
        for exporter in found.exporters.values():
            exporter.values[OK] = 1000
        yield found


@pytest.fixture
def well(place: Ground) -> Ground:
    """Whatever the test before did."""
    for exporter in place.exporters.values():
        exporter.down = False
    if place.prometheus.process is None:
        place.prometheus.start()
    place.prometheus.thaw()
    return place


def source(place: Ground, **more: object) -> Prometheus:
    told = {"kind": "prometheus", "url": place.prometheus.url, "queries": ["shop"], "step": 2, "timeout": 3, **more}
    if "urls" in more:
        del told["url"]
    return Prometheus(SourceValues.model_validate(told), place.estate)


def of(data: Data, group: str, site: str, metric: str = "error_rate") -> Metric | None:
    sides = {"canary": data.canary, "baseline": data.baseline}[group]
    return next(side.metrics.get(metric) for side in sides if side.site == site)


def whats(data: Data) -> str:
    return "\n".join(fault.what for fault in data.faults)


def test_counts_are_exact_from_the_first_error_on(well: Ground) -> None:
    watch = source(well).open(well.question(well.scraped()))
    for name, more in (("web1", 90), ("web2", 100), ("web3", 7), ("web4", 8)):
        well.exporters[name].add(OK, more)
    well.exporters["web1"].add(BAD, 3)  # a series that was not there before
    data = watch.read(well.scraped())
    assert not data.faults
    assert of(data, "canary", "dc1") == Counts(3, 93)
    assert of(data, "baseline", "dc1") == Counts(0, 100)
    assert of(data, "canary", "dc2") == Counts(0, 7)


def test_what_was_sent_is_kept_word_by_word(well: Ground) -> None:
    """Whoever doubts a verdict asks the same again."""
    watch = source(well).open(well.question(well.scraped()))
    well.exporters["web1"].add(OK, 12)
    read = well.scraped()
    data = watch.read(read)
    sent = [one.text for one in data.queries if (one.group, one.site, one.metric) == ("canary", "dc1", "error_rate")]
    assert len(sent) == 2, "bad, and all"
    assert all("web1" in text and "web2" not in text for text in sent)
    assert sorted(well.prometheus.ask(text, read) for text in sent) == [[0.0], [12.0]]
    assert {(one.group, one.site) for one in data.queries} == {
        (group, site) for group in ("canary", "baseline") for site in ("dc1", "dc2")
    }


def test_a_process_that_restarted_in_the_window_counts_from_nothing(well: Ground) -> None:
    well.exporters["web1"].values[OK] = 5000
    watch = source(well).open(well.question(well.scraped(), sites=("dc1",)))
    well.exporters["web1"].values[OK] = 40
    data = watch.read(well.scraped())
    assert of(data, "canary", "dc1") == Counts(0, 40)


def test_histograms_and_gauges(well: Ground) -> None:
    bucket = 'http_request_duration_seconds_bucket{{le="{}"}}'
    for host, exporter in well.exporters.items():
        exporter.values |= {bucket.format(edge): 0 for edge in EDGES}
        exporter.values["process_resident_memory_bytes"] = 100 if host in ("web1", "web3") else 50
    metrics = ("latency", "memory")
    watch = source(well).open(well.question(well.scraped(), *metrics))
    for edge, count in zip(EDGES, (5, 8, 10), strict=True):
        well.exporters["web1"].add(bucket.format(edge), count)
    data = watch.read(well.scraped(seconds=3))
    assert not data.faults
    assert of(data, "canary", "dc1", "latency") == Histogram("s", (0.1, 0.5, float("inf")), (5, 3, 2))
    memory = of(data, "canary", "dc1", "memory")
    assert isinstance(memory, Samples)
    assert set(memory.values) == {100.0}
    assert memory.step == 2


def test_a_host_that_is_not_scraped_is_named(well: Ground) -> None:
    watch = source(well).open(well.question(well.scraped()))
    well.exporters["web3"].down = True
    data = watch.read(well.scraped())
    assert [(fault.site, fault.metric) for fault in data.faults] == [("dc2", "error_rate")]
    assert "canary at dc2: no series" in whats(data)
    assert of(data, "canary", "dc2") is None
    assert of(data, "baseline", "dc1") is not None


def test_series_that_begin_after_the_window_make_it_begin_anew(well: Ground) -> None:
    """As when a Prometheus lost its data: all of a counter would count as the window's."""
    watch = source(well).open(well.question(well.scraped() - 3000, sites=("dc1",)))
    data = watch.read(well.scraped())
    assert "no series" in whats(data)
    assert "begins anew now" in whats(data)
    well.exporters["web1"].add(OK, 4)
    data = watch.read(well.scraped())
    assert not data.faults
    assert of(data, "canary", "dc1") == Counts(0, 4)


def test_one_site_short(well: Ground) -> None:
    values = {"dc1": well.prometheus.url}
    data = source(well, urls=values).open(well.question(well.scraped())).read(well.scraped())
    assert {fault.site for fault in data.faults} == {"dc2"}
    assert "no Prometheus is known for dc2" in whats(data)
    values = {"dc1": well.prometheus.url, "dc2": "http://127.40.1.2:9090"}
    data = source(well, urls=values).open(well.question(well.scraped())).read(well.scraped())
    assert "http://127.40.1.2:9090: does not answer: Connection refused" in whats(data)
    assert of(data, "canary", "dc1") is not None


def test_killed_paused_and_restarted(well: Ground) -> None:
    start = well.scraped()
    watch = source(well).open(well.question(start, sites=("dc1",)))
    well.exporters["web1"].add(OK, 10)
    well.scraped()
    well.prometheus.freeze()
    data = watch.read(time.time())
    assert f"{well.prometheus.url}: no answer within 3 s" in whats(data)
    assert of(data, "canary", "dc1") is None
    well.prometheus.thaw()
    well.scraped()
    well.prometheus.stop()
    data = watch.read(time.time())
    assert whats(data) == f"{well.prometheus.url}: does not answer: Connection refused"
    assert of(data, "canary", "dc1") is None
    well.exporters["web1"].add(OK, 10)
    well.prometheus.start()
    end = well.scraped()
    data = watch.read(end)
    assert not data.faults
    assert of(data, "canary", "dc1") == Counts(0, 20)


def test_data_that_are_old_are_no_data(well: Ground) -> None:
    """It answers, and scrapes no more: the last it knows would look like silence of the users."""
    watch = source(well, step=1).open(well.question(well.scraped(), sites=("dc1",)))
    well.prometheus.stop()
    stopped = time.time()
    until(lambda: time.time() > stopped + 4, "its data are old", within=60)
    well.prometheus.configure({})
    well.prometheus.start()
    try:
        data = watch.read(time.time())
    finally:
        well.prometheus.stop()
        labels = {
            well.exporters[host.name].address: {"host": host.name, "site": host.site} for host in well.estate.hosts
        }
        well.prometheus.configure(labels)
    assert "not scraped for" in whats(data)
    assert of(data, "canary", "dc1") is None


def test_a_query_that_mixes_groups_is_caught_when_written_and_when_it_answers(well: Ground) -> None:
    own = {"error_rate": QueryValues(bad=BAD, total='http_requests_total{site="{site}",host=~".+"}')}
    found = list(source(well, own=own).examine(well.question(well.scraped())))
    assert any("http_requests_total mixes groups: it has none of" in one.found for one in found)
    sly = 'http_requests_total{host=~"{hosts}|.+",site="{site}"}'
    own = {"error_rate": QueryValues(bad=sly, total=sly)}
    found = list(source(well, own=own).examine(well.question(well.scraped())))
    grave = [one.found for one in found if one.grave]
    assert grave == [f"error_rate answers for hosts and a release there are none of: {sly} mixes them"]
    deaf = 'http_requests_total{site=~"{site}|dc.",host=~"web.",note!="{release}"}'
    own = {"error_rate": QueryValues(bad=deaf, total=deaf)}
    assert [one for one in source(well, own=own).examine(well.question(time.time())) if one.grave]
    found = list(source(well).examine(well.question(time.time())))
    assert not [one for one in found if one.remedy], found
    assert {one.about for one in found} == {"error_rate at dc1", "error_rate at dc2"}


def test_doctor_shows_what_each_metric_measures(well: Ground) -> None:
    found = list(source(well).examine(well.question(well.scraped(), "error_rate", "teapots")))
    assert any("no query for teapots; known: error_rate, latency, cpu" in one.found for one in found)
