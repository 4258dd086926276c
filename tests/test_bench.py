"""The bench's own arithmetic: ratios, spreads, verdicts, the order of rounds, the table"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from deployer.events import Begun, Done, End, Ended, Event, Planned, Record, Taken
from deployer.world import Outcome
from tests.bench.account import account
from tests.bench.figure import Figure, interval, ratio, seconds
from tests.bench.rounds import interleaved
from tests.bench.rows import ROWS
from tests.bench.table import table, write
from tests.runs import case, intent, pool


def test_a_ratio_is_that_of_the_medians_and_its_spread_that_of_the_rounds() -> None:
    figure = ratio("rolling", "ours", "theirs", {"ours": (1.0, 2.0, 9.0), "theirs": (4.0, 8.0, 6.0)}, 0.35)
    assert (figure.value, figure.low, figure.high) == (2 / 6, 0.25, 1.5)
    assert figure.verdict == "met"
    assert dict(figure.seconds) == {"ours": (1.0, 2.0, 9.0), "theirs": (4.0, 8.0, 6.0)}


@pytest.mark.parametrize(("target", "verdict"), [(2.0, "met"), (1.99, "MISSED"), (None, "")])
def test_a_target_is_met_exactly_at_it_and_none_is_judged_by_nobody(target: float | None, verdict: str) -> None:
    assert seconds("plan", "plan", "", (1.0, 2.0, 3.0), target).verdict == verdict


def test_every_other_round_runs_backwards_and_the_warm_up_does_not_count() -> None:
    ran: list[str] = []
    times = interleaved({name: _noted(ran, name) for name in "abc"}, 2, warm_up=1)
    assert "".join(ran) == "cbaabccba"
    assert times == {"a": (4.0, 9.0), "b": (5.0, 8.0), "c": (6.0, 7.0)}


def _noted(ran: list[str], name: str) -> Callable[[], float]:
    def work() -> float:
        ran.append(name)
        return float(len(ran))

    return work


def test_the_table_has_every_figure_its_target_and_its_notes() -> None:
    figures = (
        Figure("rolling", "deployer", "ansible", 0.3456, 0.3, 1.04, target=0.35, notes=("quiet machine",)),
        Figure("out-of-pool", "median", "restart", 212.4, -0.5, 300.0, "s", 1.5),
    )
    assert table(figures).splitlines() == [
        "row          work      against  measured  spread        target",
        "rolling      deployer  ansible  0.346 x   0.3 … 1.04    ≤ 0.35 x  met",
        "out-of-pool  median    restart  212 s     -0.5 … 300 s  ≤ 1.5 s   MISSED",
        "",
        "rolling: quiet machine",
    ]


def test_the_file_holds_what_the_table_shows(tmp_path: Path) -> None:
    write((ratio("help", "ours", "theirs", {"ours": (1.0,), "theirs": (2.0,)}, 2.0),), tmp_path / "bench.json")
    (told,) = json.loads((tmp_path / "bench.json").read_text())["figures"]
    assert told["row"] == "help"
    assert (told["value"], told["unit"], told["target"], told["met"]) == (0.5, "ratio", 2.0, True)
    assert told["seconds"] == {"ours": [1.0], "theirs": [2.0]}


@pytest.mark.parametrize(("module", "function"), sorted(set(ROWS.values())))
def test_each_row_is_there(module: str, function: str) -> None:
    assert callable(getattr(import_module(f"tests.bench.{module}"), function))


def test_the_account_of_a_run_adds_up_to_its_whole_time() -> None:
    memory = pool(1, ("dc1",))
    it = case(memory, intent(memory, floor=0))
    events: list[Event] = [Planned("ann", it.plan, it.picture), Taken("ann", 1)]
    for number in range(1, len(it.plan.steps) + 1):
        events += [Begun(0, number), Done(0, number, Outcome())]
    events.append(Ended(End.DONE))
    records = [Record(seq, "r1", 100.0 + seq, event) for seq, event in enumerate(events, 1)]
    parts = dict(account(records, began=99.0, ended=records[-1].at + 2.0).parts)
    assert parts["start, look and plan"] == 2.0
    assert parts["fetch"] == parts["drain"] == parts["deploy"] == parts["verify"] == parts["readmit"] == 1.0
    assert (parts["last look"], parts["end"]) == (1.0, 2.0)


def test_the_interval_of_a_median_leaves_out_what_is_too_far_at_either_end() -> None:
    assert interval([3.0, 1.0, 2.0]) == (1.0, 3.0)
    assert interval([float(value) for value in range(1, 22)]) == (6.0, 16.0)
