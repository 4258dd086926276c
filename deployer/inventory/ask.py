"""The only door to Ansible's inventory: asked as a process of its own, answers translated"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from deployer.errors import InventoryError
from deployer.inventory.configuration import environment
from deployer.inventory.facts import Asking, Facts
from deployer.inventory.wanted import SECRET

_HANGS = 120.0
"""Seconds after which an inventory (a script that waits for the cloud) is given up."""


def ask(inventory: Path, asking: Asking, *, limit: str = "") -> Facts:
    """Ask Ansible about this inventory (about 0.6 s). Raises InventoryError with its file and line."""
    if not inventory.exists():
        raise InventoryError("there is no such inventory", where=str(inventory), remedy=f"deployer init {inventory}")
    command = [sys.executable, "-m", "deployer.inventory.inside", "-i", str(inventory), "--list", *asking.arguments()]
    command += ["--limit", limit] if limit else []
    plain = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_DEPRECATION_WARNINGS": "0"}
    try:
        done = subprocess.run(
            command,
            env=environment() | plain,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_HANGS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InventoryError(f"Ansible did not answer within {_HANGS:g} s", where=str(inventory)) from None
    if done.returncode != 0:
        raise _refusal(inventory, done.stderr or done.stdout, limit)
    warnings = tuple(re.findall(r"^\[WARNING\]: (.*)$", done.stderr, re.MULTILINE))
    try:
        answer = next(line for line in reversed(done.stdout.splitlines()) if line.startswith("{"))
        return _facts(json.loads(answer), warnings)
    except (StopIteration, ValueError):
        raise InventoryError(f"Ansible's answer is not one: {_last(done.stderr)}", where=str(inventory)) from None


def _facts(answer: Any, warnings: tuple[str, ...]) -> Facts:
    """From the one JSON object that inside.py prints; its shape is described there."""
    given = [name for own in answer["hosts"].values() for name in own]
    return Facts(
        hosts=answer["hosts"],
        groups={name: tuple(hosts) for name, hosts in answer["groups"].items()},
        defaults=answer["defaults"],
        wrong=tuple((host, name, why) for host, name, why in answer["wrong"]),
        limited=tuple(answer["limited"]),
        living=answer["living"],
        secret=any(name in SECRET for name in (*given, *(name for _, name, _ in answer["wrong"]))),
        warnings=warnings,
    )


def _refusal(inventory: Path, said: str, limit: str) -> InventoryError:
    if limit and "supplied host pattern" in said:
        return InventoryError(
            f"--limit {limit} names no host, group or site that is known",
            where=str(inventory),
            remedy=f"ansible-inventory -i {inventory} --graph shows the names",
        )
    if "vault" in said.lower():
        return InventoryError(
            f"Ansible could not decrypt it: {_last(said)}",
            where=_origin(said) or str(inventory),
            remedy="--vault-password-file FILE",
        )
    named = re.search(r"Completely failed to parse inventory source (.+)$", said, re.MULTILINE)
    source = Path(named[1]) if named else inventory
    if source.is_dir() and source != inventory.absolute():
        return InventoryError(
            "a directory without an inventory in it lies among the inventory's files",
            where=str(source),
            remedy="move it away, or name it under [inventory] ignore_patterns in ansible.cfg",
        )
    return InventoryError(
        f"Ansible cannot read it: {_reason(said, source)}",
        where=_origin(said) or str(source),
        remedy=f"ansible-inventory -i {inventory} --list shows the same",
    )


def _origin(said: str) -> str:
    """The first place with a line that Ansible names, FILE:LINE:COLUMN."""
    match = re.search(r"^Origin: (/.*:\d+:\d+)$", said, re.MULTILINE)
    return match[1] if match else ""


def _reason(said: str, source: Path) -> str:
    """What the plugin that the file is meant for said; the others only say that it is not theirs."""
    other = "script" if os.access(source, os.X_OK) else "ini"
    meant = "yaml" if source.suffix in (".yml", ".yaml", ".json") else other
    match = re.search(rf"with '{meant}' plugin: (.*)", said) or re.search(r"with '\w+' plugin: (.*)", said)
    return match[1] if match else _last(said)


def _last(said: str) -> str:
    errors = re.findall(r"^(?:\[ERROR\]|ERROR!?):? ?(.*)$", said, re.MULTILINE)
    return errors[-1] if errors else (said.strip().splitlines() or ["it gave no reason"])[-1]
