"""The orchestrator dies or is stopped anywhere, and the run comes to the same end"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deployer.events import Begun, Done, End, Ended, Taken
from deployer.lab.layout import Lab, Machine
from deployer.lab.load import control
from deployer.playbooks import processes
from deployer.playbooks.environment import MARK
from tests.lab.console import Console, Running, console, history, outside
from tests.lab.history import broken, repeated

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1200)]
KEEP_LOG = """\
#!/bin/sh
[ "$1" = restart ] && echo begin $$ >>{log}
{real} "$@"
code=$?
[ "$1" = restart ] && echo end $$ >>{log}
exit $code
"""


@pytest.fixture(scope="module")
def operator(lab: Lab) -> Iterator[Console]:
    for host in lab.hosts:
        keep_log(host)
    with console(lab) as one:
        yield one


def keep_log(host: Machine) -> None:
    """Each restart of the service leaves two lines on its host."""
    real = host.control.with_name("shopctl.real")
    shutil.copy(host.control, real)
    host.control.unlink()
    host.control.write_text(KEEP_LOG.format(log=log_of(host), real=real))
    host.control.chmod(0o755)


def log_of(host: Machine) -> Path:
    return host.folder / "restarts.log"


def restarts(host: Machine) -> list[str]:
    """begin, end, begin, end …; each line with its process."""
    return log_of(host).read_text().splitlines() if log_of(host).exists() else []


@dataclass(slots=True)
class Watch:
    """Which playbooks ran at the same time, from the processes of this machine that carry our mark."""

    lab: Lab
    together: set[frozenset[str]] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)

    @contextmanager
    def on(self) -> Iterator[Watch]:
        over = threading.Event()
        thread = threading.Thread(target=self._look, args=(over,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            over.set()
            thread.join()

    def _look(self, over: threading.Event) -> None:
        while not over.wait(0.1):
            found = {pid: play for pid in processes.every() if (play := self._play(pid))}
            before_exec = {child for pid in found for child in processes.children(pid)}
            running = frozenset(play for pid, play in found.items() if pid not in before_exec)
            self.seen |= running
            if len(running) > 1:
                self.together.add(running)

    def _play(self, pid: int) -> str:
        """The record of the playbook that this process keeps, "" for any other process, its own children included."""
        try:
            if b"playbooks.inside" not in Path(f"/proc/{pid}/cmdline").read_bytes() or os.getsid(pid) != pid:
                return ""
            variables = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
        except (OSError, ProcessLookupError):
            return ""
        records = (one.partition("=")[2] for one in variables if one.startswith(f"{MARK}="))
        return next((f"{record} by {pid}" for record in records if record.startswith(str(self.lab.folder))), "")


def begun(number: int) -> Callable[[Console, Running], None]:
    def wait(operator: Console, running: Running) -> None:
        operator.until(running, lambda record: isinstance(record.event, Begun) and record.event.number == number)

    return wait


def taken(operator: Console, running: Running) -> None:
    operator.until(running, lambda record: isinstance(record.event, Taken))


def last_done(operator: Console, running: Running) -> None:
    operator.until(running, lambda record: isinstance(record.event, Done) and record.event.number == 17)


def restarting(name: str) -> Callable[[Console, Running], None]:
    """The playbook is at work on the host, in the middle of the restart."""

    def wait(operator: Console, running: Running) -> None:
        before = len(restarts(operator.lab.machine(name)))
        while len(restarts(operator.lab.machine(name))) == before:
            assert running.process.poll() is None, running.wait()
            time.sleep(0.002)

    return wait


KILLED_AT = (
    taken,
    begun(1),  # fetch
    begun(2),  # drain
    begun(3),  # deploy, Ansible has its go
    begun(4),  # verify, deploy is done
    begun(5),  # readmit
    begun(6),  # drain of the next, readmit is done
    restarting("dc1-web2"),
    begun(13),
    restarting("dc2-web2"),
    last_done,
)


def test_killed_anywhere_it_comes_to_the_same_end(lab: Lab, operator: Console) -> None:
    load = control.start(lab, rate=50)
    with Watch(lab).on() as watch:
        words: tuple[str, ...] = ("deploy", "1.1.0")
        for moment in KILLED_AT:
            running = operator.start(*words)
            moment(operator, running)
            running.kill()
            words = ("resume",)
        if not isinstance(operator.records()[-1].event, Ended):  # it may have been faster than the last kill
            told = operator.run("resume")
            assert told.code == 0, str(told)
    seen = control.stop(load)
    assert broken(history(operator, seen, 1)) == ()
    (run,) = operator.runs()
    assert isinstance(run[-1].event, Ended)
    assert run[-1].event.end is End.DONE
    assert sum(isinstance(record.event, Taken) for record in run) >= len(KILLED_AT)
    assert repeated(run) == ()
    assert watch.seen
    assert watch.together == set()
    for host in lab.hosts:
        assert outside(lab)[host.name].release == "1.1.0"
        written = restarts(host)
        pairs = list(zip(written[::2], written[1::2], strict=True))  # never a second begin before the end of the first
        assert all((a.split()[0], b.split()[0]) == ("begin", "end") for a, b in pairs), written
        assert all(a.split()[1] == b.split()[1] for a, b in pairs), written
    assert operator.verify() == operator.seq


def test_stopped_by_hand_and_by_the_ci_server_it_goes_on_later(lab: Lab, operator: Console) -> None:
    """^C once, ^C twice, SIGTERM to the whole tree, one after the other in one run."""
    load = control.start(lab, rate=50)
    once = operator.at_terminal("deploy", "1.2.0")
    operator.until_begun(once, "drain", "dc1-web1")
    once.press_ctrl_c()
    told = once.wait()
    run = operator.records()[0].run
    assert told.code == 6, str(told)
    assert f"deployer resume {run}" in told.err

    twice = operator.at_terminal("resume")
    operator.until_begun(twice, "deploy")
    twice.press_ctrl_c()
    twice.until_told("once more stops at once")
    twice.press_ctrl_c()
    told = twice.wait()
    assert told.code == 6, str(told)
    assert f"deployer resume {run}" in told.err

    tree = operator.start("resume")
    operator.until_begun(tree, "deploy", "dc1-web2")
    tree.terminate_tree()
    told = tree.wait()
    assert told.code == 6, str(told)
    assert f"deployer resume {run}" in told.err

    told = operator.run("resume")
    assert told.code == 0, str(told)
    seen = control.stop(load)
    assert broken(history(operator, seen, 1, runs=1)) == ()
    assert [found.release for found in outside(lab).values()] == ["1.2.0"] * 4
    assert operator.verify() == operator.seq
