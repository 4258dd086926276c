"""Runs written by hand: one that went well, one that failed and went back, one that was killed"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deployer.events import Begun, Done, End, Ended, Event, Failed, GoingBack, Planned, Record, Taken
from deployer.model import HostSeen, Intent, Picture, Release, Standing, Undo, View
from deployer.plan import Leg, Plan, Stage
from deployer.steps import Deploy, Drain, Fetch, Readmit, Verify
from deployer.world import HostOutcome, Outcome

START = 1_700_000_000.0
OLD, NEW = Release("1.0.0"), Release("1.1.0", "/srv/artifacts/shop-1.1.0.tar.gz", "ab" * 32)
WEB1, WEB2 = "dc1-web1", "dc1-web2"


def intent(**changes: object) -> Intent:
    wanted = Intent("shop", NEW, "rolling", ("dc1",), {"dc1": 1}, {"dc1": 1})
    return wanted if not changes else _replaced(wanted, changes)


def _replaced(wanted: Intent, changes: dict[str, object]) -> Intent:
    from dataclasses import replace

    return replace(wanted, **changes)  # type: ignore[arg-type]


def seen(host: str, release: str | None = "1.0.0", standing: Standing = Standing.UP) -> HostSeen:
    return HostSeen(host, "dc1", release, healthy=True, views=(View("dc1-lb1", standing), View("dc1-lb2", standing)))


PICTURE = Picture({WEB1: seen(WEB1), WEB2: seen(WEB2)})


def wave(n: int, host: str) -> Stage:
    steps = (Drain("dc1", (host,)), Deploy("dc1", (host,), NEW), Verify("dc1", (host,), NEW))
    return Stage(f"dc1 wave {n} of 2", "dc1", (*steps, Readmit("dc1", (host,), NEW)))


PLAN = Plan(
    intent(),
    (
        Leg("fetch", "", (Stage("fetch everywhere", "", (Fetch((WEB1, WEB2), NEW),)),)),
        Leg("dc1", "dc1", (wave(1, WEB1), wave(2, WEB2))),
    ),
)

BACK = Plan(
    intent(undo=Undo.STAGE),
    (
        Leg(
            "undo dc1 wave 1 of 2",
            "dc1",
            (
                Stage(
                    "undo dc1 wave 1 of 2",
                    "dc1",
                    (
                        Drain("dc1", (WEB1,)),
                        Deploy("dc1", (WEB1,), OLD),
                        Verify("dc1", (WEB1,), OLD),
                        Readmit("dc1", (WEB1,), OLD),
                    ),
                ),
            ),
        ),
    ),
)


def records(events: Sequence[tuple[float, Event]]) -> list[Record]:
    return [Record(seq, "r1", START + at, event) for seq, (at, event) in enumerate(events, 1)]


def _steps(line: int, first: int, last: int, start: float, each: float) -> Iterator[tuple[float, Event]]:
    for number in range(first, last + 1):
        yield start, Begun(line, number)
        start += each
        yield start, Done(line, number, Outcome())


HEAD: list[tuple[float, Event]] = [
    (0.0, Planned("ann@ops", PLAN, PICTURE, "the weekly release")),
    (0.0, Taken("ann@ops", 7)),
]


def went_well() -> list[Record]:
    return records([*HEAD, *_steps(0, 1, 9, 1.0, 2.0), (20.0, Ended(End.DONE))])


def put_back() -> list[Record]:
    """The first host does not come up; its wave is undone."""
    events: list[tuple[float, Event]] = [
        *HEAD,
        *_steps(0, 1, 3, 1.0, 1.0),
        (4.0, Begun(0, 4)),
        (
            9.0,
            Failed(
                0,
                4,
                "answers 503 for 5 s\x1b[2J",
                "dc1-web1",
                "ssh dc1-web1 journalctl -u shop",
                Outcome(hosts=(HostOutcome(WEB1, ok=False, note="answers 503"),)),
            ),
        ),
        (9.0, GoingBack(1, BACK, "dc1-web1: answers 503 for 5 s")),
        *_steps(1, 1, 4, 9.5, 1.0),
        (14.0, Ended(End.PUT_BACK, "dc1-web1: answers 503 for 5 s", "ssh dc1-web1 journalctl -u shop")),
    ]
    return records(events)


def killed() -> list[Record]:
    """The orchestrator died while the first host was deployed to."""
    return records([*HEAD, *_steps(0, 1, 2, 1.0, 1.0), (3.0, Begun(0, 3))])
