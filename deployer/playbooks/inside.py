"""The process of one playbook: lives on when the orchestrator dies after the go

It is told by lines on its standard input: the request as JSON, then `go`. The end of that input before the go ends the
playbook before it has touched a host; after the go it means nothing. It answers in lines of JSON: ready, then result.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deployer.playbooks import orphans
from deployer.playbooks.curtain import Curtain
from deployer.playbooks.lines import Lines
from deployer.playbooks.reading import read
from deployer.playbooks.request import Result


def main() -> None:
    told, answers = Lines(0), _own_output()
    first = told.next()
    if not first:
        return
    request = json.loads(first)
    record = Path(request["record"])
    orphans.enter(record, request["deadline"])
    private = Path(tempfile.mkdtemp(prefix="deployer-play-"))
    try:
        curtain = Curtain(private / "go", told, request["deadline"])
        signal.signal(signal.SIGTERM, lambda *_: curtain.end())
        _say(answers, "ready", "")
        curtain.watch()
        if request["curtain"] or curtain.wait():
            _say(answers, "result", asdict(_run(request, private, curtain)))
    finally:
        shutil.rmtree(private, ignore_errors=True)
        record.unlink(missing_ok=True)


def _run(request: dict[str, Any], private: Path, curtain: Curtain) -> Result:
    import ansible_runner

    events: list[dict[str, Any]] = []
    variables = dict(request["variables"])
    if request["curtain"]:
        variables["deployer_curtain"] = str(curtain.file)
    try:
        done = ansible_runner.run(
            private_data_dir=str(private),
            ident="play",
            playbook=request["playbook"],
            inventory=request["inventory"],
            limit=",".join(request["hosts"]),
            extravars=_never_templates(variables),
            envvars={"ANSIBLE_LOCAL_TEMP": str(private / "tmp")},
            cmdline=_command_line(request, private),
            quiet=True,
            event_handler=_keep(events),
            cancel_callback=lambda: False,  # without it the runner takes SIGTERM for itself
        )
        said = "\n".join(_text(private / "artifacts" / "play" / name) for name in ("stdout", "stderr"))
    except Exception as error:  # noqa: BLE001 - whatever the runner raises is one sentence for the orchestrator
        return Result((), complete=False, note=f"ansible-runner: {error}")
    finally:
        curtain.close()
    result = read(events, request["hosts"], said)
    if curtain.late:
        return Result(result.hosts, result.complete, f"stopped after {request['deadline']:g} s, its hosts are unknown")
    return result if result.complete or result.note else Result(result.hosts, complete=False, note=f"exit {done.rc}")


def _keep(events: list[dict[str, Any]]) -> Callable[[dict[str, Any]], bool]:
    """An event handler must be fast, must not raise, and returns True lest the event is dropped."""

    def handle(event: dict[str, Any]) -> bool:
        events.append(event)
        return True

    return handle


def _never_templates(value: Any) -> Any:
    """A value from outside is data. Ansible would run a `{{ … }}` in it on this machine."""
    if isinstance(value, str):
        return {"__ansible_unsafe": value}
    if isinstance(value, dict):
        return {name: _never_templates(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_never_templates(inner) for inner in value]
    return value


def _command_line(request: dict[str, Any], private: Path) -> str:
    """What the operator gave with -e or -K goes through files: others can read our command line."""
    import shlex

    words = list(request["arguments"])
    if request["become_password"]:
        words += ["--become-password-file", str(_private(private / "become", request["become_password"]))]
    for number, given in enumerate(request["extra_vars"]):
        if given.startswith("@"):
            words += ["-e", "@" + str(Path(given[1:]).expanduser().absolute())]
            continue
        text = given if given.startswith(("{", "[")) else json.dumps(_pairs(given))
        words += ["-e", f"@{_private(private / f'extra-{number}.yml', text)}"]
    return shlex.join(words)


def _private(file: Path, text: str) -> Path:
    file.touch(mode=0o600)
    file.write_text(text)
    return file


def _pairs(given: str) -> dict[str, Any]:
    from ansible.parsing.splitter import parse_kv

    return dict(parse_kv(given))


def _text(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(errors="replace")[-20_000:]
    return ""


def _own_output() -> int:
    """What anybody prints here must not come between the answers."""
    answers = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    return answers


def _say(answers: int, what: str, value: Any) -> None:
    with suppress(BrokenPipeError):
        os.write(answers, json.dumps({what: value}).encode() + b"\n")


if __name__ == "__main__":
    main()
    sys.stdout.flush()
