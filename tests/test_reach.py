"""What a machine's shell says about itself, over a real sshd"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from deployer.machines import Balancer, EdgeNode, Estate, Host, Login
from deployer.reach import reach
from deployer.ssh import Ssh
from tests.ssh.parts import sshd


def test_every_machine_describes_itself_and_a_silent_one_is_named(tmp_path: Path) -> None:
    root = tmp_path / "it's here"
    (root / "releases" / "1.0.0").mkdir(parents=True)
    (root / "current").symlink_to("releases/1.0.0")
    with sshd(tmp_path / "web", "127.3.92.1") as part:
        host = Host("web1", "dc1", part.login, "127.3.92.1", 80, str(root), f"{root}/shared/up", control="/bin/true")
        new = replace(host, name="web2", root=str(tmp_path / "not" / "yet"), control="", unit="no-such-unit-at-all")
        gone = replace(host, name="web3", login=replace(part.login, address="127.3.92.9"))
        device = Balancer("dc1-device", "dc1", "opaque", Login(""), "shop")
        edge = EdgeNode("edge1", "haproxy", part.login, str(tmp_path / "no.sock"), "sites")
        estate = Estate(tmp_path, (host, new, gone), (device,), (edge,))
        ssh = Ssh(estate.logins())
        try:
            seen = reach(ssh, estate)
        finally:
            ssh.close()
    assert set(seen) == {"web1", "web2", "web3", "edge1"}
    web1, web2 = seen["web1"], seen["web2"]
    assert (web1.current, web1.root, web1.health, web1.restart, web1.python) == ("1.0.0", True, True, True, True)
    assert web1.now is not None
    assert abs(web1.now - time.time()) < 300
    assert web1.free is not None
    assert web1.free > 0
    assert (web2.current, web2.root, web2.restart) == ("", True, False)
    assert "127.3.92.9" in seen["web3"].complaint
    assert (seen["edge1"].complaint, seen["edge1"].socket) == ("", False)
