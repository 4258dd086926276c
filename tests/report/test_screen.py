"""The live view tells what happens, whether users are hurt and what can be typed, on every terminal"""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len

from deployer.events import AbortAsked, Begun, Done, Event, Failed, GoingBack, Planned, Record
from deployer.model import HostSeen, Intent, Ladder, Picture, Release, Split, Standing, Verdict, View
from deployer.plan import Leg, Plan, Stage
from deployer.report.board import Board
from deployer.report.column import Canvas
from deployer.report.screen import Around, screen
from deployer.report.signs import ASCII, UNICODE, Signs, signs
from deployer.steps import Ask, Deploy, Drain, Readmit, Verify
from deployer.world import Outcome
from tests.report import records

RUN, START = "20261128-051354-c737", records.START
OLD, NEW = Release("1.0.0"), Release("1.1.0-rc.1+build77")
AROUND = Around(
    {"drain": 30.0},
    {"dc1": "118 requests/s, 0 failing, 32 failed", "dc2": "120 requests/s, 3 failing, 3 failed"},
    (f"dc1: {NEW.version} set 5 %, measured 5.10 % of 1,000 requests and 5.00 % of 200 users of the last minute",),
    "inventories/a-rather-long-name-of-an-inventory/prod",
)


def pool(many: int) -> Picture:
    names = [f"{site}-web{number:02d}.prod.example.com" for site in ("dc1", "dc2") for number in range(1, many + 1)]
    split = Split((("1.0.0", 9500), (NEW.version, 500)))
    return Picture(
        {name: HostSeen(name, name[:3], "1.0.0", healthy=True, views=(View("lb", Standing.UP),)) for name in names},
        {"dc1": split, "dc2": split, "edge": Split((("dc1", 5000), ("dc2", 5000)))},
    )


def board(many: int, until: int) -> Board:
    """A canary whose first wave is in; then it is judged (5), then the next hosts drain (6)."""
    picture = pool(many)
    first, second = (tuple(picture.hosts)[at : at + max(1, many // 10)] for at in (0, max(1, many // 10)))
    wave = (Drain("dc1", first), Deploy("dc1", first, NEW), Verify("dc1", first, NEW), Readmit("dc1", first, NEW))
    ask = Ask("metrics", ("dc1", "dc2"), f"{NEW.version} at 5 % of dc1 and dc2", NEW.version, 300.0)
    stages = (
        Stage("dc1 wave 1", "dc1", wave),
        Stage("step 1", "", (ask,)),
        Stage("dc1 wave 2", "dc1", (Drain("dc1", second),)),
    )
    floor = {"dc1": many - 1, "dc2": many - 1}
    plan = Plan(Intent("shop", NEW, "canary", ("dc1", "dc2"), {"dc1": 1}, floor), (Leg("all", "", stages),))
    events: list[Event] = [Planned("ann", plan, picture, "weekly", 200.0)]
    for number in range(1, until):
        verdict = Verdict.PASS if number == 5 else None
        events += [Begun(0, number), Done(0, number, Outcome("score 98" if verdict else "", verdict=verdict))]
    found = Board()
    for seq, event in enumerate([*events, Begun(0, until)]):
        found.apply(Record(seq, RUN, START + seq, event))
    return found


def drawn(seen: Board, width: int = 80, height: int = 24, kind: Signs = ASCII, around: Around = AROUND) -> list[str]:
    lines = screen(seen, Canvas(width - 1, height - 1, kind, START + 60), around)
    assert len(lines) < height
    assert max(cell_len(line.plain) for line in lines) < width
    return [line.plain for line in lines]


@pytest.mark.parametrize("kind", [ASCII, UNICODE], ids=["ascii", "unicode"])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 24), (120, 40), (200, 60), (80, 16)])
@pytest.mark.parametrize("many", [2, 8, 40, 200])
def test_it_fits_and_the_commands_are_whole(many: int, width: int, height: int, kind: Signs) -> None:
    for until in range(1, 7):
        seen = board(many, until)
        seen.tell((0, until), "\n".join(["a rather long line of what is waited for " * 4] * 9))
        lines = drawn(seen, width, height, kind)
        said = " ".join(" ".join(lines).split())
        assert f"deployer abort {RUN} -i {AROUND.inventory}" in said
        assert f"dc1 {many - (until in (1, 2, 3, 4, 6)) * max(1, many // 10)} of {many} in service" in said
        assert "118 requests/s, 0 failing" in said
        assert kind is UNICODE or said.isascii()


