"""Steps and endings in the operators' words"""

from __future__ import annotations

from deployer.artifact import shown
from deployer.events import End
from deployer.model import NO_RELEASE, Intent
from deployer.report import words
from deployer.steps import Ask, Deploy, Drain, Fetch, Readmit, Shift, Step, Verify, verb

ENDINGS = {
    End.DONE: "done",
    End.PUT_BACK: "everything was put back",
    End.HALF_WAY: "stopped half-way, a person is needed",
    End.STOPPED: "stopped by the operator",
    End.SUSPENDED: "suspended: somebody else took over",
    End.WAITING: "waiting for an answer",
}

EXIT_CODES = {
    End.DONE: 0,
    End.PUT_BACK: 5,
    End.HALF_WAY: 6,
    End.STOPPED: 6,
    End.SUSPENDED: 4,
    End.WAITING: 7,
}

STANDING_STILL = frozenset({End.STOPPED, End.SUSPENDED, End.WAITING})

DOING = {
    Fetch: "fetching",
    Drain: "draining",
    Deploy: "deploying",
    Verify: "verifying",
    Readmit: "coming back",
}


def subject(intent: Intent) -> str:
    """What a run is about: the service, and its release where it is about one."""
    of_it = "" if intent.release == NO_RELEASE else f" {words.one_line(intent.release.version)}"
    return f"{intent.service}{of_it}"


def phrase(step: Step) -> str:
    """One step on one line, its verb first."""
    return f"{verb(step)} {words.one_line(object_of(step))}"


def object_of(step: Step) -> str:
    match step:
        case Fetch():
            return f"{step.release.version} to {_named(step.hosts)}"
        case Drain():
            return _named(step.hosts)
        case Deploy() | Verify():
            return f"{step.release.version} on {_named(step.hosts)}"
        case Readmit():
            slot = f" into slot {step.slot}" if step.slot else ""
            return f"{_named(step.hosts)}{slot}"
        case Shift():
            return f"{step.scope} to {step.split}"
        case Ask():
            return f"{step.gate}: {step.about}" if step.about else step.gate


def place(artifact: str) -> str:
    """Where an artifact lies, without the password or token a URL may carry."""
    return shown(artifact) if "://" in artifact else artifact


def _named(hosts: tuple[str, ...]) -> str:
    listed = words.hosts(hosts)
    return f"{listed} ({len(hosts)} hosts)" if len(hosts) > 1 else listed
