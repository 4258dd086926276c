"""What can go wrong in a data centre, on purpose: for drills and tests

Every fault names its machine; each is seen to have happened when its function returns.
"""

from __future__ import annotations

import json
import os
import signal

from deployer.errors import StepFailed, UsageError
from deployer.lab import balancer, host, lifecycle, marks, ssh
from deployer.lab.layout import SSH_PORT, Lab, Machine


def service_pid(one: Machine) -> int:
    """The pid of the shop on this host."""
    return int(host.control(one, "pid"))


def stop_service(lab: Lab, name: str) -> None:
    """As an operator would: what is under way is finished."""
    host.control(lab.machine(name), "stop")


def start_service(lab: Lab, name: str) -> None:
    host.control(lab.machine(name), "start")


def kill_service(lab: Lab, name: str) -> None:
    """As the kernel does when memory is short."""
    _kill(lab, (service_pid(lab.machine(name)),), name)


def pause_service(lab: Lab, name: str) -> None:
    """It accepts and never answers."""
    os.kill(service_pid(lab.machine(name)), signal.SIGSTOP)


def wake_service(lab: Lab, name: str) -> None:
    os.kill(service_pid(lab.machine(name)), signal.SIGCONT)


def kill_host(lab: Lab, name: str) -> None:
    """Power off: shop, front and sshd are gone at once, sessions included."""
    _kill(lab, marks.bound_to(lab.machine(name).address), name)


def boot_host(lab: Lab, name: str) -> None:
    """Power on again: sshd, shop, front."""
    one = lab.machine(name)
    ssh.start(lab, one)
    host.start(lab, one)


def stop_sshd(lab: Lab, name: str) -> None:
    """New connections are refused; sessions that are open stay."""
    _kill(lab, (_sshd(lab.machine(name)),), name)


def start_sshd(lab: Lab, name: str) -> None:
    one = lab.machine(name)
    ssh.start(lab, one)
    lifecycle.wait(lambda: lifecycle.accepts(one.address, SSH_PORT), bool)


def pause_sshd(lab: Lab, name: str) -> None:
    """New connections are accepted by the kernel and hang."""
    os.kill(_sshd(lab.machine(name)), signal.SIGSTOP)


def wake_sshd(lab: Lab, name: str) -> None:
    os.kill(_sshd(lab.machine(name)), signal.SIGCONT)


def new_host_key(lab: Lab, name: str) -> None:
    """The sshd of this machine now shows another key than known_hosts has."""
    one = lab.machine(name)
    ssh.make_host_key(one)
    stop_sshd(lab, name)
    start_sshd(lab, name)


def kill_balancer(lab: Lab, name: str) -> None:
    """Master and workers at once."""
    one = lab.machine(name)
    first = balancer.master(one)
    _kill(lab, (first, *marks.children(first)), name)


def start_balancer(lab: Lab, name: str) -> None:
    """A cold start: what was only known at run time is forgotten, what the state file has is read."""
    balancer.start(lab, lab.machine(name))


def pause_balancer(lab: Lab, name: str) -> None:
    """It accepts and never answers, its sockets included."""
    _signal_balancer(lab, name, signal.SIGSTOP)


def wake_balancer(lab: Lab, name: str) -> None:
    _signal_balancer(lab, name, signal.SIGCONT)


def foreign_reload(lab: Lab, name: str, *, state_saved: bool = True) -> None:
    """Somebody reloads HAProxy; with `state_saved` false as a plain `kill -USR2` does it."""
    balancer.reload(lab.machine(name), save=state_saved)


def misbehave(lab: Lab, name: str, **switches: float) -> None:
    """Switches of the shop on one host, see shop/switches.py; none = behave again."""
    thrown = lab.machine(name).root / "shared" / "switches.json"
    if not switches:
        thrown.unlink(missing_ok=True)
        return
    from deployer.lab.shop.switches import NAMES

    if unknown := switches.keys() - NAMES:
        raise UsageError(f"no switch {', '.join(sorted(unknown))}", remedy=f"one of {', '.join(sorted(NAMES))}")
    new = thrown.with_suffix(".new")
    new.write_text(json.dumps(switches))
    new.replace(thrown)


def _signal_balancer(lab: Lab, name: str, wish: signal.Signals) -> None:
    first = balancer.master(lab.machine(name))
    for pid in (first, *marks.children(first)):
        os.kill(pid, wish)


def _sshd(one: Machine) -> int:
    return int((one.folder / "sshd.pid").read_text())


def _kill(lab: Lab, pids: tuple[int, ...], name: str) -> None:
    """Gone when this returns, and never somebody else's: all are looked at before the first is ended."""
    for pid in pids:
        if not marks.belongs(lab.folder, lab.number, pid):
            raise StepFailed(f"pid {pid} is not a process of this lab", where=name)
    for pid in pids:
        marks.end_pid(pid, signal.SIGKILL)
