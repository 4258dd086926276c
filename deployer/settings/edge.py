"""The tier in front of the sites, as deployer.yml has it"""

from __future__ import annotations

from typing import Literal

from deployer.settings.kinds import AbsolutePath, Name, OptionalPath, Seconds, Values


class EdgeValues(Values):
    group: Name = "edge"
    """the inventory group of the edge nodes"""
    kind: Literal["haproxy", "nginx"] = "haproxy"
    """what the edge is; nginx is set up by templates/nginx_edge.conf.j2"""
    maps: OptionalPath = ""
    """nginx: the folder of its shares; "" = /etc/nginx/deployer"""
    socket: AbsolutePath = "/run/haproxy/admin.sock"
    """its runtime socket, at level admin"""
    state_file: AbsolutePath = "/var/lib/haproxy/server.state"
    """the server-state-file it reads when it starts: shares are kept there, so that a restart does not forget them"""
    backend: Name = "sites"
    """the backend whose servers are the sites"""
    grace: Seconds = 5
    """how long users whom a cookie ties to a site may stay when its share is 0, before they are moved"""
    settle: Seconds = 30
    """how long requests in flight to an emptied site, and edge nodes that do not answer, are waited for"""
