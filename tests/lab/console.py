"""deployer as an operator has it: a command line, a terminal, and a journal to look into"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import yaml

from deployer.events import Begun, Done, Event, Record
from deployer.journal import Journal
from deployer.lab import balancer
from deployer.lab.layout import SERVICE_PORT, SITES, Lab, Machine
from deployer.lab.load.control import Seen
from deployer.playbooks.processes import children
from deployer.progress import fold
from deployer.steps import hosts_of, verb
from deployer.store import open_store
from tests.lab.history import Found, History

OK = 200
LONGEST = 400.0
"""Seconds after which a command hangs: never reached by one that works, however busy the machine is."""

_TERMINAL = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


@dataclass(frozen=True, slots=True)
class Told:
    """How a command ended. `err` is the story; on a terminal it holds the result as well."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def __str__(self) -> str:
        return f"exit {self.code}\n{self.err}\n{self.out}"


@dataclass(slots=True)
class Running:
    """A command under way; `story` is the file its stderr (on a terminal: everything) goes to.

    `since` is the last record of the journal when it began.
    """

    process: subprocess.Popen[bytes]
    result: Path
    story: Path
    since: int
    master: int | None = None

    def wait(self) -> Told:
        if self.master is not None:
            self._listen()
        code = self.process.wait(LONGEST)
        return Told(code, self.result.read_text(), self.story.read_text(errors="replace"))

    def kill(self) -> None:
        """SIGKILL to the orchestrator, and to nobody else."""
        self.process.kill()
        self.process.wait()

    def terminate_tree(self) -> None:
        """SIGTERM to the orchestrator and all its descendants, as a CI server does it."""
        for pid in (self.process.pid, *_below(self.process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def press_ctrl_c(self) -> None:
        assert self.master is not None
        os.write(self.master, b"\x03")

    def until_told(self, words: str) -> None:
        """Until these words are on the terminal, or in the story."""
        deadline = time.monotonic() + LONGEST
        while words not in self.story.read_text():
            assert self.master is None or self._hear(0.05) or self.process.poll() is None, self.story.read_text()
            assert self.master is not None or self.process.poll() is None, self.story.read_text()
            assert time.monotonic() < deadline, f"{words!r} was not told:\n{self.story.read_text()}"
            time.sleep(0.01)

    def _listen(self) -> None:
        deadline = time.monotonic() + LONGEST
        while self._hear(0.1) or self.process.poll() is None:
            assert time.monotonic() < deadline, self.story.read_text()

    def _hear(self, seconds: float) -> bool:
        """A terminal that nobody reads stops the one who writes to it. False when nothing came."""
        if self.master is None or not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            said = os.read(self.master, 65536)
        except OSError:  # the other side is closed
            return False
        with self.story.open("ab") as file:
            file.write(said)
        return bool(said)


@dataclass(slots=True)
class Console:
    """`python -m deployer … -i <the lab's inventory>`, by a person who says `--yes`."""

    lab: Lab
    inventory: Path
    home: Path
    started: list[Running] = field(default_factory=list)

    def run(self, *words: str, **environment: str) -> Told:
        return self.start(*words, **environment).wait()

    def start(self, *words: str, **environment: str) -> Running:
        """In a session of its own, so that signals can be sent to all of it."""
        (result, story), since = self._files(), self.seq
        with result.open("wb") as out, story.open("wb") as err:
            process = subprocess.Popen(
                self._words(*words),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, **environment},
                cwd=self.home,
                start_new_session=True,
            )
        return self._started(Running(process, result, story, since))

    def at_terminal(self, *words: str) -> Running:
        """On a pty of its own, which is its controlling terminal."""
        master, slave = os.openpty()
        (result, story), since = self._files(), self.seq
        process = subprocess.Popen(
            [sys.executable, "-c", _TERMINAL, *self._words(*words)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "200", "CI": ""},
            cwd=self.home,
            start_new_session=True,
        )
        os.close(slave)
        return self._started(Running(process, result, story, since, master))

    def set(self, **changes: Any) -> None:
        """Other values in deployer.yml: `rolling={"undo": "all"}` leaves the rest of `rolling` as it is."""
        path = self.inventory / "deployer.yml"
        settings = yaml.safe_load(path.read_text())
        for key, value in changes.items():
            settings[key] = {**settings.get(key, {}), **value} if isinstance(value, Mapping) else value
        path.write_text(yaml.safe_dump(settings, sort_keys=False, width=200))

    def copy(self, name: str) -> Console:
        """Another operator's inventory of the same machines."""
        inventory = self.home / name
        inventory.mkdir()
        for path in self.inventory.iterdir():
            if path.is_file():
                (inventory / path.name).write_bytes(path.read_bytes())
        return Console(self.lab, inventory, self.home, self.started)

    @property
    def seq(self) -> int:
        """The last acknowledged record; SQLite's anchor is cheap enough to ask a thousand times."""
        if not self._state.startswith("sqlite:"):
            return max((record.seq for record in self.records()), default=0)
        try:
            return int((self.lab.folder / "state.db.shop.anchor").read_bytes().split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return 0

    def records(self, run: str = "") -> tuple[Record, ...]:
        """Of this run, or of the last one. Reading checks the chain."""
        with self._journal() as journal:
            chosen = run or journal.last_run()
            return journal.events(chosen) if chosen else ()

    def runs(self) -> tuple[tuple[Record, ...], ...]:
        """All of them, oldest first."""
        with self._journal() as journal:
            return tuple(journal.events(head.run) for head in reversed(journal.runs(1000)))

    def verify(self) -> int:
        """Every link of the whole journal; how many records it holds."""
        with self._journal() as journal:
            return journal.verify()

    def until(self, running: Running, happened: Callable[[Record], bool]) -> Record:
        """The first record since this command began of which this is true. Fails when it ends before."""
        seen, deadline = running.since, time.monotonic() + LONGEST
        while True:
            ended = running.process.poll() is not None
            if self.seq > seen:
                new = [record for record in self.records() if record.seq > seen]
                for record in new:
                    if happened(record):
                        return record
                seen = max((record.seq for record in new), default=seen)
            else:
                assert not ended, f"it ended before: {running.wait()}"
                assert time.monotonic() < deadline, f"it did not happen: {self.records()[-3:]}"
                time.sleep(0.002)

    def until_begun(self, running: Running, what: str, host: str = "") -> Record:
        """Until a step of this verb (on this host) has begun."""
        return self.until(running, lambda record: self._is(record, Begun, what, host))

    def until_done(self, running: Running, what: str, host: str = "") -> Record:
        return self.until(running, lambda record: self._is(record, Done, what, host))

    def _is(self, record: Record, kind: type[Event], what: str, host: str) -> bool:
        if not isinstance(record.event, Begun | Done) or not isinstance(record.event, kind):
            return False
        step = fold(self.records(record.run)).lines[record.event.line].steps[record.event.number - 1]
        return verb(step) == what and (not host or host in hosts_of(step))

    @property
    def _state(self) -> str:
        """What the lab was brought up with, where a test has put something else there, or nothing."""
        settings = self.inventory / "deployer.yml"
        said = yaml.safe_load(settings.read_text()) if settings.exists() else None
        return str(said["state"]) if isinstance(said, dict) else f"sqlite:///{self.lab.folder / 'state.db'}"

    @contextmanager
    def _journal(self) -> Iterator[Journal]:
        store = open_store(self._state, base=self.inventory, read_only=True)
        try:
            yield Journal(store, "shop", time.time)
        finally:
            store.close()

    def _words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "deployer", *words, "-i", str(self.inventory), *_yes(words)]

    def _files(self) -> tuple[Path, Path]:
        result, story = (self.home / f"{len(self.started)}.{name}" for name in ("out", "err"))
        result.touch()
        story.touch()
        return result, story

    def _started(self, running: Running) -> Running:
        self.started.append(running)
        return running


@contextmanager
def console(lab: Lab) -> Iterator[Console]:
    """Whatever was started is ended with it. The lab's settings are made quick."""
    home = lab.folder / "console"
    home.mkdir()
    operator = Console(lab, lab.inventory, home)
    operator.set(app={"healthy_for": "0.3s"})
    try:
        yield operator
    finally:
        for running in operator.started:
            if running.process.poll() is None:
                running.process.send_signal(signal.SIGCONT)
                running.kill()
            if running.master is not None:
                os.close(running.master)


def outside(lab: Lab) -> dict[str, Found]:
    """Every host asked past the balancers, every balancer asked past deployer."""
    up = {one.name: balancer.servers(one).up for one in lab.balancers}
    return {
        host.name: Found(_version(host), frozenset(name for name, hosts in up.items() if host.name in hosts))
        for host in lab.hosts
    }


def as_it_is(lab: Lab) -> dict[str, object]:
    """Everything that a refused act must not have changed: links, releases, health files, fences, pids, maps, pools."""
    there: dict[str, object] = {}
    for host in lab.hosts:
        files = sorted(path for path in (host.root / "shared").iterdir() if path.is_file() and path.suffix != ".lock")
        there[host.name] = (
            (host.root / "current").readlink(),
            sorted(path.name for path in (host.root / "releases").iterdir()),
            {path.name: path.read_text() for path in files},
            (host.folder / "shop.pid").read_text(),
        )
    for one in lab.balancers:
        maps = {path.name: path.read_text() for path in one.maps.iterdir() if path.suffix != ".lock"}
        there[one.name] = (maps, balancer.servers(one).up)
    return there


def history(operator: Console, seen: Seen, floor: int, *, runs: int = 1000) -> History:
    """The last so many runs of this lab, and how it stands now."""
    balancers = {site: frozenset(one.name for one in operator.lab.of_site(site, "lb")) for site in SITES}
    floors = dict.fromkeys(SITES, floor)
    return History(operator.runs()[-runs:], seen, outside(operator.lab), balancers, floors)


def sessions(one: Machine) -> tuple[int, ...]:
    """The SSH sessions that are open on this machine now; its sshd goes on taking new ones."""
    return _below(int((one.folder / "sshd.pid").read_text()))


def _version(host: Machine) -> str | None:
    link = HTTPConnection(host.address, SERVICE_PORT, timeout=5)
    try:
        link.request("GET", "/version")
        reply = link.getresponse()
        return str(json.loads(reply.read())["version"]) if reply.status == OK else None
    except (OSError, HTTPException):
        return None
    finally:
        link.close()


def _yes(words: tuple[str, ...]) -> tuple[str, ...]:
    asking = ("deploy", "resume", "abort", "undo", "rollback", "restart", "drain", "readmit")
    return ("--yes",) if words[0] in asking or words[:2] in (("lock", "release"), ("lock", "adopt")) else ()


def _below(pid: int) -> tuple[int, ...]:
    mine = children(pid)
    return (*mine, *(other for child in mine for other in _below(child)))
