"""Start, stop and restart the shop of one host: where there is no systemd"""

# ruff: noqa: T201  what it prints is what it is for

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
SERVICE = HERE / "service.json"
PIDFILE = HERE / "shop.pid"
LONGEST_START, LONGEST_STOP = 60.0, 30.0


def born(pid: int) -> str:
    """When the kernel started this process, in ticks since boot; empty when it is gone."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state in "ZX" else rest[18]


def running() -> int:
    """The pid of the shop, 0 when it does not run. A pid that meanwhile belongs to another is not ours."""
    try:
        pid, start = PIDFILE.read_text().split()
    except (OSError, ValueError):
        return 0
    return int(pid) if born(int(pid)) == start else 0


def start() -> int:
    if running():
        print(f"already running: {running()}")
        return 0
    told = json.loads(SERVICE.read_text())
    release = (Path(told["root"]) / "current").resolve()
    if not (release / "release.json").exists():
        print(f"{release}: no release there", file=sys.stderr)
        return 1
    hear, tell = os.pipe()
    words = [told["address"], str(told["port"]), told["root"], str(release), str(tell)]
    with (HERE / "shop.log").open("ab") as log:
        shop = subprocess.Popen(
            [told["python"], "-S", "-E", "-s", "-m", "shop", *words],
            cwd=release,
            env={"PATH": os.defpath, "DEPLOYER_LAB": told["lab"], "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(tell,),
            start_new_session=True,
        )
    os.close(tell)
    PIDFILE.write_text(f"{shop.pid} {born(shop.pid)}")
    heard, _, _ = select.select([hear], [], [], LONGEST_START)
    if heard and os.read(hear, 16) == b"listening":
        print(f"started: {shop.pid}")
        return 0
    shop.kill()
    shop.wait()
    PIDFILE.unlink()
    print(f"did not start, see {HERE / 'shop.log'}", file=sys.stderr)
    return 1


def stop() -> int:
    pid = running()
    if pid:
        end(pid)
    PIDFILE.unlink(missing_ok=True)
    print(f"stopped: {pid}" if pid else "not running")
    return 0


def end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + LONGEST_STOP
    while running():
        if time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def restart() -> int:
    return stop() or start()


def pid() -> int:
    print(running() or "not running")
    return 0 if running() else 1


def main() -> int:
    verbs = {"start": start, "stop": stop, "restart": restart, "pid": pid}
    if len(sys.argv) != 2 or sys.argv[1] not in verbs:  # noqa: PLR2004
        print(f"usage: shopctl {'|'.join(verbs)}", file=sys.stderr)
        return 2
    if sys.argv[1] == "pid":
        return pid()
    with (HERE / "shop.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return verbs[sys.argv[1]]()


if __name__ == "__main__":
    sys.exit(main())
