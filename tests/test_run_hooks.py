"""The operator's hooks of a run: what they learn, who may refuse, and that none of them holds a run up"""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from deployer.errors import Refused, StepFailed
from deployer.events import Called, Record
from deployer.hooks import Facts, Hook, Hooks
from deployer.run_hooks import RunHooks
from deployer.settings.hooks import HookValues
from tests.notices.ears import ears
from tests.report import records, test_course

FACTS = Facts("r1", "shop", "1.1.0", "rolling", "ann@ops", "the weekly release")


def script(folder: Path, body: str) -> str:
    (folder / "hook.sh").write_text(f"#!/bin/sh\n{body}\n")
    (folder / "hook.sh").chmod(0o755)
    return "./hook.sh"


def hooks(folder: Path, run: str, *points: str, timeout: float = 30) -> Hooks:
    return Hooks(str(folder), {point: (Hook(run, timeout),) for point in points})


def walked(given: Hooks, run: list[Record]) -> list[Called]:
    written: list[Called] = []
    with RunHooks(given, lambda _run, called: written.append(called)) as one:
        one.begin(FACTS)
        for record in run:
            one.hear(record)
    return written


def test_each_point_is_called_in_turn_and_learns_where_the_run_is(tmp_path: Path) -> None:
    told = tmp_path / "told"
    run = script(
        tmp_path, f'echo "$DEPLOYER_EVENT|$DEPLOYER_RUN|$DEPLOYER_STAGE|$DEPLOYER_END|$DEPLOYER_REASON" >>{told}'
    )
    points = ("before_run", "before_stage", "after_stage", "failed", "after_run")
    written = walked(hooks(tmp_path, run, *points), records.put_back())
    wave, back = "dc1 wave 1 of 2", "undo dc1 wave 1 of 2"
    why = "the weekly release"
    assert told.read_text().splitlines() == [
        f"before_run|r1|||{why}",
        f"before_stage|r1|fetch everywhere||{why}",
        f"after_stage|r1|fetch everywhere||{why}",
        f"before_stage|r1|{wave}||{why}",
        f"failed|r1|{wave}||{why}",
        f"before_stage|r1|{back}||{why}",
        f"after_stage|r1|{back}||{why}",
        f"after_run|r1||put back|{why}",
    ]
    assert [one.point for one in written] == [line.partition("|")[0] for line in told.read_text().splitlines()]
    assert not any(one.wrong for one in written)


def test_whoever_is_waited_for_can_be_called_by_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ears(200, 500) as hears:
        monkeypatch.setenv("CHAT_HOOK", f"{hears.url}/hunter2")
        written = walked(hooks(tmp_path, "$CHAT_HOOK", "waiting", "after_run"), test_course.waited())
        facts, end = (json.loads(body) for _, _, body in hears.heard)
    assert (facts["event"], facts["run"], facts["note"]) == ("waiting", "r1", "all of them?")
    assert end["end"] == "done"
    assert [(one.hook, one.wrong) for one in written] == [
        ("$CHAT_HOOK", ""),
        ("$CHAT_HOOK", "$CHAT_HOOK: it answered with 500"),
    ]
    hidden = walked(hooks(tmp_path, "http://127.0.0.1:1/hunter2?token=hunter2", "after_run"), records.went_well())
    assert hidden[0].wrong == "http://127.0.0.1: nobody answers there"
    assert "hunter2" not in str(hidden)


def test_only_a_required_hook_refuses_a_run(tmp_path: Path) -> None:
    run = script(tmp_path, "echo the change is not approved; exit 3")
    for required in (False, True):
        one = RunHooks(Hooks(str(tmp_path), {"before_run": (Hook(run, 30, required),)}), lambda _run, _called: None)
        if required:
            with pytest.raises(Refused, match="the change is not approved") as refused:
                one.begin(FACTS)
            assert refused.value.exit_code == 3
        else:
            one.begin(FACTS)


def test_a_hook_that_hangs_or_a_journal_that_is_away_hurts_nobody(tmp_path: Path) -> None:
    def away(_run: str, _called: Called) -> None:
        raise StepFailed("no answer")

    with RunHooks(hooks(tmp_path, "sleep 600", "before_stage", timeout=0.2), away) as one:
        began = time.monotonic()
        for record in records.went_well():
            one.hear(record)
        assert time.monotonic() - began < 10, "three hooks that would take 600 s each"
    left = RunHooks(hooks(tmp_path, "sleep 600", "before_stage", timeout=60), away)
    with left:
        for record in records.went_well():
            left.hear(record)
        left.hurried = True
    assert time.monotonic() - began < 40


def test_required_is_for_what_has_not_begun() -> None:
    given = HookValues.model_validate({"before_run": ["a", {"run": "b", "required": True, "timeout": "5s"}]})
    assert [(one.run, one.timeout, one.required) for one in given.before_run] == [("a", None, False), ("b", 5, True)]
    with pytest.raises(ValueError, match="required only in before_run"):
        HookValues.model_validate({"failed": [{"run": "b", "required": True}]})
