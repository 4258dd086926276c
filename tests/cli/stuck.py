"""A program to interrupt: a deployment over the world in memory whose second act waits

`python -m tests.cli.stuck INVENTORY once|ever`: until it is told to stop, or for ever.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, cast

from deployer.cli.books import books
from deployer.cli.options import Ground, Papers
from deployer.cli.walking import Showing, begin
from deployer.cli.workplace import Workplace
from deployer.settings.file import read
from deployer.settings.place import settings_file
from deployer.steps import Step
from deployer.strategies import rolling
from deployer.world import Order
from tests.runs import intent, pool


class Silent:
    """Balancers that nobody counts at."""

    def answered(self) -> dict[str, Any]:
        return {}

    def mend(self, *_: object) -> tuple[str, ...]:
        return ()


def main(inventory: str, how: str) -> int:
    memory, nothing = pool(size=2), cast("Any", None)

    def wait(count: int, _: Step, order: Order) -> None:
        if count == 2:
            order.tell("waiting to be interrupted")
            while how == "ever" or not order.stopping():
                time.sleep(0.02)

    memory.on_act = wait
    with books(Ground(Path(inventory)), read_only=False) as book:
        work = Workplace(
            ground=Ground(Path(inventory)),
            settings=read(settings_file(Path(inventory))),
            estate=nothing,
            books=book,
            ssh=nothing,
            traffic=cast("Any", Silent()),
            world=memory.world(),
        )
        picture = work.world.eyes.look()
        return begin(work, rolling.plan(intent(memory), picture), picture, "a test", Showing(Papers()))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
