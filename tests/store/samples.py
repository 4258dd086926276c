"""Values the tests write down"""

from __future__ import annotations

from deployer.events import Begun, Done, End, Ended, Planned
from deployer.model import HostSeen, Intent, Picture, Release, Split, Standing, View
from deployer.plan import Leg, Plan, Stage
from deployer.steps import Ask, Deploy, Drain, Fetch, Readmit, Shift, Verify
from deployer.world import HostOutcome, Outcome

OLD, NEW = Release("1.0.0"), Release("1.1.0", "/srv/shop-1.1.0.tar.gz", "ab" * 32)


def picture(hosts: int = 2) -> Picture:
    views = (View("lb1", Standing.UP, "a"), View("lb2", Standing.UP, "a"))
    seen = (HostSeen(f"web{n}", "dc1", "1.0.0", True, views) for n in range(1, hosts + 1))
    return Picture(
        {host.host: host for host in seen},
        {"dc1": Split((("1.0.0", 10_000), ("1.1.0", 0)))},
        {"dc1": (("a", "1.0.0"), ("b", "1.1.0"))},
    )


def plan() -> Plan:
    hosts = ("web1", "web2")
    intent = Intent("shop", NEW, "rolling", ("dc1",), {"dc1": 1}, {"dc1": 1})
    change = (Drain("dc1", hosts), Deploy("dc1", hosts, NEW), Verify("dc1", hosts, NEW), Readmit("dc1", hosts, NEW))
    after = (Ask("bake", ("dc1",)), Shift("dc1", Split((("1.0.0", 0), ("1.1.0", 10_000)))))
    stages = (Stage("fetch", "", (Fetch(hosts, NEW),)), Stage("dc1 1/1", "dc1", change), Stage("after", "dc1", after))
    return Plan(intent, (Leg("dc1", "dc1", stages),))


def planned() -> Planned:
    return Planned("ann@ctl", plan(), picture(), "release day")


def begun(number: int) -> Begun:
    return Begun(0, number, tuple(picture().hosts.values()))


def done(number: int) -> Done:
    return Done(0, number, Outcome("out", (HostOutcome("web1", ok=True, note="no sessions", seconds=1.25),)))


def ended(end: End = End.DONE) -> Ended:
    return Ended(end, "all hosts verified")
