"""nginx as an edge node: shares are empty files that it looks for with every request, so nothing is ever reloaded

In `EdgeNode.maps` lie `edge.node` (what its configuration has: status address, monitor path, cookie, sites) and `edge`,
a link to the folder that holds now: `edge/dc1/37` = the requests with numbers 3700..3799 go to dc1, `edge/dc1/3712` =
this one does; `edge/tied/dc1` = cookies are heard; `edge/backed` = no site is empty, so each may stand in for the
others; `edge/shares` = the weights as they were told. Another link in its place, and every worker decides by it.
What nginx does with them stands in templates/nginx_edge.conf.j2.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from deployer.edge.counting import COUNT
from deployer.edge.wish import Wish
from deployer.errors import StepFailed, Unreachable
from deployer.machines import EdgeNode
from deployer.traffic.nginx.http import HTTP
from deployer.traffic.stat import Row

_RENDER = "docs/edge.md says what its configuration needs"
_TABLE = r"""
function told(list, value,   names, n, i) {
  n = split(list, names, " ")
  for (i = 1; i <= n; i++) tie[names[i]] = value
}
BEGIN {
  n = split(weights, pairs, " ")
  for (i = 1; i <= n; i++) { split(pairs[i], pair, "="); given[pair[1]] = pair[2] }
  told(opened, 1); told(barred, 0)
}
$1 == "site" && FILENAME ~ /edge.node$/ { order[++count] = $2; weight[$2] = $3; tied[$2] = 1 }
FILENAME !~ /edge.node$/ && ($1 in weight) { weight[$1] = $2; tied[$1] = $3 }
END {
  for (i = 1; i <= count; i++) {
    site = order[i]
    if (site in given) weight[site] = given[site]
    if (site in tie) tied[site] = tie[site]
    print site, weight[site], tied[site] >shares
    sent[site] = tied[site] ? weight[site] : 0
    whole += sent[site]
    empty += !sent[site]
  }
  if (!whole) { print "nobody would get anything"; exit 1 }
  for (i = 1; i <= count; i++) {
    site = order[i]; sum += sent[site]
    print site "/"
    if (tied[site]) print "tied/" site
    for (end = int(sum * 10000 / whole + 0.5); at < end; ) {
      if (at % 100 == 0 && end - at >= 100) { printf "%s/%02d\n", site, at / 100; at += 100 }
      else printf "%s/%04d\n", site, at++
    }
  }
  if (!empty) print "backed"
}
"""
_ASK = f"""{HTTP}
status=$(awk '$1 == "status" {{ print $2 }}' edge.node 2>/dev/null)
version() {{ readlink edge 2>/dev/null | cut -d . -f 2; }}
answer() {{ http "$status" "/deployer_status?id=$(version)" "$1" | tail -n 1; }}
"""
_PROBE = """
monitor=$(awk '$1 == "monitor" { print $2 }' edge.node)
awk '$1 == "site" { for (i = 4; i <= NF; i++) print $2, $i }' edge.node | {
  while read -r site address; do
    { http "$address" "$monitor" 1 | head -n 1 | grep -q ' 200' && echo "up $site"; } &
  done
  wait
}
"""
_SHOW = f"""
{COUNT}
echo "answer $(answer 3)"
sed 's/^/node /' edge.node
[ ! -e edge/shares ] || {{ echo "version $(version)"; sed 's/^/share /' edge/shares; }}
while read -r word site _ addresses; do
  [ "$word" = site ] || continue
  filter=; for one in $addresses; do filter="$filter${{filter:+ or }}dst $one"; done
  echo "open $site $(ss -Htn state established "$filter" | wc -l)"
