"""What people read, as golden texts from hand-made records"""

from __future__ import annotations

import pytest

from deployer.events import Begun, Done, End, Ended, Record
from deployer.plan import Plan
from deployer.report.account import account
from deployer.report.log import Log
from deployer.report.runbook import runbook
from deployer.report.text import ending, next_commands
from deployer.world import Outcome
from tests.report import records
from tests.report.golden_text import check

RUNS = {"went_well": records.went_well(), "put_back": records.put_back(), "killed": records.killed()}


@pytest.mark.parametrize("name", RUNS)
def test_the_end_tells_what_is_where_and_what_to_type(name: str) -> None:
    check(f"{name}.txt", ending(account(RUNS[name]), inventory="inventories/prod"))


@pytest.mark.parametrize("name", RUNS)
def test_the_log_tells_the_story_line_by_line(name: str) -> None:
    log = Log()
    check(f"{name}.log", "".join(f"{line}\n" for record in RUNS[name] for line in log.lines(record)))


def test_a_runbook_shows_every_step_and_the_rules() -> None:
    check("runbook.txt", runbook(records.PLAN, records.PICTURE))


def test_a_runbook_of_nothing_says_so() -> None:
    assert runbook(Plan(records.intent(), ())).startswith("shop 1.1.0, rolling: nothing to do\n")


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_foreign_text_never_reaches_the_terminal_raw(run: list[Record]) -> None:
    log = Log()
    shown = ending(account(run)) + "".join(line for record in run for line in log.lines(record))
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("ended", "typed"),
    [
        (Ended(End.DONE), []),
        (Ended(End.STOPPED, "", "deployer resume r1"), ["deployer resume r1 -i prod", "deployer undo r1 -i prod"]),
        (
            Ended(End.HALF_WAY, "", "deployer resume r1, or deployer undo r1 --all"),
            ["deployer resume r1 -i prod", "deployer undo r1 --all -i prod"],
        ),
        (Ended(End.PUT_BACK, "", "ssh web1"), ["ssh web1"]),
    ],
)
def test_the_next_commands_can_be_copied(ended: Ended, typed: list[str]) -> None:
    run = [*records.killed(), Record(99, "r1", records.START + 9, ended)]
    assert list(next_commands(account(run), "prod")) == typed


def test_a_step_repeated_after_a_pause_is_timed_from_its_second_begin() -> None:
    run = [
        *records.killed(),
        Record(97, "r1", records.START + 600, Begun(0, 3)),
        Record(98, "r1", records.START + 602, Done(0, 3, Outcome())),
    ]
    assert next(step.seconds for step in account(run).steps if step.number == 3) == 2.0
    log = Log()
    assert [line for record in run for line in log.lines(record)][-1].endswith("3 done in 2.0 s")
