"""A query belongs to one group at one site; others are named"""

from __future__ import annotations

import pytest

from deployer.gates.prometheus.queries import SETS
from deployer.gates.prometheus.template import Scope, complaints
from deployer.machines import Host, Login


def host(name: str, address: str) -> Host:
    return Host(name, "dc1", Login(address), address, 8080, "/r", "/h")


SCOPE = Scope(
    "dc1",
    "canary",
    "1.1.0",
    (host("web.1", "10.0.0.1"), host("web-2", "::1")),
    "instance",
    "({name}|{address})(:[0-9]+)?",
)


def test_holes_are_filled_and_escaped() -> None:
    filled = SCOPE.filled('rate(x{{scope},site="{site}",v="{release}",g="{group}"}[{window}])', 90.7)
    assert filled == (
        r'rate(x{instance=~"(web\\.1|10\\.0\\.0\\.1)(:[0-9]+)?|(web\\-2|::1)(:[0-9]+)?",'
        'site="dc1",v="1.1.0",g="canary"}[90s])'
    )


@pytest.mark.parametrize(("said", "name"), [("web.1:9100", "web.1"), ("10.0.0.1", "web.1"), ("webx1", None)])
def test_a_label_is_told_from_others(said: str, name: str | None) -> None:
    found = SCOPE.host(said)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    "template",
    [
        'sum(rate(a{{scope}}[{window}])) / sum(rate(b{{scope},le=~"}"}[{window}]))',
        'sum by (instance, le) (a{host=~"{hosts}"} offset 5m)',
        'a{site="{site}",release="{release}"} or vector(0)',
        "max_over_time(a{{scope}}[{window}:5s]) > bool 1e3 and on (host) b{{scope}}  # c mixes",
    ],
)
def test_what_tells_groups_and_sites_apart_is_well(template: str) -> None:
    assert not list(complaints(template, one_site=False))


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ('a{site="{site}"}', "a mixes groups"),
        ('a{release="{release}"}', "a ignores the site"),
        ("sum(rate(a{{scope}}[5m])) / sum(rate(b[5m]))", "b mixes groups"),
        ('sum(a{{scope}}) / count(b{job="{x}"})', "b mixes groups"),
        ('label_replace(up, "a", "$1", "b", "{scope}")', "up mixes groups"),
        ("job:errors:rate5m", "job:errors:rate5m mixes groups"),
        ('a{note="{scope}"} offset 5m unless b', "b mixes groups"),
    ],
)
def test_what_mixes_is_named(template: str, said: str) -> None:
    assert any(said in one for one in complaints(template, one_site=False))


def test_where_each_site_has_its_own_server_the_site_need_not_be_named() -> None:
    assert not list(complaints('a{release="{release}"}', one_site=True))


@pytest.mark.parametrize("name", SETS)
def test_ready_queries_are_well(name: str) -> None:
    for query in SETS[name].metrics.values():
        for template in query.templates:
            assert not list(complaints(template, one_site=False)), template
