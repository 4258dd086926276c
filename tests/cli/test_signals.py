"""Signals pull the brake, from a thread"""

from __future__ import annotations

import os
import signal
import time

import pytest

from deployer.brake import Brake
from deployer.cli.signals import STOPPING, braking


def until(true: object) -> None:
    deadline = time.monotonic() + 30
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("number", STOPPING)
def test_once_brakes_twice_stops_at_once(number: signal.Signals) -> None:
    brake, heard = Brake(), []
    with braking(brake, lambda name, count: heard.append((name, count))):
        os.kill(os.getpid(), number)
        until(lambda: len(heard) == 1)
        assert (brake.pulled, brake.at_once) == (True, False)
        os.kill(os.getpid(), number)
        until(lambda: len(heard) == 2)
        assert brake.at_once
    assert heard == [(number.name, 1), (number.name, 2)]


def test_one_too_many_does_not_cut_off_the_end() -> None:
    """The step was just done when ^C came a second time: the report is on its way."""
    brake = Brake()
    with braking(brake, lambda *_: None):
        os.kill(os.getpid(), signal.SIGINT)
        until(lambda: brake.pulled)
    for number in STOPPING:
        os.kill(os.getpid(), number)


def test_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in STOPPING]
    with braking(Brake(), lambda *_: None):
        assert signal.getsignal(signal.SIGINT) is not before[0]
    assert [signal.getsignal(number) for number in STOPPING] == before
