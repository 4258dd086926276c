"""Takes the lock of shop when a line comes in, then appends one record per line; argv: URL, run"""

from __future__ import annotations

import json
import sys
from time import time

from deployer.errors import Taken
from deployer.journal import Journal
from deployer.lock import Lock
from deployer.store import open_store
from tests.store import samples


def tell(told: str, what: str = "") -> None:
    sys.stdout.write(json.dumps({"told": told, "what": what}) + "\n")
    sys.stdout.flush()


url, run = sys.argv[1:]
store = open_store(url)
journal = Journal(store, "shop", time)
tell("ready")
epoch: int | None = None
for _ in sys.stdin:
    try:
        if epoch is None:
            epoch = Lock(store, "shop", time).take(run, f"{run}@here", "test").epoch
            tell("taken", str(epoch))
        else:
            journal.append(run, samples.planned(), epoch=epoch)
            tell("appended")
    except Taken as error:
        tell(type(error).__name__, str(error))
