"""Where a store is may be shown to anybody"""

from __future__ import annotations

import pytest

from deployer.store.place import without_password


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////var/lib/deployer/shop.db", "sqlite:////var/lib/deployer/shop.db"),
        ("sqlite:///shop.db", "sqlite:///shop.db"),
        ("postgresql://ops:hush@db:5432/state", "postgresql://ops@db:5432/state"),
        ("postgresql://db/state?password=hush&sslmode=require", "postgresql://db/state?sslmode=require"),
        ("postgresql:///state?sslpassword=hush&host=/run/postgresql", "postgresql:///state?host=/run/postgresql"),
    ],
)
def test_no_password_is_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown
