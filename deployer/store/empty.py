"""What is read where nothing was ever stored: the tables, without a row"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

from deployer.store import schema
from deployer.store.rows import Rows
from deployer.store.sqlite import SqliteRows

T = TypeVar("T")


def read_empty(work: Callable[[Rows], T]) -> T:
    """In memory: nothing is created anywhere."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        rows = SqliteRows(connection)
        schema.create(rows)
        return work(rows)
