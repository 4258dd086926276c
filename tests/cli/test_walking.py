"""A run from lock to exit code, over the world in memory and a real journal"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from deployer.cli.books import books
from deployer.cli.options import Ground, Papers
from deployer.cli.walking import Showing, again, begin
from deployer.cli.workplace import Workplace
from deployer.errors import LockHeld, Refused, Stale, UsageError
from deployer.events import Called, End, Ended
from deployer.model import Undo
from deployer.settings.file import read
from deployer.settings.hooks import HookValues
from deployer.settings.metrics import MetricsValues
from deployer.settings.notices import NoticeValues
from deployer.settings.place import settings_file
from deployer.steps import Step
from deployer.strategies import rolling
from deployer.world import Order
from tests.cli import journals
from tests.memory import Fault, Memory
from tests.notices.ears import ears
from tests.runs import intent, pool

Capture = pytest.CaptureFixture[str]
PLAIN = Showing(Papers())


@pytest.fixture
def memory() -> Memory:
    return pool(size=2)


@pytest.fixture
def work(tmp_path: Path, memory: Memory) -> Iterator[Workplace]:
    ground = Ground(journals.inventory(tmp_path))
    nothing = cast("Any", None)
    with books(ground, read_only=False) as book:
        yield Workplace(
            ground=ground,
            settings=read(settings_file(ground.inventory)),
            estate=nothing,
            books=book,
            ssh=nothing,
            traffic=nothing,
            world=memory.world(),
        )


def deploy(work: Workplace, memory: Memory, showing: Showing = PLAIN) -> int:
    picture = work.world.eyes.look()
    return begin(work, rolling.plan(intent(memory), picture), picture, "a test", showing)


def test_a_good_run_ends_with_0_and_the_lock_is_free(work: Workplace, memory: Memory, capsys: Capture) -> None:
    assert deploy(work, memory) == 0
    said = capsys.readouterr()
    assert "rolling: done" in said.out
    assert "dc2 wave 2 of 2" in said.err
    assert work.books.lock.status().lease is None


def test_a_failed_run_that_was_put_back_ends_with_5(work: Workplace, memory: Memory, capsys: Capture) -> None:
    memory.faults.append(Fault("verify", line=0))
    assert deploy(work, memory) == 5
    assert "failed, and everything was put back" in capsys.readouterr().out


def test_a_run_whose_way_back_fails_ends_with_6(work: Workplace, memory: Memory, capsys: Capture) -> None:
    memory.faults += [Fault("verify", line=0), Fault("verify", line=1)]
    assert deploy(work, memory) == 6
    assert "stopped half-way, a person is needed" in capsys.readouterr().out


def test_with_json_the_result_is_one_object(work: Workplace, memory: Memory, capsys: Capture) -> None:
    assert deploy(work, memory, Showing(Papers(), as_json=True)) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["end"], said["exit_code"], said["lowest_in_service"]) == ("done", 0, {"dc1": 1, "dc2": 1})


def test_papers_are_left_also_after_a_failure(work: Workplace, memory: Memory, tmp_path: Path) -> None:
    memory.faults.append(Fault("deploy", line=0))
    papers = tmp_path / "papers"
    papers.mkdir()
    assert deploy(work, memory, Showing(Papers(tmp_path / "j.xml", papers))) == 5
    assert len(list(papers.iterdir())) == 4
    assert 'failures="1"' in (tmp_path / "j.xml").read_text()


def test_a_world_that_moved_is_left_alone(work: Workplace, memory: Memory) -> None:
    picture = work.world.eyes.look()
    memory.die("dc1-web1")
    with pytest.raises(Stale, match="dc1-web1"):
        begin(work, rolling.plan(intent(memory), picture), picture, "a test", PLAIN)
    assert memory.acts == []
    assert work.books.lock.status().lease is None


def test_somebody_elses_lock_is_respected(work: Workplace, memory: Memory) -> None:
    lease = work.books.lock.take("other", "bob@ops", "the weekly release")
    with pytest.raises(LockHeld, match="bob@ops holds the lock for run other"):
        deploy(work, memory)
    with pytest.raises(LockHeld, match="held by bob@ops for run other"):
        work.books.refuse_while_held()
    assert memory.acts == []
    work.books.lock.release(lease)
    work.books.refuse_while_held()


def test_a_signal_stops_after_the_step_and_resume_goes_on(work: Workplace, memory: Memory, capsys: Capture) -> None:
    def interrupt(count: int, _: Step, order: Order) -> None:
        if count == 2:
            os.kill(os.getpid(), signal.SIGTERM)
            deadline = time.monotonic() + 60
            while not order.stopping() and time.monotonic() < deadline:
                time.sleep(0.01)

    memory.on_act = interrupt
    assert deploy(work, memory) == 6
    said = capsys.readouterr()
    run = work.books.run("")
    assert "SIGTERM: finishing the step under way; once more stops at once" in said.err
    assert f"deployer resume {run} -i" in said.out
    assert work.books.journal.events(run)[-1].event == Ended(
        End.STOPPED, "stopped by the operator", f"deployer resume {run}"
    )
    assert again(work, run, lambda engine: engine.resume(run), "go on", PLAIN) == 0


def test_undo_ends_with_0_when_everything_is_back(work: Workplace, memory: Memory) -> None:
    before = memory.start()
    deploy(work, memory)
    run = work.books.run("")
    back = Showing(Papers(), back=True)
    assert again(work, run, lambda engine: engine.undo(run, Undo.ALL, "no"), "no", back) == 0
    assert memory.start() == before


def test_undo_of_a_site_ends_with_0_when_that_site_is_back(work: Workplace, memory: Memory) -> None:
    before = memory.start()
    deploy(work, memory)
    run = work.books.run("")
    part = Showing(Papers(), back=True, part=True)
    assert again(work, run, lambda engine: engine.undo(run, Undo.SITE, "no"), "no", part) == 0
    now = memory.start()
    assert {name for name in now if now[name] == before[name]} == {"dc2-web1", "dc2-web2"}


def test_undo_of_a_site_that_fails_does_not_end_with_0(work: Workplace, memory: Memory) -> None:
    deploy(work, memory)
    run = work.books.run("")
    memory.faults.append(Fault("verify", line=1))
    part = Showing(Papers(), back=True, part=True)
    assert again(work, run, lambda engine: engine.undo(run, Undo.SITE, "no"), "no", part) == 6


def test_a_run_that_is_done_cannot_be_resumed(work: Workplace, memory: Memory, capsys: Capture) -> None:
    deploy(work, memory)
    run = work.books.run("")
    capsys.readouterr()
    with pytest.raises(UsageError, match="has ended"):
        again(work, run, lambda engine: engine.resume(run), "go on", PLAIN)
    assert "is not lost" not in capsys.readouterr().err


def test_a_bug_on_the_way_leaves_a_run_to_resume(work: Workplace, memory: Memory, capsys: Capture) -> None:
    def bug(count: int, *_: object) -> None:
        if count == 3:
            raise KeyError("oops")

    memory.on_act = bug
    with pytest.raises(KeyError):
        deploy(work, memory)
    run = work.books.unfinished()
    assert f"run {run} is not lost: deployer resume {run}" in capsys.readouterr().err
    memory.on_act = lambda *_: None
    assert again(work, run, lambda engine: engine.resume(run), "go on", PLAIN) == 0


def test_a_receiver_that_hangs_does_not_hold_a_run_up_and_one_that_works_hears_all_of_it(
    work: Workplace, memory: Memory, capsys: Capture
) -> None:
    with ears(hung=True) as hung, ears() as well:
        told = [{"kind": "slack", "url": hung.url, "timeout": 60}, {"kind": "webhook", "url": well.url}]
        notices = tuple(NoticeValues.model_validate(one) for one in told)
        settings = work.settings.model_copy(update={"notices": notices})
        estate = cast("Any", SimpleNamespace(hosts=()))
        assert deploy(replace(work, settings=settings, estate=estate), memory) == 0
        assert len(hung.heard) == 1
        events = [body["event"] for body in well.bodies]
    assert (events[0], events[-1]) == ("started", "done")
    assert events.count("drained") == events.count("readmitted") == 4
    said = capsys.readouterr()
    assert "warning  notice to slack was not sent: it takes too long" in said.err
    assert "webhook" not in said.err


def test_a_required_hook_refuses_a_run_before_anything_is_written_and_others_are_written_down(
    work: Workplace, memory: Memory
) -> None:
    def hooked(command: str) -> Workplace:
        told = {"before_run": [{"run": command, "required": True}], "after_run": [command]}
        return replace(work, settings=work.settings.model_copy(update={"hooks": HookValues.model_validate(told)}))

    with pytest.raises(Refused, match="ended with 1"):
        deploy(hooked("false"), memory)
    assert work.books.journal.runs() == ()
    assert deploy(hooked("true"), memory) == 0
    (head,) = work.books.journal.runs()
    assert head.end is End.DONE, "what is called after the end does not hide it"
    called = [record.event for record in work.books.records(head.run) if isinstance(record.event, Called)]
    assert [(one.point, one.hook, one.wrong) for one in called] == [
        ("before_run", "true", ""),
        ("after_run", "true", ""),
    ]


def test_numbers_are_written_into_a_file_while_a_run_goes_on(work: Workplace, memory: Memory, tmp_path: Path) -> None:
    values = MetricsValues(textfile=str(tmp_path / "shop.prom"))
    assert deploy(replace(work, settings=work.settings.model_copy(update={"metrics": values})), memory) == 0
    assert 'deployer_run_state{service="shop",state="done"} 1.0' in (tmp_path / "shop.prom").read_text()
    assert 'deployer_lock_held{service="shop"} 0.0' in (tmp_path / "shop.prom").read_text()
