"""Requests of each site, counted on an nginx edge node from a log of one short line each: site, status, end, duration

The log is read on from where it was left off, and emptied when it has grown; sums stay in a file beside it. A log that
has grown by more than can be read in a moment is begun anew at its end: sums are only compared over some seconds.
"""

from __future__ import annotations

import shlex

LOG, SUMS = "requests.log", "requests.sums"
_LARGE, _MUCH, _SECOND = 64 * 1024 * 1024, 8 * 1024 * 1024, 1024 * 1024
_ADD = r"""
NR == FNR { if (FNR > 1) { total[$1] = $2; failed[$1] = $3; late[$1] = same ? $4 : 0 } next }
NF == 4 { total[$1]++; if ($2 >= 500) failed[$1]++; if ($3 - $4 > since) late[$1]++ }
END { print head; for (site in total) print site, total[site], failed[site] + 0, late[site] + 0 }
"""
_RATE = r"""
NF == 4 && $3 > now - 1 && $3 <= now { came[$1]++ }
END { for (site in came) print site, came[site] }
"""
_JOIN = 'NR == FNR { rate[$1] = $2; next } FNR > 1 { print "count", $1, $2, $3, $4, rate[$1] + 0 }'

COUNT = f"""
count() {{ # "count SITE answered failed late rate"; late = begun after the shares were changed last
  [ -e {LOG} ] || return 0
  now=$(date +%s.%N) size=$(stat -Lc %s {LOG}) inode=$(stat -Lc %i {LOG})
  id=$(readlink edge) since=$(stat -Lc %.3Y edge/shares 2>/dev/null || echo 0)
  [ -s {SUMS} ] || echo "$inode $size none" >{SUMS}
  read -r was at of <{SUMS}
  if [ "$was" != "$inode" ] || [ "$at" -gt "$size" ]; then at=0; fi
  [ "$((size - at))" -le {_MUCH} ] || at=$size
  if [ "$size" -gt {_LARGE} ]; then left=0; else left=$size; fi
  if [ "$of" = "${{id:-none}}" ]; then same=1; else same=0; fi
  tail -c "+$((at + 1))" {LOG} | head -c "$((size - at))" |
    awk -v head="$inode $left ${{id:-none}}" -v since="$since" -v same="$same" {shlex.quote(_ADD)} {SUMS} - >{SUMS}.new
  mv -f {SUMS}.new {SUMS}
  tail -c {_SECOND} {LOG} | awk -v now="$now" {shlex.quote(_RATE)} >{SUMS}.rate
  awk {shlex.quote(_JOIN)} {SUMS}.rate {SUMS}
  [ "$left" = "$size" ] || : >{LOG}
}}
( flock -w 5 8 && count ) 8>>{SUMS}.lock
"""
