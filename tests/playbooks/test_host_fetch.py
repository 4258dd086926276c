"""The host's part of Fetch, straight"""

from __future__ import annotations

import http.server
import io
import json
import os
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.playbooks.archives import ORDINARY, archive, entry, sha256


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "srv").mkdir()
    return tmp_path / "srv"


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    return archive(tmp_path / "shop.tar.gz")


def told(root: Path, artifact: Path, version: str = "1.1.0", **more: Any) -> dict[str, Any]:
    return {
        "verb": "fetch",
        "root": str(root),
        "version": version,
        "sha256": sha256(artifact),
        "reserve": 0,
        **more,
    }


def fetch(program: ModuleType, root: Path, artifact: Path, version: str = "1.1.0", **more: Any) -> dict[str, Any]:
    """The artifact comes in on standard input."""
    given = {"bytes_follow": artifact.stat().st_size, **told(root, artifact, version, **more)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(artifact.read_bytes())))
        answer: dict[str, Any] = program.fetch(given)
    return answer


def left(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "releases").iterdir())


def test_a_release_is_unpacked_with_its_digest_in_it(program: ModuleType, root: Path, artifact: Path) -> None:
    answer = fetch(program, root, artifact)
    release = root / "releases" / "1.1.0"
    assert answer["changed"]
    assert {str(p.relative_to(release)): p.read_bytes() for p in release.rglob("*") if p.is_file()} == {
        **ORDINARY,
        ".sha256": sha256(artifact).encode() + b"\n",
    }
    assert os.access(release / "bin" / "run", os.X_OK)
    assert left(root) == ["1.1.0"]
    assert not (root / "current").exists()


def test_the_second_time_nothing_changes_and_no_bytes_are_wanted(
    program: ModuleType, root: Path, artifact: Path
) -> None:
    fetch(program, root, artifact)
    assert program.fetch(told(root, artifact))["changed"] is False
    assert left(root) == ["1.1.0"]


def test_a_large_artifact_is_wanted_before_it_is_sent(program: ModuleType, root: Path, artifact: Path) -> None:
    assert program.fetch(told(root, artifact, size=artifact.stat().st_size))["wanted"]
    assert left(root) == []


