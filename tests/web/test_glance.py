"""What is said of a run at a glance: what it waits for, whom it asks, whether users are hurt"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.events import AbortAsked, Approved, End, Ended, GoingBack, OnHold, Planned, Record, Undecided
from deployer.model import Verdict
from deployer.settings.approvals import ApprovalValues
from deployer.settings.file import read
from deployer.settings.gate import GateValues
from deployer.settings.values import Settings
from deployer.web.glance import Glance, glance
from deployer.world import Outcome
from tests.cli.journals import SETTINGS
from tests.report import records
from tests.report.test_course import evacuated
from tests.report.test_verdicts import failed, passed
from tests.web.ground import canary

OPEN = Outcome("too few requests", verdict=Verdict.INCONCLUSIVE)
ASK = 43


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "deployer.yml").write_text(SETTINGS)
    return read(tmp_path / "deployer.yml")


def with_events(before: Sequence[Record], *events: object) -> list[Record]:
    last = before[-1]
    more = [replace(last, seq=last.seq + n, at=last.at + n, event=event) for n, event in enumerate(events, 1)]  # type: ignore[arg-type]
    return [*before, *more]


def seen(of: Sequence[Record], settings: Settings, *, at_work: bool = True, later: float = 0.0) -> Glance:
    return glance(of, settings, "prod", at_work=at_work, now=of[-1].at + later)


def test_a_gate_looks_first_and_then_a_person_is_asked(settings: Settings) -> None:
    settings = settings.model_copy(update={"gate": GateValues(max_bake=100, wait=50)})
    of = canary()
    early = seen(of, settings)
    (doing,) = early.doing
    assert "which compares both releases for at least 60.0 s" in doing.waits
    assert (early.state.short, early.asks, early.way) == ("Under way", None, "approve")
    late = seen(of, settings, later=100)
    assert late.asks is not None
    assert (late.state.short, late.asks.until, late.doing[0].until) == ("Waits for a person", *[doing.since + 150] * 2)
    assert [command.split()[1] for command in late.commands] == ["approve", "abort"]


def test_no_verdict_asks_a_person_until_the_time_of_the_rules(settings: Settings) -> None:
    rules = ApprovalValues(by="another", timeout=600, then="abort")
    settings = settings.model_copy(update={"approvals": rules})
    of = with_events(canary(), Undecided(0, ASK, OPEN))
    asked = seen(of, settings)
    (doing,) = asked.doing
    assert asked.state.short == "Waits for a person"
    assert (doing.until, doing.then) == (of[-1].at + 600, "at most; then everything is put back")
    assert asked.question is not None
    assert asked.question.but
    answered = seen(with_events(of, Approved(0, ASK, "bob")), settings)
    assert (answered.asks, answered.question, answered.state.short) == (None, None, "Under way")


def test_what_it_went_back_from_is_asked_no_more(settings: Settings) -> None:
    back = with_events(canary(), Undecided(0, ASK, OPEN), AbortAsked("bob"), GoingBack(1, records.BACK, "bob"))
    gone = seen(back, settings)
    assert (gone.state.short, gone.doing, gone.question, gone.steps) == ("Goes back", (), None, (0, 4))
    over = seen(with_events(back, Ended(End.PUT_BACK)), settings, at_work=False)
    assert (over.over, over.doing, over.question) == (True, (), None)


def test_a_freeze_is_said_to_hold_it(settings: Settings) -> None:
    held = seen(with_events(records.killed()[:4], OnHold(0, 3, "frozen by ann: year end", 1.0)), settings)
    assert (held.state.short, held.state.long) == ("Held by a freeze", "frozen by ann: year end")
    assert (held.doing[0].until, held.doing[0].then) == (1.0, "it goes on")


@pytest.mark.parametrize(
    ("of", "tone", "short"),
    [
        (canary(), "busy", "No harm shown so far"),
        (failed().it.journal.records, "bad", "Users were hurt"),
        (passed().it.journal.records, "good", "No harm to users"),
        (records.went_well(), "busy", "Errors are not measured"),
        (evacuated(), "busy", "Users are led elsewhere"),
    ],
)
def test_users_come_first(settings: Settings, of: Sequence[Record], tone: str, short: str) -> None:
    users = seen(of, settings, at_work=False).users
    assert (users.tone, users.short) == (tone, short)
    assert users.long


def test_too_few_hosts_are_worse_than_any_number(settings: Settings) -> None:
    of = records.killed()
    floor = replace(records.PLAN, intent=records.intent(floor={"dc1": 2}))
    few = seen([replace(of[0], event=Planned("ann", floor, records.PICTURE)), *of[1:]], settings)
    assert (few.users.short, few.users.long) == ("Too few hosts serve", "dc1 1 of 2 (floor 2)")
    assert few.sites[0].short
