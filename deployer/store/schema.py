"""The tables, the same text for every database"""

from __future__ import annotations

from deployer.errors import SettingsError
from deployer.store.rows import Rows

VERSION = 1

TABLES = (
    "CREATE TABLE IF NOT EXISTS deployer_store (version BIGINT NOT NULL PRIMARY KEY)",
    """CREATE TABLE IF NOT EXISTS deployer_journal (
        service TEXT NOT NULL,
        seq BIGINT NOT NULL,
        run TEXT NOT NULL,
        at DOUBLE PRECISION NOT NULL,
        kind TEXT NOT NULL,
        hash TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (service, seq))""",
    "CREATE INDEX IF NOT EXISTS deployer_journal_runs ON deployer_journal (service, run, seq)",
    """CREATE TABLE IF NOT EXISTS deployer_head (
        service TEXT NOT NULL PRIMARY KEY,
        seq BIGINT NOT NULL,
        hash TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS deployer_lease (
        service TEXT NOT NULL PRIMARY KEY,
        highest BIGINT NOT NULL,
        epoch BIGINT NOT NULL,
        token TEXT NOT NULL,
        run TEXT NOT NULL,
        owner TEXT NOT NULL,
        reason TEXT NOT NULL,
        process TEXT NOT NULL,
        taken DOUBLE PRECISION NOT NULL,
        beat DOUBLE PRECISION NOT NULL,
        note TEXT NOT NULL)""",
)


def create(rows: Rows, *, keep: str = "") -> None:
    """`keep` is the one word of a database's own: how its tables are laid out."""
    for table in TABLES:
        rows.do(f"{table} {keep}" if table.startswith("CREATE TABLE") else table)
    if not rows.ask("SELECT version FROM deployer_store"):
        rows.do("INSERT INTO deployer_store (version) VALUES (?)", VERSION)


def check(rows: Rows, where: str) -> None:
    ((version,),) = rows.ask("SELECT MAX(version) FROM deployer_store")
    if version != VERSION:
        raise SettingsError(
            f"the store has tables of version {version}, this deployer knows version {VERSION}",
            where=where,
            remedy="use the deployer that created it, or a new store: state: sqlite:////path/of/a/new.db",
        )
