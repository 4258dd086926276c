"""What is done on an nginx machine: ask it which files it runs, put new ones in their place, reload"""

from __future__ import annotations

import shlex

from deployer.machines import Balancer
from deployer.traffic.nginx.http import HTTP

MOVED = "moved meanwhile"
SLOTS = ("a", "b")
_STATUS = "127.0.0.1:8405"
_ASK = f"""
address={_STATUS}
[ ! -e status ] || read -r address <status
{HTTP}
# the digest of what it runs, and the pid of the worker that says so
answer() {{ http "$address" /deployer_status 4 | tail -n 1; }}
master_of() {{ [ -e "/proc/$1/stat" ] && read -r _ _ _ parent _ <"/proc/$1/stat" && echo "$parent"; }}
title() {{ tr '\\0' ' ' <"/proc/$1/cmdline" 2>/dev/null; }}
workers() {{ cat "/proc/$1/task/$1/children" 2>/dev/null || pgrep -P "$1"; }}
of() {{ for pid in $2; do printf '/proc/%s/%s ' "$pid" "$1"; done; }} # /dev/null: never stdin
stopping() {{ grep -ls "^nginx: worker process is shutting down" $(of cmdline "$1") /dev/null | cut -d / -f 3; }}
serving() {{
  case $(title "$1") in
    "nginx: worker process is shutting"*) return 1;;
    "nginx: worker process "*) return 0;;
    *) return 1;;
  esac
}}
"""


def files(balancer: Balancer) -> tuple[str, ...]:
    """The names of the three files, in the folder of the maps."""
    return (*(f"{balancer.pool}_{slot}.servers" for slot in SLOTS), "split.conf")


def look(balancer: Balancer) -> str:
    """Prints what nginx answers, its master and stopping workers, then each file and the one before it."""
    names = " ".join(f"{shlex.quote(name)} {shlex.quote(name)}.was" for name in files(balancer))
    return f"""
cd {shlex.quote(balancer.maps)} || exit 1
{_ASK}
said=$(answer)
set -- $said
master=$(master_of "${{2:-0}}")
echo "answer $said"
echo "master $master"
echo "old" $(stopping "$(workers "${{master:-0}}")")
set --
for file in {names}; do [ -s "$file" ] && set -- "$@" "$file"; done
[ $# -eq 0 ] || awk '{{ print FILENAME "\t" $0 }}' "$@"
"""


def put(balancer: Balancer, texts: dict[str, str], before: str, digest: str, *, patience: int = 15) -> str:
    """New texts in place of the files whose digest (sha256 of all three) is `before`, tested and loaded, or as it was.

    Prints MOVED when the files are others by now. Ends with an error, everything put back, when nginx refuses them or
    does not run them within `patience` seconds.
    """
    names = " ".join(shlex.quote(name) for name in texts)
    new = "\n".join(f"printf %s {shlex.quote(text)} >{shlex.quote(name)}.new" for name, text in texts.items())
    return f"""
cd {shlex.quote(balancer.maps)} || exit 1
{_ASK}
if [ "$(awk 1 {names} | sha256sum | cut -d ' ' -f 1)" != {before} ]; then echo {shlex.quote(MOVED)}; exit 0; fi
set -e
{new}
set -- $(answer)
master=$(master_of "${{2:-0}}")
case $(title "$master") in "nginx: master process "*) ;; *) echo "nginx does not answer at $address: $*"; exit 1;; esac
set -f; set -- $(title "$master"); set +f
shift 3; program=$1; shift
with=
while [ $# -gt 1 ]; do case $1 in -p|-c|-e) with="$with $1 $2"; shift;; esac; shift; done
back() {{ for file in {names}; do cp -p "$file.was" "$file.new"; mv -f "$file.new" "$file"; done; }}
for file in {names}; do cp -p "$file" "$file.was"; mv -f "$file.new" "$file"; done
if ! said=$("$program" -t -q $with 2>&1); then
  back
  echo "nginx -t refuses it, all is as it was: $said"; exit 1
fi
before=$(workers "$master")
kill -HUP "$master"
loaded() {{
  for pid in $before; do if serving "$pid"; then return 1; fi; done
  set -- $(answer)
  [ "$1" = {digest} ]
}}
end=$(($(date +%s) + {patience}))
until loaded; do
  if [ "$(date +%s)" -gt "$end" ]; then
    back
    kill -HUP "$master"
    echo "nginx does not load it, all is as it was; its error log says why"; exit 1
  fi
  sleep 0.05
done
"""