done <edge.node
"""


def look(edge: EdgeNode, *, probing: bool) -> str:
    """Shell that prints what `rows` reads; `probing` asks each balancer of the sites whether it is well."""
    return f"{_enter(edge)}\n{_SHOW}\n{f'echo probed{_PROBE}' if probing else ''}"


def weights(shares: Mapping[str, int], servers: Mapping[str, int]) -> Mapping[str, int]:
    """The shares themselves: nothing is rounded."""
    del servers
    return shares


def tell(edge: EdgeNode, wish: Wish) -> str:
    """Shell that does it by one rename, and looks again. Who would get more is told nothing where nginx is silent."""
    words = {
        "weights": " ".join(f"{site}={weight}" for site, weight in wish.weights),
        "opened": " ".join(wish.opened),
        "barred": " ".join(wish.barred),
    }
    given = " ".join(f"-v {name}={shlex.quote(value)}" for name, value in words.items())
    careful = "answer 3 | grep -q '^[a-z]* [0-9]*$' || { echo \"nginx does not answer at $status\"; exit 1; }"
    return f"""{_enter(edge)}
{careful if wish.opened else ""}
new=edge.$(date +%s%N) old=$(readlink edge || :)
make() {{
  mkdir "$new" "$new/tied" || return 1
  said=$(awk {given} -v shares="$new/shares" {shlex.quote(_TABLE)} edge.node $(ls edge/shares 2>/dev/null)) || return 1
  (
    cd "$new" || exit 1
    printf '%s\\n' "$said" "id.${{new#edge.}}" | grep -v '/$' >names
    mkdir $(printf '%s\\n' "$said" | grep '/$') && xargs touch <names && rm names
  ) && rm -f edge.new && ln -s "$new" edge.new && mv -fT edge.new edge
}}
make || {{ rm -rf "$new"; echo "the shares cannot be written to $PWD: $said"; exit 1; }}
for one in edge.[0-9]*; do case $one in "$new"|"$old") ;; *) rm -rf "$one";; esac; done
{_SHOW}"""


def told(edge: EdgeNode, wish: Wish, said: str) -> tuple[str, str]:
    """What `rows` reads, and nothing to complain of: it lies on the disk."""
    del edge, wish
    return said, ""


def rows(edge: EdgeNode, said: str) -> tuple[Row, ...]:
    """A row for each site, as if it were one server, and one without a name when cookies tie users to sites.

    Raises:
        Unreachable: nginx does not answer.
        StepFailed: it is not set up for us, or does not read this folder.
    """
    found: dict[str, list[list[str]]] = {}
    for line in said.splitlines():
        word, *rest = line.split()[:8] or [""]
        found.setdefault(word, []).append(rest)
    _refuse(edge, found, said)
    return tuple(_rows(edge, found))


def _refuse(edge: EdgeNode, found: Mapping[str, list[list[str]]], said: str) -> None:
    answer = found.get("answer", [[]])[0]
    if "node" not in found:
        raise StepFailed(
            f"no edge.node in {edge.maps}: {' '.join(said.split())[:200]}", where=edge.name, remedy=_RENDER
        )
    if len(answer) != 2 or not answer[1].isdigit():  # noqa: PLR2004
        words = " ".join(answer) or "nothing"
        raise Unreachable(f"nginx does not answer /deployer_status: {words}", where=edge.name, remedy="deployer doctor")
    if "version" in found and answer[0] != "yes":
        raise StepFailed(f"nginx does not read {edge.maps}/edge", where=edge.name, remedy=_RENDER)


def _rows(edge: EdgeNode, found: Mapping[str, list[list[str]]]) -> Iterator[Row]:
    shares = {site: (int(weight), tied == "1") for site, weight, tied in found.get("share", ())}
    counts = {site: tuple(map(int, rest)) for site, *rest in found.get("count", ())}
    opened = {site: int(number) for site, number in found.get("open", ())}
    up = {site for (site,) in found.get("up", ())}
    for word, site, first, *_ in (one for one in found["node"] if one[0] == "site"):
        weight, tied = shares.get(site, (int(first), True))
        checked = ("UP" if site in up else "DOWN") if "probed" in found else "no check"
        answered, failed, late, rate = counts.get(site, (0, 0, 0, 0))
        yield Row(
            word,
            site,
            checked if tied else "MAINT",
            opened.get(site, 0),
            0,
            late,
            0,
            weight,
            "",
            "",
            "http",
            failed,
            answered,
            rate,
        )
    for cookie in (one[1] for one in found["node"] if one[0] == "cookie"):
        yield Row(edge.backend, "", "UP", 0, 0, 0, 0, 0, "", cookie, "http")


def _enter(edge: EdgeNode) -> str:
    return f"cd {shlex.quote(edge.maps)} || exit 1\n{_ASK}"
