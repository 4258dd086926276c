"""Artifacts: where they are, and what refuses them before anything is touched"""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployer import artifact
from deployer.errors import PreflightFailed, UsageError
from tests.playbooks.archives import archive, sha256

OTHER = "0" * 64


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """shop-1.1.tar.gz with its digest beside it, as sha256sum writes it."""
    path = archive(tmp_path / "shop-1.1.tar.gz")
    Path(f"{path}.sha256").write_text(f"{sha256(path)}  {path.name}\n")
    return path


def template(shop: Path) -> str:
    return str(shop).replace("1.1", "{version}")


def test_a_path_with_its_digest_beside_it(shop: Path) -> None:
    release = artifact.find(template(shop), "1.1", irreversible=True)
    assert (release.artifact, release.sha256, release.irreversible) == (str(shop), sha256(shop), True)


def test_a_relative_path_is_near_the_settings(shop: Path) -> None:
    assert artifact.find("shop-{version}.tar.gz", "1.1", near=shop.parent).artifact == str(shop)


def test_the_digest_an_operator_approved_wins(shop: Path) -> None:
    Path(f"{shop}.sha256").unlink()
    assert artifact.find(template(shop), "1.1", sha256(shop).upper()).sha256 == sha256(shop)
    with pytest.raises(PreflightFailed, match=f"expected {OTHER}"):
        artifact.find(template(shop), "1.1", OTHER)


def test_every_complaint_says_where_and_what_to_do(shop: Path) -> None:
    with pytest.raises(PreflightFailed, match="No such file") as missing:
        artifact.find(template(shop), "9.9")
    assert missing.value.where.endswith("shop-9.9.tar.gz")
    assert "release.artifact" in missing.value.remedy
    shop.write_bytes(shop.read_bytes()[:-10])
    with pytest.raises(PreflightFailed, match="expected") as cut:
        artifact.find(template(shop), "1.1")
    assert cut.value.exit_code == 3
    Path(f"{shop}.sha256").write_text("d41d8 shop\n")
    with pytest.raises(PreflightFailed, match="not a sha256"):
        artifact.find(template(shop), "1.1")
    Path(f"{shop}.sha256").unlink()
    with pytest.raises(PreflightFailed, match="no digest") as none:
        artifact.find(template(shop), "1.1")
    assert "sha256sum" in none.value.remedy


@pytest.mark.parametrize("version", ["../../etc/passwd", "{{ lookup('pipe','id') }}", "1.1\n", "", "a" * 65])
def test_a_version_never_becomes_a_path_or_a_template(shop: Path, version: str) -> None:
    with pytest.raises(UsageError, match="is not a version"):
        artifact.find(template(shop), version)


@pytest.fixture
def web(shop: Path) -> Iterator[str]:
    class Signed(http.server.SimpleHTTPRequestHandler):
        """Gives nothing without the signature in the query."""

        def __init__(self, *given: Any, **more: Any) -> None:
            super().__init__(*given, directory=str(shop.parent), **more)

        def do_GET(self) -> None:
            super().do_GET() if self.path.endswith("?signature=hush") else self.send_error(403)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Signed)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://user:hush@127.0.0.1:{server.server_port}/shop-{{version}}.tar.gz"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_url_is_not_pulled_here_only_its_digest_is(shop: Path, web: str) -> None:
    release = artifact.find(web + "?signature=hush", "1.1")
    assert (release.artifact, release.sha256) == (f"{web}?signature=hush".replace("{version}", "1.1"), sha256(shop))
    assert artifact.find(web, "9.9", OTHER).sha256 == OTHER


def test_a_url_without_a_digest_is_refused_and_shows_no_secret(web: str) -> None:
    with pytest.raises(PreflightFailed, match="HTTP 403") as refused:
        artifact.find(web, "1.1")
    assert "hush" not in str(refused.value)
    with pytest.raises(PreflightFailed, match="ConnectionError"):
        artifact.find("http://127.0.0.1:1/shop-{version}", "1.1")
