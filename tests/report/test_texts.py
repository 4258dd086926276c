"""What people read, as golden texts from hand-made records"""

from __future__ import annotations

import pytest

from deployer.events import Record
from deployer.plan import Plan
from deployer.report.account import account
from deployer.report.log import Log
from deployer.report.runbook import runbook
from deployer.report.text import ending
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
