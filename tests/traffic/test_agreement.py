"""P6: one balancer of the pair refuses, dies or hangs at each point of a raise and of a lowering"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Queue

import pytest

from deployer.clock import WallClock
from deployer.errors import DeployerError
from deployer.model import Split
from deployer.settings.values import Settings
from deployer.steps import Shift
from deployer.traffic.live import LiveTraffic
from tests.ssh.parts import children, kill, until
from tests.traffic.parts import Haproxy, Ordered, Site, site

NETWORK = f"127.{100 + os.getpid() % 150}"
PAIRS = 4
TENTH = Split((("1.0.0", 9_000), ("2.0.0", 1_000)))
HALF = Split((("1.0.0", 5_000), ("2.0.0", 5_000)))
AGREE_WITHIN = 60
"""Seconds after which a lowering gives up on a balancer: far longer than one is away here."""


@dataclass
class Gate:
    """Stands before the runtime socket of a balancer: from the nth command that begins so, `fault` befalls it."""

    part: Haproxy
    door: socket.socket | None = None
    fault: Fault | None = None
    word: str = ""
    left: int = 0
    turn: threading.Lock = field(default_factory=threading.Lock)
    """It dies or is healed, one after the other."""

    @property
    def path(self) -> Path:
        return self.part.folder / "gate.sock"

    def open(self) -> None:
        self.path.unlink(missing_ok=True)
        self.door = socket.socket(socket.AF_UNIX)
        self.door.bind(str(self.path))
        self.door.listen(16)
        threading.Thread(target=self._serve, args=(self.door,), daemon=True).start()

    def close(self) -> None:
        """Nobody listens: whoever connects is refused."""
        if self.door is not None:
            with suppress(OSError):
                self.door.shutdown(socket.SHUT_RDWR)
            self.door.close()
            self.door = None

    def arm(self, fault: Fault, word: str, nth: int) -> None:
        self.fault, self.word, self.left = fault, word, nth

    @property
    def struck(self) -> bool:
        return self.left <= 0

    def heal(self) -> None:
        """What was dead or stood still serves again."""
        with self.turn:
            self.fault = None
            if self.part.process is None:
                self.part.start()
                settled(self.part)
            _signal(self.part, signal.SIGCONT)
            if self.door is None:
                self.open()

    def _serve(self, door: socket.socket) -> None:
        while True:
            try:
                link, _ = door.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(link,), daemon=True).start()

    def _answer(self, link: socket.socket) -> None:
        with link, suppress(OSError):
            command = b"".join(iter(lambda: link.recv(65536), b"")).decode().strip()
            self.left -= command.startswith(self.word)
            fault = self.fault if self.struck else None
            link.sendall((fault(self, command) if fault else self.part.ask(command)).encode())


Fault = Callable[[Gate, str], str]
Point = tuple[Fault, str, int]


def settled(part: Haproxy) -> None:
    """web1 carries 2.0.0 in slot b, web2 1.0.0 in slot a."""
    until(lambda: part.status("web1") == {"shop_a": "DOWN", "shop_b": "UP"}, "web1 is in slot b")
    until(lambda: part.status("web2") == {"shop_a": "UP", "shop_b": "DOWN"}, "web2 is in slot a")


def refuses(gate: Gate, command: str) -> str:
    """A socket that may only look."""
    if command.startswith("show"):
        return gate.part.ask(command)
    return "".join("Permission denied.\n\n" for _ in command.split(";"))


def dies(gate: Gate, command: str) -> str:
    with gate.turn:
        if gate.fault is None:  # healed before it came to it
            return gate.part.ask(command)
        gate.close()
        gate.part.stop()
    return ""


def dies_after_it_was_done(gate: Gate, command: str) -> str:
    gate.part.ask(command)
    return dies(gate, command)


def hangs(gate: Gate, command: str) -> str:
    """And what it was told lies in its socket until it goes on."""
    _signal(gate.part, signal.SIGSTOP)
    return gate.part.ask(command)


def _signal(part: Haproxy, number: signal.Signals) -> None:
    assert part.process
    for pid in (part.process.pid, *children(part.process.pid)):
        kill(pid, number)


@dataclass(frozen=True, slots=True)
class Pair:
    """lb1 is told directly, lb2 through the gate."""

    site: Site
    gate: Gate
    ordered: Ordered

    def shift(self, split: Split) -> DeployerError | None:
        """What it said when it did not come about."""
        one, two = self.site.estate.balancers
        estate = replace(self.site.estate, balancers=(one, replace(two, socket=str(self.gate.path))))
        told = self.site.settings.model_dump()
        told["balancers"]["agree_within"] = AGREE_WITHIN
        traffic = LiveTraffic(estate, Settings.model_validate(told), self.site.ssh, WallClock())
        try:
            traffic.shift(Shift("dc1", split), self.ordered.order)
        except DeployerError as error:
            return error
        return None

    def stands(self, split: Split) -> None:
        """Everywhere, and the balancers say so themselves."""
        assert self.shift(split) is None
        assert (self.share("lb1"), self.share("lb2")) == (split.of("2.0.0"),) * 2
        until(lambda: self.site.traffic.look(["dc1"]).complaints == (), "both agree, and have checked their servers")

    def share(self, balancer: str) -> int:
        """As the balancer has it, asked past the driver."""
        part = self.site.balancers[balancer]
        (line,) = (line for line in part.ask(f"show map {part.folder}/maps/pct.map").splitlines() if " pct " in line)
        return int(line.split()[2])

    def on_disk(self, balancer: str) -> int:
        text = (self.site.balancers[balancer].folder / "maps" / "pct.map").read_text()
        return int(dict(line.split() for line in text.splitlines())["pct"])


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queue[Pair]]:
    found: Queue[Pair] = Queue()
    with ExitStack() as stack:
        for number in range(PAIRS):
            found.put(stack.enter_context(pair(tmp_path_factory.mktemp("agree"), f"{NETWORK}.{number}")))
        yield found


@contextmanager
def pair(folder: Path, network: str) -> Iterator[Pair]:
    with site(folder, network, hosts=2) as found:
        found.traffic.shift(Shift("dc1", Split((("1.0.0", 10_000),))), Ordered().order)
        found.health("web1").write_text("OK slot=B release=2.0.0\n")
        for part in found.balancers.values():
            settled(part)
        gate = Gate(found.balancers["lb2"])
        gate.open()
        try:
            yield Pair(found, gate, Ordered())
        finally:
            gate.heal()
            gate.close()


@contextmanager
def healed_once_the_other_is_at(pair: Pair, share: int) -> Iterator[None]:
    over = threading.Event()

    def wait_and_heal() -> None:
        while pair.share("lb1") != share and not over.wait(0.05):
            pass
        pair.gate.heal()

    healing = threading.Thread(target=wait_and_heal)
    healing.start()
    try:
        yield
    finally:
        over.set()
        healing.join()


LOOKED, HOSTS, READ, PREPARED, TOLD = "show map", "show info", "show map", "prepare map", "add map"
RAISED = (
    (dies, LOOKED, 1),
    (dies, HOSTS, 1),
    (dies, READ, 2),
    (refuses, PREPARED, 1),
    (dies, TOLD, 1),
    (dies_after_it_was_done, TOLD, 1),
    (dies, READ, 3),
    (refuses, PREPARED, 2),
    (dies, PREPARED, 2),
    (refuses, TOLD, 2),
    (dies, TOLD, 2),
    (dies_after_it_was_done, TOLD, 2),
    (dies, READ, 5),
    (hangs, LOOKED, 1),
    (hangs, TOLD, 1),
    (hangs, TOLD, 2),
    (hangs, READ, 5),
)
"""Known first (1), then the share (2), each read back."""
LOWERED = (
    (dies, LOOKED, 1),
    (dies, HOSTS, 1),
    (dies, READ, 2),
    (refuses, PREPARED, 1),
    (dies, PREPARED, 1),
    (refuses, TOLD, 1),
    (dies, TOLD, 1),
    (dies_after_it_was_done, TOLD, 1),
    (dies, READ, 3),
    (hangs, LOOKED, 1),
    (hangs, TOLD, 1),
    (hangs, READ, 3),
)


def test_a_raise_is_taken_back_whatever_befalls_one_of_the_pair_when(pairs: Queue[Pair]) -> None:
    each(pairs, RAISED, raised)


def test_a_lowering_goes_on_and_the_other_follows_whatever_befell_it_when(pairs: Queue[Pair]) -> None:
    each(pairs, LOWERED, lowered)


def each(pairs: Queue[Pair], points: Iterable[Point], act: Callable[[Pair], None]) -> None:
    """Most of it is waiting, so several pairs go through it at once."""

    def one(point: Point) -> str:
        pair = pairs.get()
        try:
            return told(pair, point, act)
        finally:
            pairs.put(pair)

    with ThreadPoolExecutor(PAIRS) as pool:
        assert [failed for failed in pool.map(one, points) if failed] == []


def told(pair: Pair, point: Point, act: Callable[[Pair], None]) -> str:
    fault, word, nth = point
    pair.stands(HALF if act is lowered else TENTH)
    pair.gate.arm(fault, word, nth)
    try:
        act(pair)
        assert pair.gate.struck, "it came so far"
    except (AssertionError, DeployerError) as error:
        return f"{fault.__name__} at {word} {nth}: {error}"
    finally:
        pair.gate.heal()
    return ""


def raised(pair: Pair) -> None:
    error = pair.shift(HALF)
    assert error is not None
    assert (pair.share("lb1"), pair.on_disk("lb1")) == (1_000, 1_000), str(error)
    pair.gate.heal()
    if (pair.share("lb2"), pair.on_disk("lb2")) != (1_000, 1_000):
        assert "not taken back on lb2" in str(error), str(error)
    pair.stands(TENTH)


def lowered(pair: Pair) -> None:
    with healed_once_the_other_is_at(pair, 1_000):
        error = pair.shift(TENTH)
    assert error is None, str(error)
    assert (pair.share("lb1"), pair.share("lb2")) == (1_000, 1_000)
