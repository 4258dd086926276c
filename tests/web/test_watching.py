"""A run that is watched: one reader for all, nothing lost over a restart, and a page that says when it is old"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from http.client import HTTPResponse
from pathlib import Path
from typing import TypeVar

from deployer.errors import HalfWay
from deployer.events import AbortAsked, End, Ended
from deployer.store.rows import Mark, Rows, Store
from deployer.web.desk import desk
from deployer.web.people import Role
from deployer.web.watching import ANYWAY, Watch, Watches
from tests.report.records import put_back
from tests.report.test_verdicts import failed
from tests.web.ground import Dashboard, Visitor, canary, dashboard, go_on, put_down

T = TypeVar("T")
RUN = "20261128-030000-cccc"


@dataclass(slots=True)
class Heard:
    """A stream of events, as a browser takes it."""

    response: HTTPResponse
    seen: dict[str, list[str]] = field(default_factory=dict)
    last: str = ""

    def until(self, happened: Callable[[], bool]) -> None:
        """The visitor's patience is the limit."""
        while not happened():
            name, data = "", []
            while line := self.response.readline().decode().rstrip("\n"):
                kind, _, text = line.partition(": ")
                name = text if kind == "event" else name
                self.last = text if kind == "id" else self.last
                data += [text] if kind == "data" else []
            assert name, "the stream ended"
            self.seen.setdefault(name, []).append("\n".join(data))

    def newest(self, name: str) -> str:
        return self.seen.get(name, [""])[-1]


def listen(one: Visitor, after: int | str = 0, run: str = RUN, **headers: str) -> Heard:
    return Heard(one.open("GET", f"/runs/{run}/events?after={after}", headers=headers))


def test_what_is_written_comes_to_the_page(board: Dashboard) -> None:
    put_down(board.desk.inventory, RUN, canary(), held=True)
    one = board.visitor()
    page = one.get("/").text
    assert "No harm shown so far" in page
    heard = listen(one, page.partition('data-after="')[2].partition('"')[0])
    heard.until(lambda: "head" in heard.seen)
    assert "Under way" in heard.newest("head")
    assert "log" not in heard.seen, "the page has it"
    go_on(board.desk.inventory, RUN, AbortAsked("bob", "<b>errors</b>"))
    heard.until(lambda: "log" in heard.seen)
    assert "bob asked to go back: &lt;b&gt;errors&lt;/b&gt;" in heard.newest("log")
    go_on(board.desk.inventory, RUN, Ended(End.STOPPED, "by bob"))
    heard.until(lambda: "Stopped by the operator" in heard.newest("head"))
    heard.until(lambda: "deployer undo" in heard.newest("ways"))


def test_who_comes_back_after_a_restart_gets_what_was_missed(place: Path) -> None:
    put_down(place, RUN, canary(), held=True)
    with dashboard(place) as first:
        one = first.visitor()
        heard = listen(one)
        heard.until(lambda: bool(heard.last))
    go_on(place, RUN, AbortAsked("bob", "while nobody listened"))
    with dashboard(place) as second:
        again = listen(Visitor(second.port, one.cookie), 1, **{"Last-Event-ID": heard.last})
        again.until(lambda: "log" in again.seen)
        assert again.newest("log").count("<li") == 1
        assert "while nobody listened" in again.newest("log")


def test_a_page_says_when_nobody_walks_the_run_any_more(board: Dashboard) -> None:
    put_down(board.desk.inventory, RUN, canary())
    page = board.visitor().get(f"/runs/{RUN}").text
    assert "Its orchestrator is gone" in page
    assert f"deployer resume {RUN}" in page


def test_a_run_that_was_taken_back_says_what_users_saw(board: Dashboard) -> None:
    put_down(board.desk.inventory, RUN, failed().it.journal.records)
    page = board.visitor().get(f"/runs/{RUN}").text
    assert "Users were hurt" in page
    assert "requests to 1.1 failed while it was judged" in page
    assert "Everything was put back" in page
    assert "error_rate too high" in page


