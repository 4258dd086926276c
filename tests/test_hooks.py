"""Which hooks a shift calls, and what they are told; commands are real"""

from __future__ import annotations

from pathlib import Path

from deployer.hooks import NO_HOOKS, Call, Facts, Hook, Hooks, calls, play
from deployer.model import Split


def split(dc1: int) -> Split:
    return Split((("dc1", dc1), ("dc2", 10_000 - dc1)))


def hooks(folder: Path, *passive: str, timeout: float = 30) -> Hooks:
    at = {"active": ("start {site}",), "passive": passive or ("stop {site}",)}
    return Hooks(str(folder), {point: tuple(Hook(one, timeout) for one in named) for point, named in at.items()})


def events(before: Split | None, after: Split) -> list[str]:
    return [f"{call.event} {call.hook}" for call in calls(hooks(Path()), before, after)]


def test_only_sites_that_become_active_or_passive_are_told() -> None:
    assert events(split(5_000), split(10_000)) == ["passive stop dc2"]
    assert events(split(10_000), split(9_900)) == ["active start dc2"]
    assert events(split(9_900), split(5_000)) == []
    assert events(split(10_000), split(0)) == ["passive stop dc1", "active start dc2"]


def test_what_moved_nothing_or_nobody_knows_tells_all_of_them_again() -> None:
    for before in (split(10_000), None):
        assert events(before, split(10_000)) == ["active start dc1", "passive stop dc2"]
    assert calls(NO_HOOKS, None, split(0)) == ()


def test_a_hook_learns_what_happened_and_its_failure_is_told(tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = tmp_path / "hook.sh"
    script.write_text(f"#!/bin/sh\necho $1 $DEPLOYER_SITE $DEPLOYER_EVENT $DEPLOYER_RUN >>{told}\nexit $2\n")
    script.chmod(0o755)
    found = hooks(tmp_path, "./hook.sh {site} 0", "./hook.sh {site} 5", "./nowhere.sh", "sleep 600", timeout=5)
    ended = dict(play(found, calls(found, split(5_000), split(10_000)), Facts("r1")))
    assert sorted(told.read_text().splitlines()) == ["dc2 dc2 passive r1"] * 2
    assert ended[Call("dc2", "passive", Hook("./hook.sh dc2 0", 5))] == ""
    assert "ended with 5" in ended[Call("dc2", "passive", Hook("./hook.sh dc2 5", 5))]
    assert "cannot be run" in ended[Call("dc2", "passive", Hook("./nowhere.sh", 5))]
    assert "took longer than 5 s" in ended[Call("dc2", "passive", Hook("sleep 600", 5))]
