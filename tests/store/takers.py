"""Many processes that try to take the lock of shop at the same moment; argv: URL, how many. Prints who won

They are forked from one that has imported everything, and open the store themselves.
"""

from __future__ import annotations

import os
import sys
from time import time

import psycopg

from deployer.errors import LockHeld
from deployer.lock import Lock
from deployer.store import open_store

assert psycopg
url, many = sys.argv[1], int(sys.argv[2])
go, gate = os.pipe()
children = []
for number in range(many):
    if child := os.fork():
        children.append(child)
        continue
    code = 9
    try:
        os.close(gate)
        lock = Lock(open_store(url), "shop", time)
        os.read(go, 1)  # returns when the last holder of the other end closes it
        lock.take(f"r{number}", f"{number}@here")
        os.write(1, f"{number}\n".encode())
        code = 0
        os.read(0, 1)  # the winner lives on: a dead holder would be followed
    except LockHeld:
        code = 4
    finally:
        os._exit(code)
os.close(gate)
waited = [os.WEXITSTATUS(os.waitpid(-1, 0)[1]) for _ in children[1:]]
os.write(1, f"{sorted(waited)}\n".encode())