def test_a_run_there_is_not_is_not_found(board: Dashboard) -> None:
    one = board.visitor()
    assert one.get("/runs/none").status == 404
    assert "Nothing was run yet" in one.get("/").text


def test_who_is_struck_out_hears_no_more(board: Dashboard) -> None:
    put_down(board.desk.inventory, RUN, canary(), held=True)
    heard = listen(board.visitor(name="bob"))
    heard.until(lambda: "head" in heard.seen)
    board.desk.door.people.admit("bob", [Role.VIEWER])
    go_on(board.desk.inventory, RUN, AbortAsked("ann", "secret"))
    assert b"secret" not in heard.response.read()
    assert listen(Visitor(board.port)).response.status == 401


def test_the_report_of_a_run_is_there_without_scripts_and_cookies(board: Dashboard) -> None:
    put_down(board.desk.inventory, "r1", put_back())
    answer = board.visitor().get("/runs/r1/report")
    assert "run r1" in answer.text
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]


@dataclass(slots=True)
class Counting:
    """A store that counts its readings, and fails when told so."""

    store: Store
    where: str = "here"
    reads: int = 0
    looks: int = 0
    away: bool = False

    def write(self, service: str, work: Callable[[Rows], T]) -> T:
        return self.store.write(service, work)

    def read(self, work: Callable[[Rows], T]) -> T:
        self.reads += 1
        if self.away:
            raise HalfWay("the store does not answer")
        return self.store.read(work)

    def promised(self, service: str) -> Mark:
        self.looks += 1
        return self.store.promised(service)

    def promise(self, service: str, mark: Mark) -> None:
        self.store.promise(service, mark)

    def close(self) -> None:
        self.store.close()


def test_fifty_viewers_read_the_journal_no_more_than_one(place: Path) -> None:
    put_down(place, RUN, canary(), held=True)
    for viewers in (1, 50):
        store = asyncio.run(_watched(place, viewers))
        readings = 3 + store.looks // ANYWAY
        assert store.reads <= 3 * readings, (
            "the journal, the lock and its run: at first, after the record, and now and then"
        )


async def _watched(place: Path, viewers: int) -> Counting:
    """So many see a run until a record comes, and all of them have heard of it."""
    with desk(place, "prod") as opened:
        store = Counting(opened.store)
        watches = Watches(replace(opened, store=store))
        shown = asyncio.Semaphore(0)
        heard = [asyncio.ensure_future(_hears(watches, b"news", shown)) for _ in range(viewers)]
        for _ in range(viewers):
            await asyncio.wait_for(shown.acquire(), 60)
        go_on(place, RUN, AbortAsked("bob", "news"))
        await asyncio.wait_for(asyncio.gather(*heard), 60)
        assert not watches.going, "nobody watches any more"
        return store


async def _hears(watches: Watches, what: bytes, shown: asyncio.Semaphore) -> None:
    async with aclosing(watches.follow(RUN, 0)) as told:
        async for part in told:
            if b"event: head" in part:
                shown.release()
            if what in part:
                return


def test_a_journal_that_does_not_answer_is_said_and_forgotten(place: Path) -> None:
    put_down(place, RUN, canary(), held=True)
    with desk(place, "prod") as opened:
        store = Counting(opened.store)
        watch = Watch(replace(opened, store=store), RUN)
        assert (watch.look(), watch.look()) == (True, False)
        reads = store.reads
        assert (watch.look(), store.reads) == (False, reads), "while nothing is new nothing is read"
        store.away = True
        go_on(place, RUN, AbortAsked("bob"))
        assert (watch.look(), watch.look()) == (True, False)
        assert watch.failed == "the store does not answer"
        store.away = False
        assert (watch.look(), watch.look(), watch.failed) == (True, False, "")
