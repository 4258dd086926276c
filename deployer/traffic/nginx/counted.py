"""Requests and users of each slot, counted from a log of one short line each, written only while there is a split

The log is read on from where it was left off, and emptied when it has grown; sums stay in a file beside it.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from deployer.errors import StepFailed
from deployer.gates.bake import Counts
from deployer.machines import Balancer
from deployer.ssh import Ssh

LOG, SUMS = "requests.log", "requests.sums"
_MINUTE = 60
_RECENT = 16 * 1024 * 1024
"""Bytes at the end of the log in which users are looked for: of a minute with more than a quarter of a million
requests, the end.
"""
_LARGE = 64 * 1024 * 1024
_ADD = (
    "NR == FNR { if (FNR > 1) { total[$1] = $2; failed[$1] = $3 } next } "
    "NF >= 2 { total[$1]++; if ($2 >= 500) failed[$1]++ } "
    "END { print head; for (slot in total) print slot, total[slot], failed[slot] + 0 }"
)

_DISTINCT = (
    r"$4 ~ /^[0-9]+\.[0-9]+$/ && $5 ~ /^[0-9]+$/ && $4 >= since && !seen[$1, $5 + 0]++ { users[$1]++ } "
    "END { for (slot in users) print slot, users[slot] }"
)


def users(ssh: Ssh, balancer: Balancer) -> Mapping[str, int]:
    """Backend ("shop_a") to how many numbers of users loaded a page in the last minute; empty where nothing is logged,
    or without the numbers.

    Raises:
        StepFailed: the log is there and cannot be read.
        Unreachable: the machine does not answer.
    """
    script = f"""
cd {shlex.quote(balancer.maps)} && [ -e {LOG} ] || exit 0
tail -c {_RECENT} {LOG} | awk -v since="$(($(date +%s) - {_MINUTE}))" {shlex.quote(_DISTINCT)}
"""
    answer = ssh.ask(balancer.name, "sh", script)
    if not answer.ok:
        raise StepFailed(f"cannot count users in {balancer.maps}/{LOG}: {answer.complaint}", where=balancer.name)
    return {backend: int(number) for backend, number in (line.split() for line in answer.out.splitlines())}


def counts(ssh: Ssh, balancer: Balancer) -> Mapping[str, Counts]:
    """Backend ("shop_a") to what was counted since somebody first asked; empty where nothing is logged.

    Raises:
        StepFailed: the log is there and cannot be read.
        Unreachable: the machine does not answer.
    """
    answer = ssh.ask(balancer.name, "sh", _script(balancer))
    if not answer.ok:
        raise StepFailed(f"cannot count in {balancer.maps}/{LOG}: {answer.complaint}", where=balancer.name)
    words = (line.split() for line in answer.out.splitlines()[1:])
    return {backend: Counts(int(total), int(failed)) for backend, total, failed in words}


def _script(balancer: Balancer) -> str:
    return f"""
cd {shlex.quote(balancer.maps)} && [ -e {LOG} ] || exit 0
exec 8>>{SUMS}.lock || exit 1
flock -w 5 8 || exit 1
set -e
now=$(stat -Lc '%i %s' {LOG}); size=${{now#* }}
[ -s {SUMS} ] || echo "$now" >{SUMS}
read -r inode at <{SUMS}
if [ "$inode" != "${{now% *}}" ] || [ "$at" -gt "$size" ]; then at=0; fi
if [ "$size" -gt {_LARGE} ]; then left="${{now% *}} 0"; else left=$now; fi
tail -c "+$((at + 1))" {LOG} | head -c "$((size - at))" | awk -v head="$left" {shlex.quote(_ADD)} {SUMS} - >{SUMS}.new
mv -f {SUMS}.new {SUMS}
[ "$left" = "$now" ] || : >{LOG}
cat {SUMS}
"""
