"""The host's part of a verb in one task: sends `files/host_release.py` there and reads its answer

Documented in library/deployer_release.py. No module is built and nothing is left on the host: one command over the
kept connection, with the program and the artifact on its standard input, unpacked there as it arrives.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import time
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

PROGRAM = Path(__file__).resolve().parent.parent / "files" / "host_release.py"
RIDES_ALONG = 1024 * 1024
"""Artifacts up to this size (bytes) are sent without asking first whether the host wants them."""
BLOCK = 256 * 1024
WEB = ("http://", "https://")
DEPLOYED = ("unit", "control", "start_timeout")
FETCHED = ("keep", "assets", "assets_days")


class TooLate(BaseException):
    """Raised by the alarm, past every `except Exception` on the way."""


class ActionModule(ActionBase):
    _VALID_ARGS = frozenset(
        (
            *("state", "root", "version", "artifact", "sha256"),
            *("order", "health_file", "curtain", "timeout"),
            *DEPLOYED,
            *FETCHED,
        )
    )

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        self._task_vars = task_vars or {}
        given = {name: value for name, value in self._task.args.items() if value not in (None, "")}
        for name in ("state", "root", "version"):
            if name not in given:
                raise AnsibleActionFail(f"deployer_release: {name} is missing")
        wait_for_go(given.get("curtain", ""))
        began = time.monotonic()
        try:
            with deadline(float(given.get("timeout", 0))):
                answer = self._fetch(given) if given["state"] == "fetched" else self._deploy(given)
        except TooLate:
            answer = {
                "failed": True,
                "msg": f"the host did not finish within {given['timeout']} s, its state is unknown",
            }
        before, after = answer.pop("before", None), answer.pop("after", None)
        result.update(answer, seconds=round(time.monotonic() - began, 3))
        if self._task.diff and after is not None:
            result["diff"] = {"before": before, "after": after}
        return result

    def _deploy(self, given):
        if given["state"] != "deployed":
            raise AnsibleActionFail(f"deployer_release: state is fetched or deployed, not {given['state']!r}")
        return self._on_host(self._told("deploy", given, DEPLOYED))

    def _fetch(self, given):
        told = self._told("fetch", given, FETCHED)
        artifact = str(given.get("artifact", ""))
        if artifact.startswith(WEB):
            if not told["sha256"]:
                raise AnsibleActionFail("deployer_release: sha256 is missing, hosts pull from a URL only with a digest")
            return self._on_host(dict(told, url=artifact))
        told["sha256"] = told["sha256"] or digest_beside(artifact)
        size = size_of(artifact)
        if told["check"]:
            return self._on_host(told)
        if size > RIDES_ALONG:
            answer = self._on_host(dict(told, size=size))
            if not answer.get("wanted"):
                return answer
        return self._on_host(dict(told, bytes_follow=size), artifact)

    def _told(self, verb, given, names):
        return {
            "verb": verb,
            "root": str(given["root"]),
            "version": str(given["version"]),
            "sha256": str(given.get("sha256", "")),
            "order": given.get("order"),
            "health_file": str(given.get("health_file", "")),
            "check": bool(self._task.check_mode),
            "become": bool(self._connection.become),
            **{name: NUMBERS.get(name, str)(given[name]) for name in names if name in given},
        }

    def _on_host(self, told, artifact=None):
        program = PROGRAM.read_bytes() + f"\n\nmain(json.loads({json.dumps(told)!r}))\n".encode()
        start = f"import sys; exec(compile(sys.stdin.buffer.read({len(program)}), 'host_release.py', 'exec'))"
        with following(self._connection, artifact) as rest:
            said = self._low_level_execute_command(f'{self._python()} -I -S -c "{start}"', in_data=program + rest)
        for line in reversed(said["stdout"].splitlines()):
            with contextlib.suppress(ValueError):
                if line.startswith("{"):
                    return json.loads(line)
        told = (said["stderr"] or said["stdout"]).strip()[-500:]
        return {"failed": True, "msg": f"the host's program did not answer (exit {said['rc']}): {told}"}

    def _python(self):
        told = self._task_vars.get("ansible_python_interpreter", "auto")
        told = str(self._templar.template(told))
        return "python3" if told.startswith("auto") else told


@contextlib.contextmanager
def following(connection, artifact):
    """What is sent behind the program. Ansible would hold it in memory, once per host: over ssh it goes from the file
    straight into the pipe.
    """
    if artifact is None:
        yield b""
    elif not hasattr(connection, "_send_initial_data"):
        yield Path(artifact).read_bytes()
    else:
        connection._send_initial_data = lambda pipe, program, _ssh: send(pipe, program, artifact)  # noqa: SLF001
        try:
            yield b""
        finally:
            del connection._send_initial_data  # noqa: SLF001


def send(pipe, program, artifact):
    with open(artifact, "rb") as file:
        with contextlib.suppress(OSError):  # why the host reads no further, its program says itself
            pipe.write(program)
            shutil.copyfileobj(file, pipe, BLOCK)
        with contextlib.suppress(OSError):
            pipe.close()


NUMBERS = {"start_timeout": float, "keep": int, "assets_days": float}


def wait_for_go(curtain):
    """The deployer starts a playbook while its hosts still drain; the file `curtain` says that they are idle."""
    before = ancestors()
    while curtain and not os.path.exists(curtain):
        if ancestors() != before:
            raise AnsibleActionFail("who started this playbook has ended before the go: nothing was done")
        time.sleep(0.02)


def ancestors():
    """ansible-playbook, and who started it: that one gives the go."""
    parent = os.getppid()
    with contextlib.suppress(OSError):
        return parent, Path(f"/proc/{parent}/stat").read_text().rpartition(")")[2].split()[1]
    return parent, None


@contextlib.contextmanager
def deadline(seconds):
    """0 is none. A task's own `timeout` would count the time behind the curtain too."""
    if seconds <= 0 or signal.getsignal(signal.SIGALRM) not in (signal.SIG_DFL, signal.SIG_IGN, None):
        yield
        return

    def ring(_number, _frame):
        raise TooLate

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except TooLate:
        end_children()
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def end_children():
    """The ssh client of a host that hangs would outlive us."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(child), signal.SIGTERM)


def size_of(artifact):
    try:
        return os.path.getsize(artifact)
    except OSError as error:
        raise AnsibleActionFail(f"no artifact: {artifact!r}: {error.strerror}") from None


def digest_beside(artifact):
    """By hand: from `<artifact>.sha256`, or else that of the file itself, which covers the way to the host."""
    size_of(artifact)
    with contextlib.suppress(OSError, IndexError):
        return Path(artifact + ".sha256").read_text().split()[0]
    with open(artifact, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
