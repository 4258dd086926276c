"""Requests over kept lines and channels of a real sshd"""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from deployer.errors import DeployerError, StepFailed
from deployer.ssh import Answer, Ssh
from tests.ssh.parts import Sshd, sshd

TOOLS = ("sh", "env", "base64", "socat", "ss", "cat", "sleep", "echo")


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("door"), "127.9.11.1") as found:
        yield found


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A machine without python3."""
    folder = tmp_path_factory.mktemp("bare")
    tools = folder / "tools"
    tools.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, f"{tool} is not installed"
        (tools / tool).symlink_to(found)
    force = f'ForceCommand env -i PATH={tools} sh -c "$SSH_ORIGINAL_COMMAND"'
    with sshd(folder, "127.9.11.2", more=force) as part:
        yield part


@pytest.fixture(scope="module")
def ssh(door: Sshd, bare: Sshd) -> Iterator[Ssh]:
    found = Ssh([("full", door.login), ("bare", bare.login)])
    yield found
    found.close()


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Path]:
    """A UNIX socket that says back what it hears, twice, and hangs up."""
    with listening(tmp_path) as path:
        yield path


@contextmanager
def listening(tmp_path: Path, *, resets: int = 0) -> Iterator[Path]:
    """So many times first it hangs up with something unheard, which resets the connection."""
    path = tmp_path / "echo.sock"
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def serve() -> None:
        for number in count():
            try:
                link, _ = server.accept()
            except OSError:
                return
            with link:
                if number < resets:
                    link.recv(1)
                    continue
                link.sendall(link.recv(1000) * 2)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield path
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


@pytest.mark.parametrize("machine", ["full", "bare"])
def test_a_script_answers_with_its_words_and_its_exit_code(ssh: Ssh, machine: str) -> None:
    assert (
        ssh.ask(machine, "sh", "echo 'one two'; echo three") == Answer(0, "one two\nthree\n", "") or machine == "bare"
    )
    assert ssh.ask(machine, "sh", "echo 'one two'; echo three").out.split() == ["one", "two", "three"]
    failed = ssh.ask(machine, "sh", "echo oh >&2; exit 7")
    assert (failed.rc, failed.complaint) == (7, "oh")
    assert ssh.ask(machine, "sh", "cat; echo still here").out.strip() == "still here"


@pytest.mark.parametrize("machine", ["full", "bare"])
def test_a_socket_is_asked_where_it_is(ssh: Ssh, machine: str, echo: Path) -> None:
    assert ssh.ask(machine, "api", str(echo), "hello; you", "2").out.split("\n")[:2] == ["hello; you", "hello; you"]
    silent = ssh.ask(machine, "api", str(echo) + ".not", "hello", "2")
    assert not silent.ok
    assert "No such file" in silent.complaint


def test_a_socket_that_hangs_up_before_it_says_a_word_is_asked_again(ssh: Ssh, tmp_path: Path) -> None:
    with listening(tmp_path, resets=3) as path:
        assert ssh.ask("full", "api", str(path), "hello", "2").out == "hello\n" * 2


@pytest.mark.parametrize("machine", ["full", "bare"])
def test_established_connections_are_listed_not_those_of_other_ports(ssh: Ssh, machine: str) -> None:
    with socket.create_server(("127.9.11.9", 0)) as server:
        port = server.getsockname()[1]
        assert ssh.ask(machine, "tcp", str(port)).out == ""
        with socket.create_connection(("127.9.11.9", port)) as client:
            (line,) = ssh.ask(machine, "tcp", str(port)).out.splitlines()
            local, peer = (end.replace("[", "").replace("]", "") for end in line.split()[-2:])
            assert local == f"127.9.11.9:{port}"
            assert peer == ":".join(str(part) for part in client.getsockname())


def test_a_run_keeps_output_and_complaints_apart_and_reads_its_input(ssh: Ssh) -> None:
    answer = ssh.run("full", "echo first; cat; echo bad >&2; exit 3", stdin="from stdin\n" * 5000)
    assert answer == Answer(3, "first\n" + "from stdin\n" * 5000, "bad\n")


def test_a_script_is_in_no_argument_list(ssh: Ssh) -> None:
    words = "all=$(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ')"
    look = f"{words}; case $all in *pass'word'-4711*) echo seen;; *) echo unseen;; esac # password-4711"
    assert ssh.run("full", look).out == "unseen\n"
    assert ssh.ask("full", "sh", look).out == "unseen\n"


def test_many_threads_share_a_line(ssh: Ssh) -> None:
    wrong: list[str] = []

    def work(name: str) -> None:
        for n in range(10):
            said = ssh.ask("full", "sh", f"echo {name} {n}").out
            if said != f"{name} {n}\n":
                wrong.append(said)

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong


def test_all_machines_at_once_and_what_went_wrong_in_its_place(ssh: Ssh) -> None:
    def act(name: str) -> str:
        if name == "bare":
            raise StepFailed("no")
        return ssh.ask(name, "sh", "echo yes").out

    found = ssh.each(["full", "bare"], act)
    assert found["full"] == "yes\n"
    assert isinstance(found["bare"], DeployerError)


def test_an_unknown_machine_names_the_known_ones(ssh: Ssh) -> None:
    with pytest.raises(StepFailed, match=r"no machine 'web9'; known are full, bare"):
        ssh.ask("web9", "sh", "true")
