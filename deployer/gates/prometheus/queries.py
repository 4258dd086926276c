"""The knowledge: ready queries for what services, hosts and balancers are wont to export

A selector stands for its counters; counted.py tells how they are added up over a window. `{scope}` are the matchers of
the hosts of one group at one site.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from deployer.settings.source import QueryValues, SourceValues

ANY_PORT = "({name}|{address})(:[0-9]+)?"
LATENCY = "latency"


@dataclass(frozen=True, slots=True)
class Query:
    """One metric: counts (`bad` of `total`, each a sum of selectors), a histogram (`buckets`), or a gauge (`value`)."""

    bad: tuple[str, ...] = ()
    total: tuple[str, ...] = ()
    buckets: str = ""
    unit: str = "s"
    value: str = ""
    hint: str = ""

    @property
    def templates(self) -> Iterator[str]:
        yield from (*self.bad, *self.total, *filter(None, (self.buckets, self.value)))


@dataclass(frozen=True, slots=True)
class Set:
    """What one kind of exporter knows; `label` names the host, `value` is what it says."""

    metrics: Mapping[str, Query]
    label: str = "instance"
    value: str = ANY_PORT


_BROKEN = ("haproxy_server_connection_errors_total{{scope}}", "haproxy_server_response_errors_total{{scope}}")
_BLOCKED = 'sum(jvm_threads_states_threads{{scope},state="blocked"}) / sum(jvm_threads_live_threads{{scope}})'

SETS = {
    "spring": Set(
        {
            "error_rate": Query(
                bad=('http_server_requests_seconds_count{{scope},outcome="SERVER_ERROR",uri!~"/actuator.*"}',),
                total=('http_server_requests_seconds_count{{scope},uri!~"/actuator.*"}',),
            ),
            LATENCY: Query(
                buckets='http_server_requests_seconds_bucket{{scope},uri!~"/actuator.*"}',
                hint="management.metrics.distribution.percentiles-histogram.http.server.requests=true",
            ),
            "cpu": Query(value="avg(process_cpu_usage{{scope}})"),
            "memory": Query(
                value='sum(jvm_memory_used_bytes{{scope},area="heap"}) / count(jvm_threads_live_threads{{scope}})'
            ),
            "blocked_threads": Query(value=_BLOCKED),
        }
    ),
    "shop": Set(
        {
            "error_rate": Query(
                bad=('http_requests_total{{scope},code=~"5.."}',), total=("http_requests_total{{scope}}",)
            ),
            LATENCY: Query(buckets="http_request_duration_seconds_bucket{{scope}}"),
            "cpu": Query(value="avg(rate(process_cpu_seconds_total{{scope}}[{window}]))"),
            "memory": Query(value="avg(process_resident_memory_bytes{{scope}})"),
            "blocked_threads": Query(value="sum(shop_threads_blocked{{scope}}) / sum(shop_threads{{scope}})"),
        },
        label="host",
        value="{name}",
    ),
    "haproxy": Set(
        {
            "error_rate": Query(
                bad=('haproxy_server_http_responses_total{{scope},code="5xx"}', *_BROKEN),
                total=('haproxy_server_http_responses_total{{scope},code=~"[2-5]xx"}', *_BROKEN),
            )
        },
        label="server",
        value="{name}",
    ),
    "nginx": Set(
        {
            "error_rate": Query(
                bad=('nginx_vts_upstream_requests_total{{scope},code="5xx"}',),
                total=('nginx_vts_upstream_requests_total{{scope},code=~"[2-5]xx"}',),
            ),
            LATENCY: Query(
                buckets="nginx_vts_upstream_response_duration_seconds_bucket{{scope}}",
                hint="vhost_traffic_status_histogram_buckets 0.005 0.01 0.05 0.1 0.5 1 5 10",
            ),
        },
        label="backend",
        value="{address}:{port}",
    ),
    "node": Set(
        {
            "cpu": Query(value='1 - avg(rate(node_cpu_seconds_total{{scope},mode="idle"}[{window}]))'),
            "memory": Query(
                value="1 - sum(node_memory_MemAvailable_bytes{{scope}}) / sum(node_memory_MemTotal_bytes{{scope}})"
            ),
        }
    ),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A query with the label by which it tells hosts apart."""

    query: Query
    label: str
    value: str
    origin: str = field(compare=False, default="")


def asked(values: SourceValues) -> Mapping[str, Asked]:
    """By metric, what is asked: own queries first, then the ready ones in the order they are named."""
    label, value = values.host_label, values.host_value
    found = {
        name: Asked(_own(own), label or "instance", value or ANY_PORT, f"own.{name}")
        for name, own in values.own.items()
    }
    for name in values.queries:
        ready = SETS[name]
        for metric, query in ready.metrics.items():
            found.setdefault(metric, Asked(query, label or ready.label, value or ready.value, name))
    return found


def _own(own: QueryValues) -> Query:
    bad, total = ((own.bad,), (own.total,)) if own.bad else ((), ())
    return Query(bad, total, own.buckets, own.unit, own.value)
