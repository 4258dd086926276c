"""What follows the edge, on a lab: a real BIND pair and hooks, while the edge never waits for them"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from deployer.events import End, Ended
from deployer.lab import balancer
from deployer.lab.layout import Lab
from tests.dns.named import Servers, servers
from tests.lab.console import Console, console

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

HOOK = """\
#!/bin/sh
echo "$1 $DEPLOYER_SITE $DEPLOYER_EVENT" >>{log}
[ ! -e {log}.broken ] || {{ echo the queue is stuck; exit 3; }}
"""
PLAYBOOK = """\
- hosts: "{{ deployer_site }}:&lb"
  gather_facts: false
  tasks:
    - ansible.builtin.shell: echo {{ inventory_hostname }} {{ deployer_event }} >>LOG
      delegate_to: localhost
"""


@pytest.fixture(scope="module")
def bind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with servers(tmp_path_factory.mktemp("bind")) as found:
        yield found


@pytest.fixture(scope="module")
def operator(lab: Lab, bind: Servers) -> Iterator[Console]:
    hook = lab.folder / "bin" / "consumers.sh"
    hook.parent.mkdir()
    hook.write_text(HOOK.format(log=lab.folder / "hooks.log"))
    hook.chmod(0o755)
    (lab.folder / "consumers.yml").write_text(PLAYBOOK.replace("LOG", str(lab.folder / "plays.log")))
    place = bind.place
    settings = yaml.safe_load((lab.inventory / "deployer.yml").read_text())
    settings["edge"]["settle"] = "4s"
    settings["dns"] = {
        "name": place.name,
        "addresses": {site: list(pool) for site, pool in place.addresses},
        "server": place.server,
        "secondaries": list(place.secondaries),
        "key_file": place.key_file,
        "zone": place.zone,
        "within": "20s",
    }
    settings["hooks"] = {
        "passive": ["../bin/consumers.sh {site}", "../consumers.yml"],
        "active": ["../bin/consumers.sh back"],
    }
    (lab.inventory / "deployer.yml").write_text(yaml.safe_dump(settings))
    with console(lab) as one:
        yield one


def log(path: Path) -> list[str]:
    return sorted(path.read_text().splitlines()) if path.exists() else []


def weights(lab: Lab) -> list[str]:
    return [balancer.ask(edge.socket, "get weight sites/dc2").split()[0] for edge in lab.edges]


def test_dns_and_hooks_follow_and_nothing_waits_for_them(lab: Lab, operator: Console, bind: Servers) -> None:
    told = operator.run("evacuate", "dc2", "--yes", "--json")
    assert told.code == 0, str(told)
    assert told.json["behind"] == []
    assert log(lab.folder / "hooks.log") == ["dc2 dc2 passive"]
    assert log(lab.folder / "plays.log") == ["dc2-lb1 passive", "dc2-lb2 passive"]
    seen = operator.run("traffic", "--seconds", "0", "--json").json
    assert [one["split"] for one in seen["dns"]["servers"]] == [{"dc1": 100.0, "dc2": 0.0}] * 2
    assert seen["dns"]["lag"] == []
    undone = operator.run("undo", "--yes")  # nobody knows how it was but the journal
    assert undone.code == 0, str(undone)
    assert log(lab.folder / "hooks.log") == ["back dc2 active", "dc2 dc2 passive"]
    assert "hook active dc2 (../bin/consumers.sh back) done" in str(operator.records())

    bind.primary.stop()
    (lab.folder / "hooks.log.broken").touch()
    operator.set(dns={"within": "2s"}, hooks={"passive": ["../bin/consumers.sh {site}"]})
    told = operator.run("evacuate", "dc2", "--yes")
    assert weights(lab) == ["0", "0"], "the edge is done"
    assert told.code == 6, str(told)
    assert "hook passive dc2 (../bin/consumers.sh dc2) failed" in told.out
    assert "the queue is stuck" in told.out
    assert "DNS pending" in told.out
    assert "the edge is done, what is behind it is not" in told.out
    last = operator.records()[-1].event
    assert isinstance(last, Ended)
    assert last.end is End.HALF_WAY
    assert operator.run("dns", "--check").code == 8

    bind.primary.start()
    (lab.folder / "hooks.log.broken").unlink()
    followed = operator.run("dns", "--within", "60s")
    assert followed.code == 0, str(followed)
    again = operator.run("evacuate", "dc2", "--yes")
    assert again.code == 0, str(again)
    assert "hook passive dc2 (../bin/consumers.sh dc2) done" in again.out
