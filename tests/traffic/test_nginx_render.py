"""What is to be added to a configuration that is there: real HAProxy and nginx take it"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from deployer.machines import Balancer, Estate, Host, Login
from deployer.traffic.render import Block, blocks, text
from tests.traffic.parts import settings

NOBODY = Login("127.0.0.1")


def estate(folder: Path, *kinds: str) -> Estate:
    hosts = tuple(Host(f"web{n}", "dc1", NOBODY, f"127.9.33.{n}", 8080, "/r", "/r/h") for n in (1, 2))
    balancers = tuple(
        Balancer(f"lb{n}", "dc1", kind, NOBODY, "my-shop", f"{folder}/admin.sock", maps=f"{folder}/{kind}-maps")
        for n, kind in enumerate(kinds, start=1)
    )
    return Estate(folder, hosts, balancers)


def rendered(folder: Path, kind: str) -> Sequence[Block]:
    ((_, parts),) = blocks(settings(), estate(folder, kind))
    return parts


def shell(block: Block, folder: Path) -> None:
    script = block.text.replace("/var/lib/haproxy/", f"{folder}/")
    subprocess.run(["/bin/sh", "-ec", script], check=True)


def accepted(words: Sequence[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_haproxy_takes_it(tmp_path: Path) -> None:
    files, globals_, defaults, frontend, backends, *_ = rendered(tmp_path, "haproxy")
    shell(files, tmp_path)
    mine = f"global\n{globals_.text}\ndefaults\n    mode http\n    timeout connect 1s\n    timeout client 1s\n"
    mine += f"    timeout server 1s\n{defaults.text}\nfrontend mine\n    bind 127.9.33.9:8080\n{frontend.text}\n"
    (tmp_path / "haproxy.cfg").write_text(mine + backends.text + "\n")
    accepted(["haproxy", "-c", "-q", "-f", str(tmp_path / "haproxy.cfg")])
    assert backends.text.count("server web1 127.9.33.1:8080 check") == 2


def test_nginx_takes_it(tmp_path: Path) -> None:
    files, http, location, _ = rendered(tmp_path, "nginx")
    shell(files, tmp_path)
    before = {path.name: path.read_text() for path in (tmp_path / "nginx-maps").iterdir()}
    assert before.keys() == {"my-shop_a.servers", "my-shop_b.servers", "split.conf", "status"}
    temporary = "".join(f"{one}_temp_path {tmp_path}/{one};\n" for one in ("proxy", "fastcgi", "uwsgi", "scgi"))
    server = f"server {{ listen 127.9.33.9:8081; location /shop/ {{\n{location.text}\n}} }}"
    listening = http.text.replace("127.0.0.1:8405", "127.9.33.9:8405")
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{ client_body_temp_path {tmp_path}/body; access_log off;\n"
        f"{temporary}{listening}\n{server} }}\n"
    )
    accepted(["/usr/sbin/nginx", "-t", "-q", "-c", f"{tmp_path}/nginx.conf", "-e", f"{tmp_path}/log"])
    (tmp_path / "nginx-maps" / "status").write_text("127.9.33.9:8405\n")
    shell(files, tmp_path)
    assert (tmp_path / "nginx-maps" / "status").read_text() == "127.9.33.9:8405\n"


@pytest.mark.parametrize("kind", ["haproxy", "nginx"])
def test_balancers_alike_are_told_once(tmp_path: Path, kind: str) -> None:
    one = text(blocks(settings(), estate(tmp_path, kind, kind)))
    assert one.count("###") == 1
    assert f"### dc1: lb1, lb2 ({kind})" in one


def test_each_kind_of_a_site_has_its_own(tmp_path: Path) -> None:
    names = [name for name, _ in blocks(settings(), estate(tmp_path, "haproxy", "opaque", "nginx"))]
    assert names == ["dc1: lb1 (haproxy)", "dc1: lb3 (nginx)"]
