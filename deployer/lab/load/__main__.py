"""Put load on a lab until SIGTERM, then write down what was seen"""

from __future__ import annotations

import argparse
import asyncio
import resource
import signal
from pathlib import Path

from deployer.lab.layout import load as find
from deployer.lab.load.generator import Generator
from deployer.lab.load.sampler import Sampler
from deployer.lab.load.tally import Tally

REPORT_EVERY = 1.0


async def put(lab: Path, folder: Path, *, rate: float, users: int, seconds: float, headers: str) -> None:
    found = find(lab)
    if found is None:
        raise SystemExit(f"no lab in {lab}")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for wish in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wish, stop.set)
    if seconds:
        loop.call_later(seconds, stop.set)
    with (folder / "load.log").open("w") as log:
        tally, sampler = Tally(log), Sampler(found)
        parts = [sampler.run(stop), _report(tally, stop)]
        if rate:
            parts.append(Generator([edge.address for edge in found.edges], rate, users, tally, headers).run(stop))
        (folder / "running").touch()
        await asyncio.gather(*parts)
        used = resource.getrusage(resource.RUSAGE_SELF)
        tally.write(folder / "result.json", {**sampler.result(), "cpu_seconds": used.ru_utime + used.ru_stime})


async def _report(tally: Tally, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await asyncio.sleep(REPORT_EVERY)
        so_far: dict[str, object] = {"requests": tally.requests, "failed": sum(tally.failures.values())}
        tally.note(so_far)


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m deployer.lab.load")
    words.add_argument("lab", type=Path)
    words.add_argument("folder", type=Path)
    words.add_argument("--rate", type=float, default=200.0)
    words.add_argument("--users", type=int, default=60)
    words.add_argument("--seconds", type=float, default=0.0)
    words.add_argument("--headers", default="")
    told = vars(words.parse_args())
    asyncio.run(put(told.pop("lab"), told.pop("folder"), **told))


main()
