"""Groups and variables become sites with hosts and balancers, or one message with every complaint"""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.errors import InventoryError
from deployer.inventory.estate import MAPS, build
from deployer.inventory.facts import Facts, Value
from deployer.machines import EdgeNode, Login
from deployer.shipped import templates
from tests.inventory.ground import facts, grouped, settings

PROD = Path("inventories/prod")


def _complaints(tmp_path: Path, given: Facts, **changed: object) -> list[str]:
    with pytest.raises(InventoryError) as refused:
        build(PROD, given, settings(tmp_path, **changed))
    assert refused.value.exit_code == 2
    assert "ansible-inventory -i inventories/prod --graph" in refused.value.remedy
    return refused.value.what.replace(f"{PROD}: ", "").splitlines()


def test_sites_in_the_order_of_the_settings_and_hosts_as_people_count(tmp_path: Path) -> None:
    estate = build(PROD, facts(), settings(tmp_path))
    assert [(host.site, host.name) for host in estate.hosts] == [
        ("dc1", "web1"),
        ("dc1", "web2"),
        ("dc1", "web10"),
        ("dc2", "web3"),
    ]
    assert [(balancer.site, balancer.name, balancer.pool) for balancer in estate.balancers] == [
        ("dc1", "lb1", "shop"),
        ("dc2", "lb2", "shop"),
    ]
    assert estate.edges == ()


def test_variables_of_one_machine_override_the_settings(tmp_path: Path) -> None:
    host: dict[str, Value] = {
        "deployer_root": "/opt/shop",
        "deployer_control": "/opt/shop/bin/ctl",
        "deployer_port": "8081",
        "deployer_address": "10.9.9.9",
        "deployer_health_file": "/opt/shop/up",
    }
    balancer: dict[str, Value] = {
        "deployer_socket": "/run/a.sock",
        "deployer_master_socket": "/run/m.sock",
        "deployer_maps": "/etc/m",
        "deployer_kind": "nginx",
    }
    estate = build(PROD, facts(web1=host, lb1=balancer), settings(tmp_path))
    web1, web2 = estate.by_name["web1"], estate.by_name["web2"]
    assert (web1.root, web1.unit, web1.control) == ("/opt/shop", "", "/opt/shop/bin/ctl")
    assert (web1.port, web1.address, web1.health_file) == (8081, "10.9.9.9", "/opt/shop/up")
    assert (web1.login.address, web2.unit, web2.port, web2.address) == ("127.1.0.1", "shop", 8080, "127.1.0.2")
    lb1, lb2 = estate.balancers
    assert (lb2.kind, lb2.maps) == ("haproxy", "/etc/haproxy/maps")
    assert (lb1.socket, lb1.master_socket, lb1.maps, lb1.kind) == ("/run/a.sock", "/run/m.sock", "/etc/m", "nginx")


def test_where_the_split_lies_follows_the_kind_of_a_balancer(tmp_path: Path) -> None:
    estate = build(PROD, facts(lb1={"deployer_kind": "nginx"}), settings(tmp_path))
    assert [one.maps for one in estate.balancers] == ["/etc/nginx/deployer", "/etc/haproxy/maps"]
    said = {name: (templates() / name).read_text() for name in ("haproxy.cfg.j2", "nginx_balancer.conf.j2")}
    for name, kind in zip(said, ("haproxy", "nginx"), strict=True):
        assert f"balancer_maps | default('{MAPS[kind]}')" in said[name]


def test_the_edge_is_a_group_of_its_own(tmp_path: Path) -> None:
    given = grouped(facts(), edge=("lb1",))
    estate = build(PROD, given, settings(tmp_path, edge={"group": "edge", "backend": "sites"}))
    login = Login("127.1.1.1", user="deploy")
    assert estate.edges == (
        EdgeNode("lb1", "haproxy", login, "/run/haproxy/admin.sock", "sites", "/var/lib/haproxy/server.state"),
    )


def test_an_opaque_device_needs_no_machine(tmp_path: Path) -> None:
    estate = build(PROD, facts(), settings(tmp_path, balancers={"group": "f5", "kind": "opaque"}))
    assert [(device.name, device.site, device.kind) for device in estate.balancers] == [
        ("dc1-device", "dc1", "opaque"),
        ("dc2-device", "dc2", "opaque"),
    ]


