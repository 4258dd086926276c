"""What to add to the configuration of balancers that are there already: blocks, each with the place it belongs to

They are cut out of the templates that also provision new balancers, with the pool and its servers filled in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deployer import shipped
from deployer.machines import Balancer, Estate, Host
from deployer.settings.values import Settings
from deployer.traffic.nginx import fresh

_YOURS = ("bind ", "log-format ", "monitor-uri ", "monitor fail ", "acl a_is_empty", "acl b_is_empty")
_BEGINS = ("global", "defaults", "frontend ", "backend ")
_STATUS = "127.0.0.1:8405"
_RELOAD = """\
[Service]
ExecReload=
ExecReload=/usr/sbin/haproxy -Ws -f $CONFIG -c -q
ExecReload=/bin/sh -ec 'echo "show servers state" | socat -t 5 stdio {socket} > {state}.new; mv {state}.new {state}'
ExecReload=/bin/kill -USR2 $MAINPID
"""
_STATE = "/var/lib/haproxy/server.state"


@dataclass(frozen=True, slots=True)
class Block:
    """Lines to add: where they belong, and why when that is not plain."""

    where: str
    text: str


def blocks(settings: Settings, estate: Estate) -> Iterator[tuple[str, Sequence[Block]]]:
    """For balancers with the same configuration, "dc1: lb1, lb2 (haproxy)": what to add, in the order to do it."""
    for site in estate.sites:
        alike: dict[Balancer, list[str]] = {}
        for one in estate.balancers_at(site):
            if one.kind != "opaque":
                alike.setdefault(replace(one, name="", login=estate.balancers[0].login), []).append(one.name)
        for one, names in alike.items():
            make = _nginx if one.kind == "nginx" else _haproxy
            yield f"{site}: {', '.join(names)} ({one.kind})", tuple(make(settings, estate.hosts_at(site), one))


def text(found: Iterator[tuple[str, Sequence[Block]]]) -> str:
    """For people; what is to be typed or pasted is not indented."""
    lines = []
    for balancers, parts in found:
        lines.append(f"### {balancers}")
        for number, block in enumerate(parts, start=1):
            lines.append(f"\n## {number}. {block.where}\n\n{block.text.rstrip()}")
        lines.append("")
    return "\n".join(lines)


def _haproxy(settings: Settings, hosts: Sequence[Host], balancer: Balancer) -> Iterator[Block]:
    values = {
        "balancer_pool": balancer.pool,
        "balancer_bind": ["*:80"],
        "balancer_servers": [{"name": one.name, "address": one.address, "port": one.port} for one in hosts],
        "balancer_socket": balancer.socket,
        "balancer_maps": balancer.maps,
        "balancer_sticky": settings.canary.sticky,
        "balancer_alone": False,
        "balancer_health_url": settings.health_file.url,
        "balancer_log": "" if balancer.log.startswith("/") else balancer.log,
    }
    found = _sections(shipped.rendered("haproxy.cfg.j2", values))
    pool, maps = balancer.pool, balancer.maps
    files = {"pct.map": "pct 0", "slot.map": "", "rel.map": "", "asset.map": ""}
    make = "".join(f"[ -e {maps}/{name} ] || printf '{line}\\n' >{maps}/{name}\n" for name, line in files.items())
    yield Block("In a shell, as root: the maps, which the deployer fills", f"mkdir -p {maps}\n{make}touch {_STATE}")
    yield Block(
        "In section `global` (keep your own lines; the socket must have `level admin`)",
        _lines(found["global"], ("hard-stop-after", "stats ", "server-state-file", "log ")),
    )
    kept = (
        "option idle-close",
        "load-server-state",
        "retries",
        "option redispatch",
        "retry-on",
        "# a reload",
        "log global",
    )
    yield Block(
        "In section `defaults` (the gate reads `option httplog`: docs/sources.md)", _lines(found["defaults"], kept)
    )
    yield Block(
        f"In the frontend of your users, after your own rules, in place of `default_backend {pool}`",
        "\n".join(line for line in found[f"frontend {pool}"] if not line.strip().startswith(_YOURS)),
    )
    heads = (f"backend {pool}_a", f"backend {pool}_b")
    yield Block(
        f"Two sections of their own; what you have in backend {pool} (TLS to the servers, timeouts) belongs in both",
        "\n\n".join("\n".join((head, *found[head])) for head in heads),
    )
    drop_in = "/etc/systemd/system/haproxy.service.d/deployer.conf"
    yield Block(
        f"{drop_in} (then systemctl daemon-reload; needs socat): a reload keeps who is drained",
        _RELOAD.format(socket=balancer.socket, state=_STATE),
    )
    yield Block(
        "In a shell, at last", "haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl reload haproxy\ndeployer doctor"
    )


def _nginx(settings: Settings, hosts: Sequence[Host], balancer: Balancer) -> Iterator[Block]:
    pool, maps = balancer.pool, balancer.maps
    values = {
        "balancer_pool": pool,
        "balancer_bind": ["80"],
        "balancer_maps": maps,
        "balancer_status_bind": _STATUS,
        "balancer_sticky": settings.canary.sticky,
        "balancer_requests_log": f"{maps}/requests.log",
    }
    lines = shipped.rendered("nginx_balancer.conf.j2", values).splitlines()
    first = next(index for index, line in enumerate(lines) if not line.startswith("#"))
    servers = [index for index, line in enumerate(lines) if line == "server {"]
    inside = lines.index("    location / {", servers[0])
    files = "".join(
        f"[ -e {maps}/{name} ] || cat >{maps}/{name} <<'END'\n{said}END\n"
        for name, said in fresh.files(pool, hosts, _STATUS).items()
    )
    yield Block("In a shell, as root: the files the deployer writes from now on", f"mkdir -p {maps}\n{files}")
    yield Block(
        f"In context `http`, such as /etc/nginx/conf.d/deployer-{pool}.conf; it brings upstreams {pool}_a and {pool}_b",
        "\n".join((*lines[first : servers[0]], *lines[servers[1] :])),
    )
    yield Block(
        "In the location of your own server that has proxy_pass now, in its place "
        "(add_header and access_log end those inherited from outside: repeat yours)",
        "\n".join(line[8:] for line in lines[inside + 1 : servers[1] - 2]),
    )
    yield Block("In a shell, at last", "nginx -t && nginx -s reload\ndeployer doctor")


def _sections(config: str) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    name = ""
    for line in config.splitlines():
        if line.startswith(_BEGINS):
            name = line.strip()
            found[name] = []
        elif name and line.strip():
            found[name].append(line)
    return found


def _lines(section: Sequence[str], beginnings: tuple[str, ...]) -> str:
    return "\n".join(line for line in section if line.strip().startswith(beginnings))
