"""Appends a plan and pairs of records to run r1 of shop, and prints each acknowledged seq; argv: URL [pairs]"""

from __future__ import annotations

import sys
from time import time

from deployer.events import Event
from deployer.journal import Journal
from deployer.store import open_store
from tests.store import samples

journal = Journal(open_store(sys.argv[1]), "shop", time)
pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000


def tell(*events: Event) -> None:
    sys.stdout.write(f"{journal.append('r1', *events, epoch=None)[-1].seq}\n")
    sys.stdout.flush()


tell(samples.planned())
for number in range(1, pairs + 1):
    tell(samples.begun(number), samples.done(number))