def test_missing_groups_are_named_with_the_nearest(tmp_path: Path) -> None:
    sites = {"dc1": {"group": "pariss"}, "dc2": {"group": "rome"}}
    assert _complaints(tmp_path, grouped(facts(), web=()), sites=sites, edge={"group": "edge"}) == [
        "no group pariss (deployer.yml: sites.dc1.group); did you mean paris? (known: all, lb, paris, rome, web)",
        "group web has no hosts (deployer.yml: hosts)",
        "no group edge (deployer.yml: edge.group) (known: all, lb, paris, rome, web)",
    ]


@pytest.mark.parametrize(
    ("groups", "complaint"),
    [
        (
            {"rome": ("lb2", "web3", "web1")},
            "host web1 is in dc1 and dc2: it must be in the group of exactly one of dc1 and dc2",
        ),
        (
            {"paris": ("lb1", "web1", "web2")},
            "host web10 is in no site: it must be in the group of exactly one of dc1 and dc2",
        ),
        (
            {"lb": ("lb1", "lb2", "lb3")},
            "balancer lb3 is in no site: it must be in the group of exactly one of dc1 and dc2",
        ),
        ({"web": ("web1", "web2", "web10")}, "site dc2 has no host: none is both in web and in rome"),
        ({"lb": ("lb1",)}, "site dc2 has no balancer: none is both in lb and in rome"),
    ],
)
def test_every_machine_is_in_exactly_one_site(
    tmp_path: Path, groups: dict[str, tuple[str, ...]], complaint: str
) -> None:
    given = facts()
    given = Facts(hosts={**given.hosts, "lb3": {}}, groups=given.groups, defaults={})
    assert _complaints(tmp_path, grouped(given, **groups)) == [complaint]


def test_two_names_for_one_machine_are_refused(tmp_path: Path) -> None:
    assert _complaints(tmp_path, facts(web2={"ansible_host": "127.1.0.1"}, lb2={"ansible_host": "127.1.1.1"})) == [
        "hosts web1 and web2 have the same ssh address 127.1.0.1:22",
        "hosts web1 and web2 have the same service address 127.1.0.1:8080",
        "balancers lb1 and lb2 have the same ssh address 127.1.1.1:22",
    ]


def test_what_ansible_could_not_resolve_is_refused_not_used(tmp_path: Path) -> None:
    given = facts()
    wrong = (("web1", "ansible_host", "'base' is undefined"), ("elsewhere", "ansible_host", "'x' is undefined"))
    given = Facts(hosts=given.hosts, groups=given.groups, defaults={}, wrong=wrong)
    assert _complaints(tmp_path, given) == ["host web1: ansible_host: 'base' is undefined"]


@pytest.mark.parametrize(
    ("own", "complaint"),
    [
        ({"ansible_port": "ssh"}, "host web1: ansible_port is 'ssh', expected a port, 1 to 65535"),
        ({"deployer_port": 0}, "host web1: deployer_port is 0, expected a port, 1 to 65535"),
        ({"deployer_root": "srv/shop"}, "host web1: deployer_root is 'srv/shop', expected an absolute path"),
        ({"deployer_rooot": "/srv"}, "host web1: unknown variable deployer_rooot; did you mean deployer_root?"),
        (
            {"ansible_connection": "local"},
            "host web1: ansible_connection is local: deployer reaches machines by ssh only",
        ),
        ({"ansible_become_method": "su"}, "host web1: ansible_become_method is su: deployer knows sudo only"),
        (
            {"deployer_unit": "shop", "deployer_control": "/srv/ctl"},
            "host web1: both deployer_unit and deployer_control are given",
        ),
        (
            {"ansible_ssh_common_args": "-o 'x"},
            "host web1: ansible_ssh_common_args cannot be read: No closing quotation",
        ),
    ],
)
def test_values_are_checked(tmp_path: Path, own: dict[str, Value], complaint: str) -> None:
    assert _complaints(tmp_path, facts(web1=own)) == [complaint]


def test_a_host_without_a_way_to_restart_is_refused(tmp_path: Path) -> None:
    complaints = _complaints(tmp_path, facts(), app={})
    assert len(complaints) == 4
    assert complaints[0].startswith("host web1: nothing says how its service is restarted")
    own = settings(tmp_path, app={}, playbooks={"deploy": "/own/deploy.yml"})
    assert build(PROD, facts(), own).by_name["web1"].unit == ""


def test_role_variables_of_ours_are_nobodys_typing_error(tmp_path: Path) -> None:
    given = facts(web1={"deployer_nginx_worker_connections": 512}, lb1={"deployer_state_file": "/var/lib/s"})
    assert len(build(PROD, given, settings(tmp_path)).hosts) == 4
