"""What is told of a run: what happens, why, and what to type"""

from __future__ import annotations

from collections.abc import Iterable

from deployer.events import End, Ended, Held, Record
from deployer.notices.message import Message, Teller
from tests.report import records, test_course
from tests.report.test_verdicts import failed


def told(run: Iterable[Record]) -> list[Message]:
    teller = Teller("inventories/prod")
    return [message for record in run for message in teller.messages(record)]


def events(run: Iterable[Record]) -> list[str]:
    return [message.event for message in told(run)]


def test_a_good_run_is_told_from_its_start_to_its_end() -> None:
    first, *_, last = told(records.went_well())
    assert first.title == "shop 1.1.0 (rolling): to dc1, by ann@ops"
    assert (first.text, first.next) == ("the weekly release", ("deployer status --watch -i inventories/prod",))
    assert (last.event, last.title) == ("done", "shop 1.1.0 (rolling): done")
    assert last.text == "took 20.0 s"
    assert [one.hosts for one in told(records.went_well()) if one.event == "drained"] == [("dc1-web1",), ("dc1-web2",)]


def test_a_run_that_was_put_back_says_why_and_what_to_do() -> None:
    said = {one.event: one for one in told(records.put_back())}
    assert said["back"].text == "dc1-web1: answers 503 for 5 s"
    assert "answers 503 for 5 s" in said["put-back"].text
    assert "\x1b" not in said["put-back"].whole
    assert said["put-back"].next == ("ssh dc1-web1 journalctl -u shop",)


def test_whoever_is_waited_for_can_copy_the_answer() -> None:
    run = test_course.waited()
    assert events(run) == ["started", "shifted", "waiting", "approved", "resumed", "done"]
    waiting = told(run)[2]
    assert waiting.title == "shop 1.1.0 (rolling): waits for a person"
    assert waiting.next == (
        "deployer approve r1 --reason WHY -i inventories/prod",
        "deployer abort r1 --reason WHY -i inventories/prod",
    )
    assert told(run)[3].text == "looks good"


def test_a_run_that_stands_half_way_or_holds_hosts_is_told() -> None:
    half = [*records.killed(), Record(9, "r1", records.START + 9, Ended(End.HALF_WAY, "no way", "deployer resume r1"))]
    assert told(half)[-1].next[0] == "deployer resume r1 -i inventories/prod"
    held = Record(8, "r1", records.START + 8, Held(("dc1-web1",), "verify: answers 503"))
    assert "dc1-web1 held out of the pool" in told([*records.killed(), held])[-1].title


def test_an_evacuation_says_where_users_went() -> None:
    started, shifted, done = told(test_course.evacuated())
    assert started.title == "shop (evacuate): evacuate dc1, by ann@ops"
    assert shifted.title == "shop (evacuate): users by site: dc1 0 %, dc2 100 %"
    assert done.next == ("deployer restore dc1 -i inventories/prod",)


def test_requests_that_failed_are_told_in_the_end() -> None:
    assert "requests to it failed while it was judged" in told(failed().it.journal.records)[-1].text
