"""One holder at a time, and an epoch that only grows"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

import pytest

from deployer.errors import LockHeld, Overtaken, UsageError
from deployer.heartbeat import Heartbeat
from deployer.lock import Lock
from deployer.process import is_gone, this_process
from deployer.store import open_store
from deployer.store.rows import Store
from tests.store.databases import postgres, postgres_url, url

__all__ = ["postgres", "postgres_url", "url"]
ROOT = Path(__file__).parents[1]


class Hands:
    """A clock the test moves."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = open_store(url)
    yield store
    store.close()


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def lock(store: Store, clock: Hands) -> Lock:
    return Lock(store, "shop", clock)


@contextmanager
def taker(url: str, run: str) -> Iterator[subprocess.Popen[str]]:
    """Another process: takes on its first line, then appends and prints per line it is sent."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.store.taker", url, run],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def say(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()
    return hear(process)


def hear(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout
    told: dict[str, str] = json.loads(process.stdout.readline())
    return told


def test_one_holder_and_the_message_for_the_other(lock: Lock, clock: Hands) -> None:
    lease = lock.take("r1", "ann@ctl", "release day")
    clock.time += 12
    with pytest.raises(LockHeld) as caught:
        lock.take("r2", "bob@ctl", "me too")
    assert str(caught.value) == (
        "shop: ann@ctl holds the lock for run r1 (release day) since 12 s\n"
        "  next: deployer status, and wait for its end; or stop it with deployer abort"
    )
    status = lock.status()
    assert status.lease == lease
    assert (status.age, status.stale, status.gone, status.highest) == (12.0, False, False, 1)


def test_the_epoch_only_grows(lock: Lock) -> None:
    epochs = []
    for number in range(3):
        lease = lock.take(f"r{number}", "ann@ctl")
        epochs.append(lease.epoch)
        lock.release(lease)
    lock.take("r4", "ann@ctl")
    epochs.append(lock.take("r5", "bob@ctl", "dc1 burns", seize=True).epoch)
    lock.break_("stuck", "carol@ctl")
    epochs.append(lock.take("r6", "ann@ctl").epoch)
    assert epochs == [1, 2, 3, 5, 6]


def test_services_do_not_share_a_lock(lock: Lock, store: Store) -> None:
    lock.take("r1", "ann@ctl")
    assert Lock(store, "blog", lambda: 1.0).take("r1", "bob@ctl").epoch == 1


def test_a_stale_lease_is_taken_only_with_a_reason(lock: Lock, clock: Hands) -> None:
    old = lock.take("r1", "ann@ctl")
    clock.time += 29
    lock.beat(old)
    clock.time += 31
    assert lock.status().stale
    with pytest.raises(LockHeld, match=r"silent for 31 s.*\n  next: deployer lock release --reason"):
        lock.take("r2", "bob@ctl", "mine")
    with pytest.raises(UsageError):
        lock.take("r2", "bob@ctl", " ", seize=True)
    new = lock.take("r2", "bob@ctl", "ann's laptop sleeps", seize=True)
    assert new.note == "taken from ann@ctl, run r1, silent for 31 s"
    with pytest.raises(Overtaken, match=r"bob@ctl took the lock over from run r1 for run r2 \(ann's laptop sleeps\)"):
        lock.beat(old)
    lock.release(old)
    assert lock.status().lease == new, "the old holder's release changes nothing"
    lock.release(new)
    with pytest.raises(Overtaken, match=r"any more: bob@ctl had taken it over for run r2 \(ann's laptop sleeps\)"):
        lock.beat(old)


def test_a_clock_that_goes_back_makes_no_lease_stale(lock: Lock, clock: Hands) -> None:
    lock.take("r1", "ann@ctl")
    clock.time -= 500
    assert lock.status().age == 0.0


def test_breaking_frees_it_and_tells_the_holder(lock: Lock) -> None:
    lease = lock.take("r1", "ann@ctl")
    with pytest.raises(UsageError):
        lock.break_("", "bob@ctl")
    assert lock.break_("stuck since lunch", "bob@ctl") == lease
    assert lock.status().note == "broken by bob@ctl: stuck since lunch"
    with pytest.raises(Overtaken, match=r"does not hold the lock any more: broken by bob@ctl: stuck since lunch"):
        lock.beat(lease)
    assert lock.break_("again", "bob@ctl") is None


def test_a_lost_store_learns_the_machines_epoch(lock: Lock) -> None:
    lock.adopt(41)
    lock.adopt(7)
    lease = lock.take("r1", "ann@ctl")
    assert lease.epoch == 42
    lock.adopt(99)
    lock.beat(lease)
    lock.release(lease)
    assert lock.take("r2", "ann@ctl").epoch == 100


def test_any_text_is_kept(lock: Lock) -> None:
    lock.take("r1", "ann\udcff@ctl", "NUL \0, caf\u00e9")
    status = lock.status()
    assert status.lease
    assert (status.lease.owner, status.lease.reason) == ("ann\\udcff@ctl", "NUL \\0, caf\u00e9")


def test_twenty_at_once_one_wins(url: str) -> None:
    """They also create the store, all at once."""
    takers = subprocess.Popen(
        [sys.executable, "-m", "tests.store.takers", url, "20"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )
    try:
        assert takers.stdout
        winner = int(takers.stdout.readline())
        assert takers.stdout.readline() == f"{[4] * 19}\n", "nobody else took it, nobody failed otherwise"
        store = open_store(url, read_only=True)
        lease = Lock(store, "shop", lambda: 1.0).status().lease
        assert lease
        assert (lease.run, lease.epoch) == (f"r{winner}", 1)
        store.close()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(takers.pid, signal.SIGKILL)
        takers.communicate()


def test_a_holder_that_died_here_is_followed_at_once(url: str, lock: Lock) -> None:
    with taker(url, "r1") as holder:
        hear(holder)
        assert say(holder)["told"] == "taken"
        with pytest.raises(LockHeld):
            lock.take("r2", "bob@ctl")
        holder.kill()
        os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)  # a zombie is dead enough
        assert lock.status().gone
        lease = lock.take("r2", "bob@ctl")
        assert "r1, which died" in lease.note


def test_a_paused_holder_is_refused_when_it_wakes(url: str, lock: Lock) -> None:
    with taker(url, "r1") as holder:
        hear(holder)
        assert say(holder)["told"] == "taken"
        assert say(holder)["told"] == "appended"
        holder.send_signal(signal.SIGSTOP)
        lock.take("r2", "bob@ctl", "ann does not answer", seize=True)
        holder.send_signal(signal.SIGCONT)
        assert say(holder)["told"] == "Overtaken"


def test_a_process_is_gone_only_when_it_is_certain() -> None:
    boot, space, pid, born = this_process().split("/")
    assert not is_gone(this_process())
    assert is_gone(f"{boot}/{space}/{pid}/{int(born) - 1}"), "its number was given to another process"
    assert not is_gone(f"another-boot/{space}/{pid}/1")
    assert not is_gone(f"{boot}/1/{pid}/1")
    assert not is_gone("")


def test_the_heartbeat_keeps_the_lease_and_tells_when_it_is_lost(store: Store, lock: Lock, clock: Hands) -> None:
    lease = lock.take("r1", "ann@ctl")
    lost = Event()
    with Heartbeat(lock, lease, every=0.02, on_lost=lambda _: lost.set()) as heart:
        clock.time += 100
        for _ in range(2000):
            if lock.status().age == 0:
                break
            lost.wait(0.01)
        assert not lock.status().stale
        assert heart.lost == ""
        lock.take("r2", "bob@ctl", "dc1 burns", seize=True)
        assert lost.wait(60)
    assert "bob@ctl took the lock over" in heart.lost
