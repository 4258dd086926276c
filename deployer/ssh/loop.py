"""The far end of a line: answers many requests over one channel

Sent as source to the machine's own python3 (3.7 or newer, standard library only). A request is one line of base64
words: kind, then its arguments. An answer is one line `rc length`, then as many bytes.
"""

from __future__ import annotations

import base64
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

ENVIRONMENT = {**os.environ, "DEPLOYER_PYTHON": sys.executable}


def answer(kind: bytes, arguments: list[bytes]) -> tuple[int, bytes]:
    if kind == b"api":
        return api(*arguments)
    if kind == b"tcp":
        return established(*arguments)
    return script(*arguments)


def api(path: bytes, command: bytes, patience: bytes) -> tuple[int, bytes]:
    """While HAProxy reloads, its master refuses for a moment, or hangs up before it says a word."""
    for pause in (0.05, 0.1, 0.2, 0.3, 0.4, 0):
        try:
            return 0, said(path, command, float(patience))
        except (ConnectionRefusedError, ConnectionResetError) as error:
            problem: OSError = error
            time.sleep(pause)
        except OSError as error:
            return 1, str(error).encode()
    return 1, str(problem).encode()


def said(path: bytes, command: bytes, patience: float) -> bytes:
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(patience)
        link.connect(path)
        link.sendall(command + b"\n")
        link.shutdown(socket.SHUT_WR)  # HAProxy's master keeps talking otherwise
        return b"".join(iter(lambda: link.recv(65536), b""))


def established(port: bytes) -> tuple[int, bytes]:
    """From the kernel by netlink: /proc/net/tcp takes a second where many connections are in TIME_WAIT."""
    return 0, b"\n".join(
        line for family in (socket.AF_INET, socket.AF_INET6) for line in connections(family, int(port))
    )


def connections(family: int, port: int) -> Iterator[bytes]:
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)  # sock_diag(7)
    link.settimeout(5)
    wanted = struct.pack("=BBBxI", family, socket.IPPROTO_TCP, 0, 1 << 1) + struct.pack("!H", port) + bytes(46)
    link.send(struct.pack("=IHHII", 16 + len(wanted), 20, 0x301, 1, 0) + wanted)
    try:
        while True:
            said = link.recv(1 << 18)
            while said:
                length, kind = struct.unpack_from("=IH", said)
                if kind != 20:  # noqa: PLR2004 - done, or an error
                    return
                yield ends(said[16:length])
                said = said[(length + 3) & ~3 :]
    finally:
        link.close()


def ends(message: bytes) -> bytes:
    size = 4 if message[0] == socket.AF_INET else 16
    local, peer = (socket.inet_ntop(message[0], message[start : start + size]) for start in (8, 24))
    near, far = struct.unpack_from("!HH", message, 4)
    return f"[{local}]:{near} [{peer}]:{far}".encode()


def script(text: bytes) -> tuple[int, bytes]:
    with tempfile.TemporaryFile() as source:
        source.write(text)
        source.seek(0)
        done = subprocess.run(  # noqa: PLW1510
            ["/bin/sh"], env=ENVIRONMENT, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    return done.returncode, done.stdout


for request in sys.stdin.buffer:
    words = [base64.b64decode(word) for word in request.split(b" ")]
    try:
        rc, result = answer(words[0], words[1:])
    except Exception as problem:  # noqa: BLE001
        rc, result = 1, repr(problem).encode()
    sys.stdout.buffer.write(b"%d %d\n" % (rc, len(result)) + result)
    sys.stdout.buffer.flush()
