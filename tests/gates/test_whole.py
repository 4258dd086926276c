"""Whole runs under the gate: one alpha over steps and restarts of the orchestrator, and rolling releases too"""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.events import End, Looked
from deployer.model import Gating
from tests.gates.stream import Stream
from tests.gates.whole import Whole
from tests.memory import Crash
from tests.runs import all_serve, case, intent, pool


def windows(whole: Whole) -> list[int]:
    return [record.event.look.window for record in whole.it.journal.records if isinstance(record.event, Looked)]


def alphas(whole: Whole) -> dict[int, float]:
    """By window, from the verdicts that were reached."""
    judged = [said.judged for said in whole.it.progress.answers.values() if said.judged]
    return {int((0.01 / one.budget.alpha) ** 0.5): one.budget.alpha for one in judged}


@pytest.mark.parametrize("point", [40, 60, 75])
def test_after_a_crash_windows_are_counted_on_and_the_run_has_still_one_alpha(point: int) -> None:
    whole = Whole.of(Stream(time=1_000_000.0))
    whole.it.journal.crash = (point, "after")
    with pytest.raises(Crash):
        whole.run()
    before = max(windows(whole), default=0)
    whole.it.revive()
    assert whole.engine().resume("r1").end is End.DONE
    assert all_serve(whole.it.memory, "1.1")
    assert windows(whole) == sorted(windows(whole)), "never an earlier one again"
    assert max(windows(whole)) > before
    assert sum(alphas(whole).values()) <= 0.01


def rolling(stream: Stream) -> Whole:
    whole = Whole.of(stream)
    memory = pool(4)
    wanted = replace(intent(memory, wave=2, floor=2), gating=Gating(30, 30))
    it = case(memory, wanted)
    it.journal = whole.it.journal
    return replace(whole, it=it)


def test_a_rolling_release_is_judged_by_new_hosts_against_old_ones_and_in_the_end() -> None:
    whole = rolling(Stream(time=1_000_000.0))
    ended = whole.run()
    assert ended.end is End.DONE, ended.note
    assert len(whole.it.progress.answers) == 4, "two waves at dc1, one at dc2 but the last, and afterwards"


def test_a_rolling_release_that_fails_requests_is_taken_back_everywhere() -> None:
    whole = rolling(Stream(time=1_000_000.0, bad=lambda host, _now: 0.1 if host == "dc2-web1" else 0.0))
    ended = whole.run()
    assert ended.end is End.PUT_BACK, ended.note
    assert all_serve(whole.it.memory, "1.0"), "dc1 too, which had passed"
    assert "error_rate too high" in ended.note


def test_low_traffic_waits_and_is_not_decided_by_accident() -> None:
    whole = Whole.of(Stream(time=1_000_000.0, rate=10 / 60, bad=lambda _host, now: float(now % 600 == 0)), longest=300)
    ended = whole.run()
    assert ended.end is End.WAITING
    assert "approve r1" in ended.remedy
    assert not all_serve(whole.it.memory, "1.0"), "left as it is, for a person to decide"
