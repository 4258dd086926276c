"""Asking over HTTP in a shell, with whatever the machine has: curl, socat or Python"""

from __future__ import annotations

import shlex

_PYTHON = (
    "import socket,sys;h,_,p=sys.argv[1].rpartition(':');"
    "s=socket.create_connection((h.strip('[]'),int(p)),int(sys.argv[3]));"
    "s.sendall(b'GET %s HTTP/1.0\\r\\n\\r\\n'%sys.argv[2].encode());"
    "sys.stdout.buffer.write(b''.join(iter(lambda:s.recv(4096),b'')))"
)
HTTP = f"""
http() {{ # ADDRESS:PORT PATH SECONDS: head and body of the answer, or why there is none
  if command -v curl >/dev/null 2>&1; then curl -qsSi --noproxy '*' --max-time "$3" "http://$1$2"
  elif command -v socat >/dev/null 2>&1
  then printf 'GET %s HTTP/1.0\\r\\n\\r\\n' "$2" | socat -t "$3" - "TCP:$1,connect-timeout=$3"
  else "${{DEPLOYER_PYTHON:-python3}}" -ISc {shlex.quote(_PYTHON)} "$1" "$2" "$3"; fi 2>&1
}}
"""