def test_unpacked_while_it_arrives_and_without_the_lock(
    program: ModuleType, root: Path, artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last bytes are on their way when the first file lies there; another may act meanwhile, and sweeps nothing."""
    seen: list[str] = []

    class Line(io.BytesIO):
        def read(self, many: int | None = -1, /) -> bytes:
            if self.tell() > 0 and not seen:
                fetch(program, root, artifact, "another")
                seen.extend(left(root))
            return super().read(min(many or 0, 600))

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Line(artifact.read_bytes())))
    assert program.fetch(told(root, artifact, bytes_follow=artifact.stat().st_size))["changed"]
    assert seen[0].startswith(".unpacking-")
    assert seen[1:] == ["another"]
    assert left(root) == ["1.1.0", "another"]


def test_who_was_overtaken_while_the_bytes_came_in_puts_nothing_in_place(
    program: ModuleType, root: Path, artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = {"service": "shop", "run": "old", "epoch": 1, "step": "0-1"}

    class Line(io.BytesIO):
        def read(self, many: int | None = -1, /) -> bytes:
            if self.tell() == 0:
                fetch(program, root, artifact, "newer", order={**order, "run": "new", "epoch": 2})
            return super().read(many)

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Line(artifact.read_bytes())))
    with pytest.raises(program.Failed, match="was overtaken"):
        program.fetch(told(root, artifact, bytes_follow=artifact.stat().st_size, order=order))
    assert left(root) == ["newer"]


@pytest.mark.parametrize("damage", ["cut", "corrupt", "empty", "another"])
def test_bytes_that_are_not_the_approved_ones_leave_nothing(
    program: ModuleType, root: Path, artifact: Path, tmp_path: Path, damage: str
) -> None:
    bad = tmp_path / "bad"
    whole = artifact.read_bytes()
    bad.write_bytes({"cut": whole[:-20], "corrupt": b"x" + whole[1:], "empty": b"", "another": whole + b"\0"}[damage])
    with pytest.raises(program.Failed, match="not the approved artifact"):
        fetch(program, root, bad, sha256=sha256(artifact))
    assert left(root) == []


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (entry("../../evil", tarfile.REGTYPE), "outside the release"),
        (entry("/etc/evil", tarfile.REGTYPE), "outside the release"),
        (entry("a/../../evil", tarfile.REGTYPE), "outside the release"),
        (entry("hard", tarfile.LNKTYPE, "../../../secret"), "outside the release"),
        (entry("out", tarfile.SYMTYPE, "../../.."), "leads outside"),
        (entry("abs", tarfile.SYMTYPE, "/etc"), "leads outside"),
        (entry("pipe", tarfile.FIFOTYPE), "no file, folder or link"),
        (entry("disk", tarfile.BLKTYPE), "no file, folder or link"),
        (entry("tty", tarfile.CHRTYPE), "no file, folder or link"),
        (entry(".sha256", tarfile.REGTYPE), "which is ours"),
        (entry("./.sha256", tarfile.SYMTYPE, "app.txt"), "which is ours"),
    ],
)
def test_a_hostile_archive_is_refused_whole(
    program: ModuleType, root: Path, tmp_path: Path, odd: tarfile.TarInfo, words: str
) -> None:
    hostile = archive(tmp_path / "hostile.tar.gz", None, odd)
    with pytest.raises(program.Failed, match=words):
        fetch(program, root, hostile)
    assert left(root) == []
    assert not (tmp_path / "evil").exists()


def test_nothing_is_written_through_a_link(program: ModuleType, root: Path, tmp_path: Path) -> None:
    """The link itself stays inside; by a second link through it a file would land outside."""
    for through in (
        [entry("here", tarfile.SYMTYPE, "."), entry("here/file", tarfile.REGTYPE)],
        [entry("a/b", tarfile.DIRTYPE, mode=0o755), entry("a/b/up", tarfile.SYMTYPE, "../.."),
         entry("sly", tarfile.SYMTYPE, "a/b/up/../x")],
    ):  # fmt: skip
        hostile = archive(tmp_path / "sly.tar.gz", {}, *through)
        with pytest.raises(program.Failed, match=r"through a link|leads outside"):
            fetch(program, root, hostile)
        assert left(root) == []


def test_links_inside_a_release_are_kept(program: ModuleType, root: Path, tmp_path: Path) -> None:
    good = archive(
        tmp_path / "links.tar.gz",
        None,
        entry("latest", tarfile.SYMTYPE, "assets/app.1.js"),
        entry("bin/again", tarfile.LNKTYPE, "bin/run"),
    )
    fetch(program, root, good)
    release = root / "releases" / "1.1.0"
    assert (release / "latest").read_bytes() == b"1\n"
    assert (release / "bin" / "again").samefile(release / "bin" / "run")


def test_dangerous_modes_are_not_taken_over(program: ModuleType, root: Path, tmp_path: Path) -> None:
    loose = archive(tmp_path / "loose.tar.gz", {}, entry("tool", tarfile.REGTYPE, mode=0o6777))
    fetch(program, root, loose)
    assert oct((root / "releases" / "1.1.0" / "tool").stat().st_mode)[-4:] == "0755"


def test_no_tar_archive(program: ModuleType, root: Path, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("hello")
    with pytest.raises(program.Failed, match="not a whole tar archive"):
        fetch(program, root, text)


def test_no_space_is_found_before_any_byte_is_sent(program: ModuleType, root: Path, artifact: Path) -> None:
    with pytest.raises(program.Failed, match="no space"):
        program.fetch(told(root, artifact, size=10**18))
    assert left(root) == []


def test_an_archive_that_grows_beyond_the_disk_is_refused(program: ModuleType, root: Path, artifact: Path) -> None:
    with pytest.raises(program.Failed, match="no space"):
        fetch(program, root, artifact, reserve=10**18)
    assert left(root) == []


def test_the_running_release_is_never_replaced(program: ModuleType, root: Path, artifact: Path, tmp_path: Path) -> None:
    fetch(program, root, artifact)
    (root / "current").symlink_to("releases/1.1.0")
    other = archive(tmp_path / "other.tar.gz", {"app.txt": b"other\n"})
    with pytest.raises(program.Failed, match="give the new bytes a new version"):
        fetch(program, root, other)
    assert (root / "releases" / "1.1.0" / "app.txt").read_bytes() == b"hello\n"


def test_a_release_that_does_not_run_is_replaced_by_the_approved_bytes(
    program: ModuleType, root: Path, artifact: Path, tmp_path: Path
) -> None:
    fetch(program, root, archive(tmp_path / "other.tar.gz", {"old.txt": b"old\n"}))
    assert fetch(program, root, artifact)["changed"]
    assert not (root / "releases" / "1.1.0" / "old.txt").exists()


def test_the_newest_stay_and_so_do_the_running_and_the_last_good(
    program: ModuleType, root: Path, artifact: Path
) -> None:
    for number in range(1, 6):
        version = f"1.{number}"
        fetch(program, root, artifact, version)
        os.utime(root / "releases" / version, (number, number))
    (root / "current").symlink_to("releases/1.2")
    program.write_record(str(root), "previous", "1.1")
    answer = fetch(program, root, artifact, "2.0", keep=2)
    assert left(root) == ["1.1", "1.2", "1.5", "2.0"]
    assert "pruned 1.4, 1.3" in answer["msg"]


def test_what_a_killed_fetch_left_is_swept(program: ModuleType, root: Path, artifact: Path) -> None:
    for name in (".unpacking-x", ".incoming-y"):
        (root / "releases" / name).mkdir(parents=True)
    fetch(program, root, artifact)
    assert left(root) == ["1.1.0"]


def test_assets_are_bridged_and_age_out(program: ModuleType, root: Path, artifact: Path, tmp_path: Path) -> None:
    """What is served already is not replaced: Fetch changes nothing that users see."""
    bridge = root / "shared" / "assets"
    (bridge / "sub").mkdir(parents=True)
    (bridge / "sub" / "ancient.js").write_text("0")
    os.utime(bridge / "sub" / "ancient.js", (1, 1))
    fetch(program, root, artifact, "1", assets="assets")
    second = archive(tmp_path / "2.tar.gz", {"assets/app.1.js": b"other\n", "assets/deep/app.2.js": b"2\n"})
    fetch(program, root, second, "2", assets="assets")
    assert {str(p.relative_to(bridge)): p.read_bytes() for p in bridge.rglob("*") if p.is_file()} == {
        "app.1.js": b"1\n",
        "deep/app.2.js": b"2\n",
    }


def test_check_mode_says_what_would_be_and_touches_nothing(program: ModuleType, root: Path, artifact: Path) -> None:
    answer = program.fetch(told(root, artifact, check=True))
    assert answer["changed"]
    assert answer["after"].strip() == sha256(artifact)
    assert list(root.iterdir()) == []


def test_an_overtaken_run_is_refused(program: ModuleType, root: Path, artifact: Path) -> None:
    newer = {"service": "shop", "run": "new", "epoch": 7, "step": "0-1"}
    fetch(program, root, artifact, "1", order=newer)
    older = {**newer, "run": "old", "epoch": 6}
    with pytest.raises(program.Failed, match=r"run new \(epoch 7\) acted here since") as refused:
        fetch(program, root, artifact, "2", order=older)
    assert refused.value.facts == {"overtaken": True}
    assert not (root / "releases" / "2").exists()


def test_two_programs_never_act_at_once(program: ModuleType, root: Path, artifact: Path) -> None:
    with program.locked({"root": str(root)}), pytest.raises(program.Failed, match="still acting on this host"):
        fetch(program, root, artifact, lock_timeout=0.1)


def test_a_missing_root_names_the_remedy(program: ModuleType, tmp_path: Path, artifact: Path) -> None:
    with pytest.raises(program.Failed, match=r"provision\.yml"):
        program.fetch(told(tmp_path / "nowhere", artifact))


def test_main_always_answers_with_one_line(
    program: ModuleType, root: Path, artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "releases").write_text("a file in the way")
    program.main(told(root, artifact, size=10))
    answer = json.loads(capsys.readouterr().out.strip())
    assert answer["failed"]
    assert "releases" in answer["msg"]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *given: Any, **more: Any) -> None:
            super().__init__(*given, directory=str(tmp_path), **more)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_host_pulls_from_the_web_itself(program: ModuleType, root: Path, artifact: Path, web: str) -> None:
    assert program.fetch(told(root, artifact, url=f"{web}/{artifact.name}"))["changed"]
    with pytest.raises(program.Failed, match="cannot pull") as failed:
        program.fetch(told(root, artifact, "2", url=f"{web.replace('//', '//user:hush@')}/none?token=hush"))
    assert "hush" not in str(failed.value)
    assert left(root) == ["1.1.0"]


def test_the_fence_is_the_one_that_acts_over_plain_ssh_respect(program: ModuleType, root: Path, artifact: Path) -> None:
    """deployer/fence.py keeps `epoch run` beside the health file."""
    (root / "shared").mkdir()
    order = {"service": "shop", "run": "r1", "epoch": 3, "step": "0-1"}
    fetch(program, root, artifact, order=order, health_file=str(root / "shared" / "health"))
    assert (root / "shared" / ".deployer-shop.fence").read_text() == "3 r1\n"
