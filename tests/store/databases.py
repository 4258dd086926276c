"""A fresh store per test: SQLite in a folder, or a schema of a real PostgreSQL without TCP"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import quote

import psycopg
import pytest

_numbers = count(1)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The URL of a server of our own; each module that asks for it gets one."""
    with _server(_programs()) as folder:
        yield f"postgresql://deployer@/postgres?host={folder}"


@pytest.fixture
def postgres_url(postgres: str) -> str:
    """An empty schema of it."""
    name = f"t{next(_numbers)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    return f"{postgres}&options={quote(f'-csearch_path={name}')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    given: str = request.getfixturevalue("postgres_url")
    return given


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    initdb = shutil.which("initdb") or (str(found[-1]) if found else None)
    if not initdb:
        pytest.skip("PostgreSQL is missing, its half of the tests is not run: apt install postgresql")
    return Path(initdb).resolve().parent


@contextmanager
def _server(programs: Path) -> Iterator[Path]:
    """PostgreSQL refuses to run as root, then it runs as the user postgres; it ends with the test's process."""
    folder = Path(tempfile.mkdtemp(prefix="dpg", dir="/tmp"))  # a socket's path is at most 107 bytes long
    root = os.geteuid() == 0
    drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if root else []
    if root:
        entry = pwd.getpwnam("postgres")
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    data = folder / "data"
    server: subprocess.Popen[bytes] | None = None
    try:
        subprocess.run(
            [*drop, programs / "initdb", "-D", data, "-U", "deployer", "-A", "trust", "-E", "UTF8", "-N"],
            check=True,
            capture_output=True,
            cwd=folder,
        )
        settings = ["-D", str(data), "-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [*drop, *(["--pdeathsig", "INT"] if drop else []), str(programs / "postgres"), *settings],
                stdout=log,
                stderr=log,
                cwd=folder,
            )
        _wait_for(folder, server)
        yield folder
    finally:
        if server:
            server.send_signal(2)  # a fast shutdown
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(folder: Path, server: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + 60
    while True:
        try:
            psycopg.connect(f"postgresql://deployer@/postgres?host={folder}").close()
        except psycopg.OperationalError:
            if server.poll() is not None or monotonic() > deadline:
                pytest.fail(f"PostgreSQL does not start: {(folder / 'log').read_text()}")
            sleep(0.05)
        else:
            return
