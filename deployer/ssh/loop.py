"""The far end of a line: answers many requests over one channel

Sent as source to the machine's own python3 (3.7 or newer, standard library only). A request is one line of base64
words: kind, then its arguments. An answer is one line `rc length`, then as many bytes.
"""

from __future__ import annotations

import base64
import os
import re
import socket
import subprocess
import sys
import tempfile


def answer(kind: bytes, arguments: list[bytes]) -> tuple[int, bytes]:
    if kind == b"api":
        return api(*arguments)
    if kind == b"tcp":
        return established(*arguments)
    return script(*arguments)


def api(path: bytes, command: bytes, patience: bytes) -> tuple[int, bytes]:
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(float(patience))
    try:
        link.connect(path)
        link.sendall(command + b"\n")
        link.shutdown(socket.SHUT_WR)  # HAProxy's master keeps talking otherwise
        said: list[bytes] = []
        while True:
            some = link.recv(65536)
            if not some:
                return 0, b"".join(said)
            said.append(some)
    except OSError as error:
        return 1, str(error).encode()
    finally:
        link.close()


def established(port: bytes) -> tuple[int, bytes]:
    wanted = re.compile(rb"^ *[0-9]+: [0-9A-F]+:%04X [0-9A-F]+:[0-9A-F]+ 01 .*$" % int(port), re.MULTILINE)
    found: list[bytes] = []
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        if os.path.exists(path):  # noqa: PTH110
            with open(path, "rb") as table:  # noqa: PTH123
                found += wanted.findall(table.read())
    return 0, b"\n".join(found)


def script(text: bytes) -> tuple[int, bytes]:
    with tempfile.TemporaryFile() as source:
        source.write(text)
        source.seek(0)
        done = subprocess.run(  # noqa: PLW1510
            ["/bin/sh"], stdin=source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    return done.returncode, done.stdout


for request in sys.stdin.buffer:
    words = [base64.b64decode(word) for word in request.split(b" ")]
    try:
        rc, said = answer(words[0], words[1:])
    except Exception as problem:  # noqa: BLE001
        rc, said = 1, repr(problem).encode()
    sys.stdout.buffer.write(b"%d %d\n" % (rc, len(said)) + said)
    sys.stdout.buffer.flush()