def test_hosts_are_cells_where_there_are_too_many_and_those_at_work_have_a_name() -> None:
    said = "\n".join(drawn(board(40, 6)))
    assert "####~~~~" + "o" * 30 in said
    assert "~ dc1..b05 draining" in said
    assert "# new release  o old  ~ at work" in said


def test_a_step_says_what_it_waits_for_and_until_when() -> None:
    seen = board(4, 6)
    seen.tell((0, 6), "waiting for dc1-web02: 3 requests in flight")
    said = "\n".join(drawn(seen))
    assert "drain dc1-web02.prod.example.com  (dc1 wave 2)" in said
    assert "given up after 30.0 s, at 22:14:01 UTC" in said
    assert "\n  dc1-web02: 3 requests in flight" in said
    assert "5 done in 1.0 s: score 98" in said, "the last verdict stays in sight"


def test_a_question_says_its_time_and_how_to_answer_it() -> None:
    said = " ".join(" ".join(drawn(board(4, 5))).split())
    assert "of at least 5 min 00 s, at 22:18:29 UTC" in said
    assert f"to answer for it deployer approve {RUN} --reason TEXT -i {AROUND.inventory}" in said


def test_between_two_steps_it_says_that_it_looks() -> None:
    seen = board(4, 6)
    seen.apply(Record(50, RUN, START + 50, Done(0, 6, Outcome())))
    assert any("is the next step still safe?" in line for line in drawn(seen))


def test_a_step_that_was_refused_did_nothing_to_its_hosts() -> None:
    seen = board(4, 5)
    seen.apply(Record(50, RUN, START + 50, Failed(0, 6, "rule 4: too few would stay in service")))
    said = "\n".join(drawn(seen))
    assert "FAILED rule 4" in said
    assert "! dc1" not in said


def test_where_everybody_was_led_back_to_is_shown() -> None:
    seen = board(4, 6)
    assert seen.intent is not None
    seen.intent = replace(seen.intent, ladder=Ladder((500, 10_000), 1.0))
    seen.splits["dc1"] = Split((("1.0.0", 10_000),))
    assert any(line.startswith("1.0.0 ####") and "100 %" in line for line in drawn(seen))


def test_who_only_watches_is_told_that_the_run_goes_on() -> None:
    assert any("the run goes on" in line for line in drawn(board(4, 6), around=replace(AROUND, watching=True)))
    assert any("resume goes on later" in line for line in drawn(board(4, 6)))


def test_requests_that_fail_now_stand_out() -> None:
    lines = screen(board(4, 6), Canvas(79, 23, ASCII, START + 60), AROUND)
    (line,) = (line for line in lines if "3 failing" in line.plain)
    red = {line.plain[span.start : span.end].strip() for span in line.spans if "red" in str(span.style)}
    assert red == {"120 requests/s, 3 failing, 3 failed"}


def test_going_back_is_said_first_and_why_in_any_script() -> None:
    seen = board(4, 6)
    seen.apply(Record(50, RUN, START + 50, AbortAsked("ann", "결제 오류")))
    assert any("somebody asked to go back" in line for line in drawn(seen))
    seen.apply(Record(51, RUN, START + 51, GoingBack(1, records.BACK, "결제 오류 " * 30)))
    assert drawn(seen, kind=UNICODE)[2].startswith("GOING BACK  결제 오류")


@pytest.mark.parametrize(
    ("encoding", "environment", "kind"),
    [
        ("utf-8", {"LANG": "ko_KR.UTF-8"}, UNICODE),
        ("utf-8", {"LANG": "C", "LC_CTYPE": "C.UTF-8"}, ASCII),
        ("utf-8", {"LC_ALL": "C", "LANG": "en_US.UTF-8"}, ASCII),
        ("utf-8", {"LC_CTYPE": "en_US.UTF-8"}, UNICODE),
        ("utf-8", {"LANG": "C.UTF-8"}, UNICODE),
        ("ascii", {"LANG": "en_US.UTF-8"}, ASCII),
        ("utf-8", {}, ASCII),
    ],
)
def test_unicode_only_where_the_locale_has_it(encoding: str, environment: dict[str, str], kind: Signs) -> None:
    assert signs(encoding, environment) is kind
