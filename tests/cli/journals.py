"""An inventory whose service has a journal with runs written by hand"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deployer.cli.books import Books, books
from deployer.cli.options import Ground
from deployer.events import Record

SETTINGS = """\
service: shop
hosts: web
sites: {dc1: {group: dc1}}
release: {artifact: "shop-{version}.tar.gz", root: /srv/shop}
health_file: {path: /srv/shop/shared/health_check.html}
state: sqlite:///state.db
"""


def inventory(folder: Path) -> Path:
    place = folder / "prod"
    place.mkdir()
    (place / "deployer.yml").write_text(SETTINGS)
    (place / "hosts.yml").write_text("all: {}\n")
    return place


@contextmanager
def writing(place: Path) -> Iterator[Books]:
    with books(Ground(place), read_only=False) as book:
        yield book


def write(place: Path, run: str, records: Iterable[Record]) -> None:
    with writing(place) as book:
        lease = book.lock.take(run, "ann@ops", "a test")
        for record in records:
            book.journal.append(run, record.event, epoch=lease.epoch)
        book.lock.release(lease)
