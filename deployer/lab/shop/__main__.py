"""Serve one release of the shop until SIGTERM"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from .answers import Shop
from .connection import Connection
from .switches import Switches


async def serve(address: str, port: int, root: Path, release: Path, ready: int) -> None:
    switches = Switches(release / "release.json", root / "shared" / "switches.json")
    if switches.now().crash:
        sys.exit("shop: crashed at start, as its release says")
    time.sleep(switches.now().slow_start)  # noqa: ASYNC251  a slow start is meant to block
    shop = Shop(release, root, switches)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(lambda: Connection(shop), address, port, backlog=512)
    if ready >= 0:
        os.write(ready, b"listening")
        os.close(ready)
    await stop.wait()
    server.close()
    while shop.in_flight:  # noqa: ASYNC110  once, at the end
        await asyncio.sleep(0.02)


def main() -> None:
    words = argparse.ArgumentParser(prog="shop")
    words.add_argument("address")
    words.add_argument("port", type=int)
    words.add_argument("root", type=Path)
    words.add_argument("release", type=Path)
    words.add_argument("ready", type=int, nargs="?", default=-1)
    asyncio.run(serve(**vars(words.parse_args())))


main()
