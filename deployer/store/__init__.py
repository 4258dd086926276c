"""Durable rows, in SQLite or PostgreSQL as the URL says"""

from __future__ import annotations

from pathlib import Path

from deployer.errors import PreflightFailed, SettingsError
from deployer.store.rows import Store, StoreUnavailable

__all__ = ["open_store"]


def open_store(url: str, *, base: Path = Path(), read_only: bool = False) -> Store:
    """`sqlite:////abs/path.db`, `sqlite:///relative/to/base.db` or `postgresql://user@host/name`.

    Read-only creates nothing, takes no write lock, and is empty where nothing was stored yet. Raises PreflightFailed
    when the store does not answer, SettingsError, JournalDamaged.
    """
    try:
        return _opened(url, base, read_only=read_only)
    except StoreUnavailable as error:
        raise PreflightFailed(error.what, where=error.where, remedy=error.remedy) from error


def _opened(url: str, base: Path, *, read_only: bool) -> Store:
    if url.startswith("sqlite:///") and url != "sqlite:///":
        from deployer.store.sqlite import SqliteStore
        from deployer.store.sqlite_reader import SqliteReader

        path = base / url.removeprefix("sqlite:///")
        return SqliteReader(path) if read_only else SqliteStore(path)
    if url.startswith(("postgresql://", "postgres://")):
        from deployer.store.postgres import PostgresStore

        return PostgresStore(url, read_only=read_only)
    raise SettingsError(
        f"{url.partition('://')[0]!r} is no kind of store we know",
        where="state",
        remedy="state: sqlite:////var/lib/deployer/state.db, or state: postgresql://user@host/name",
    )
