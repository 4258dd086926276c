"""Ansible's events, and what they mean"""

from __future__ import annotations

from typing import Any

from deployer.playbooks.reading import read


def on(event: str, host: str, **res: Any) -> dict[str, Any]:
    return {"event": f"runner_on_{event}", "event_data": {"host": host, "res": res, "duration": 0.5}}


def recap(**stats: dict[str, int]) -> dict[str, Any]:
    processed = {name: 1 for counts in stats.values() for name in counts}
    return {"event": "playbook_on_stats", "event_data": {"processed": processed, **stats}}


def test_ok_and_failed_and_unreachable_hosts_with_their_reasons() -> None:
    events = [
        on("ok", "a", msg="fetched 1", changed=True, seconds=2.5),
        on("failed", "b", msg="disk\n full"),
        on("unreachable", "c", msg="Connection timed out"),
        recap(ok={"a": 1}, failures={"b": 1}, dark={"c": 1}),
    ]
    result = read(events, ["a", "b", "c"])
    assert result.complete
    assert [(host.host, host.ok, host.note, host.seconds) for host in result.hosts] == [
        ("a", True, "fetched 1", 2.5),
        ("b", False, "disk full", 0.5),
        ("c", False, "Connection timed out", 0.5),
    ]


def test_a_host_that_ansible_skipped_silently_has_failed() -> None:
    """F12: not in the play's hosts, and the exit code is 0 all the same."""
    result = read([on("ok", "a"), recap(ok={"a": 1})], ["a", "b"])
    assert [(host.host, host.ok) for host in result.hosts] == [("a", True), ("b", False)]
    assert "did nothing on it" in result.hosts[1].note


def test_a_host_of_which_every_task_was_skipped_has_failed() -> None:
    (host,) = read([recap(skipped={"a": 1})], ["a"]).hosts
    assert not host.ok
    assert host.note == "Ansible skipped every task on it"


def test_a_failure_is_not_hidden_by_what_ran_later() -> None:
    events = [on("failed", "a", msg="no"), on("ok", "a", msg="cleaned up"), recap(ok={"a": 1}, failures={"a": 1})]
    (host,) = read(events, ["a"]).hosts
    assert (host.ok, host.note) == (False, "no")


def test_without_a_recap_nothing_is_known_of_hosts_that_were_not_heard_of() -> None:
    """Exit code 0 without a recap is no success."""
    result = read([on("ok", "a", msg="done")], ["a", "b"], "PLAY\nERROR! the role 'x' was not found\n")
    assert not result.complete
    assert [host.host for host in result.hosts] == ["a"]
    assert result.note == "ERROR! the role 'x' was not found"


def test_where_it_was_stopped_is_told_without_ornaments() -> None:
    said = "PLAY [Deploy] *********\n\nTASK [Restart] ***********\n"
    assert read([], ["a"], said).note == "PLAY [Deploy] TASK [Restart]"


def test_overtaken_is_told_apart() -> None:
    (host,) = read([on("failed", "a", msg="run r2", overtaken=True), recap(failures={"a": 1})], ["a"]).hosts
    assert host.overtaken
