"""Acts: only by who may, only when meant, and by the same command line as everybody's"""

from __future__ import annotations

import time

import pytest

from deployer.events import AbortAsked, Approved, Event, Undecided
from deployer.model import Verdict
from deployer.web.acts import Act, Acts, new_number
from deployer.web.people import Role
from deployer.world import Outcome
from tests.web.ground import Answer, Dashboard, Visitor, canary, go_on, put_down, writing

RUN = "20261128-030000-cccc"
LONG = 120.0
"""Seconds in which a command ends, however busy the machine is."""


@pytest.fixture
def asking(board: Dashboard) -> Dashboard:
    """A canary under way, whose gate found no verdict: a person is asked."""
    put_down(board.desk.inventory, RUN, canary(), held=True)
    go_on(board.desk.inventory, RUN, Undecided(0, 43, Outcome("too few requests", verdict=Verdict.INCONCLUSIVE)))
    return board


def sent(one: Visitor, path: str, **fields: str) -> Answer:
    """The form as it stands on its page, with these fields."""
    page = one.get(path).text
    number = page.partition('name="number" value="')[2].partition('"')[0]
    return one.post(path, mark=one.mark(), number=number, **fields)


def ended(board: Dashboard, answer: Answer) -> Act:
    assert answer.status == 303, answer.text
    number, late = answer.headers["location"].removeprefix("/acts/"), time.monotonic() + LONG
    while (act := board.desk.acts.of(number)) is None or act.code is None:
        assert time.monotonic() < late
        time.sleep(0.05)
    return act


def written(board: Dashboard, kind: type[Event]) -> list[Event]:
    with writing(board.desk.inventory) as book:
        return [record.event for record in book.records(RUN) if isinstance(record.event, kind)]


def test_an_approval_is_the_command_in_the_name_of_the_person(asking: Dashboard) -> None:
    one = asking.visitor(Role.APPROVER, name="bob")
    assert "Waits for a person" in one.get("/").text
    assert sent(one, f"/runs/{RUN}/approve", reason=" ").status == 400, "it needs a reason"
    act = ended(asking, sent(one, f"/runs/{RUN}/approve", reason="--as the board; CHG-1"))
    assert act.code == 0, act.told
    (approved,) = written(asking, Approved)
    assert isinstance(approved, Approved)
    assert approved.who.startswith("bob (")
    assert approved.reason == "--as the board; CHG-1"
    page = one.get(f"/acts/{act.id}").text
    assert "<strong>Done</strong>, by bob" in page
    assert "was told" in page


def test_an_abort_that_is_sent_twice_is_one(asking: Dashboard) -> None:
    one = asking.visitor(Role.OPERATOR)
    page = one.get(f"/runs/{RUN}/abort").text
    assert "everything the run did is put back, users first" in page
    fields = {"mark": one.mark(), "number": new_number(0.0), "reason": "errors"}
    first, second = (one.post(f"/runs/{RUN}/abort", **fields) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    assert ended(asking, first).code == 0
    assert [event.reason for event in written(asking, AbortAsked) if isinstance(event, AbortAsked)] == ["errors"]
    assert "abort" in one.get("/acts").text


@pytest.mark.parametrize(
    ("path", "roles"),
    [
        (f"/runs/{RUN}/approve", {Role.OPERATOR}),
        (f"/runs/{RUN}/promote", {Role.OPERATOR}),
        (f"/runs/{RUN}/abort", {Role.APPROVER}),
        ("/evacuate/dc1", {Role.APPROVER}),
    ],
)
def test_who_may_not_does_nothing(asking: Dashboard, path: str, roles: set[Role]) -> None:
    one = asking.visitor(*roles)
    assert one.get(path).status == 403
    fields = {"number": new_number(0.0), "reason": "because", "site": "dc1"}
    assert one.post(path, mark=one.mark(), **fields).status == 403
    assert one.post(path, mark="", **fields).status == 403
    assert one.post(path, mark=asking.visitor(*Role, name="eve").mark(), **fields).status == 403
    assert not list(asking.desk.acts.newest(9))


def test_a_site_is_evacuated_only_when_its_name_is_typed(asking: Dashboard) -> None:
    one = asking.visitor(Role.OPERATOR)
    for fields in ({"site": "dc2", "reason": "power"}, {"site": "dc1", "reason": ""}, {"reason": "power"}):
        answer = sent(one, "/evacuate/dc1", **fields)
        assert (answer.status, "Nothing was done" in answer.text) == (400, True)
    assert not list(asking.desk.acts.newest(9))
    act = ended(asking, sent(one, "/evacuate/dc1", site="dc1", reason="power"))
    assert act.words[:4] == ("evacuate", "dc1", "--reason=power", "--yes")
    assert act.code != 0, "this inventory has no edge"
    assert "exit code" in one.get(f"/acts/{act.id}").text
    checked = ended(asking, sent(one, "/evacuate/dc1", check="1"))
    assert checked.words[:3] == ("evacuate", "dc1", "--check")


def test_what_there_is_not_is_no_command(asking: Dashboard) -> None:
    one = asking.visitor(*Role)
    for path in ("/runs/none/abort", f"/runs/{RUN}/deploy", "/evacuate/--help"):
        assert one.get(path).status == 404
        assert one.post(path, mark=one.mark(), number=new_number(0.0), reason="x", site="--help").status == 404
    for number in ("", "../../../../tmp/x", "20261128-030000-xxxxxxxx"):
        assert one.post(f"/runs/{RUN}/abort", mark=one.mark(), number=number).status == 400
    for number in ("..", "20261128-030000-00000000", "%2e%2e"):
        assert one.get(f"/acts/{number}").status == 404
    assert not list(asking.desk.acts.newest(9))


def test_an_act_outlives_who_started_it_and_keeps_its_words_for_us(asking: Dashboard) -> None:
    acts = Acts(asking.desk.folder / "acts")
    number = new_number(0.0)
    acts.start(number, ["status"], asking.desk.ground, "ann")
    late = time.monotonic() + LONG
    while (act := acts.of(number)) is None or act.code is None:
        assert time.monotonic() < late
        time.sleep(0.05)
    assert (act.code, act.person) == (0, "ann")
    assert "held by ann@ops" in act.told
    assert (asking.desk.folder / "acts" / number / "told").stat().st_mode & 0o077 == 0
