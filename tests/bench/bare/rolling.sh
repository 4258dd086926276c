#!/bin/bash
# The floor: the same acts by parallel OpenSSH over kept connections, one script per host and phase, in waves of five.
# No journal, no lock, no rules, no report, no way back: nothing can do this work in much less time.
#
#   rolling.sh VERSION ARTIFACT SHA256 SSH_CONFIG HOSTS
#
# HOSTS: a line per host in their order: site, name, address:port, root, control, health file, and its site's balancers
# as name=socket,name=socket.
set -euo pipefail
version=$1 artifact=$2 sha=$3 config=$4
mapfile -t hosts < "$5"

fetch='mkdir -p $root/releases/$version && cd $root/releases/$version && cat > ../.$version.tar.gz &&
    echo "$sha  ../.$version.tar.gz" | sha256sum --check --quiet && tar -xzf ../.$version.tar.gz'
drain='rm -f $health'
out='for host in $wave; do
    while echo "show stat -1 4 -1" | socat stdio $socket |
        grep -E "^shop_[ab],$host," | grep -qvE "^shop_[ab],$host,0,[0-9]*,0,.*,(NOLB|DOWN)"; do sleep 0.1; done; done'
change='ln -sfn releases/$version $root/.current.new && mv -T $root/.current.new $root/current && $control restart &&
    until curl -sf http://$url/healthz; do sleep 0.1; done &&
    for check in 1 2 3 4 5; do sleep 0.2; curl -sf http://$url/healthz || exit 1; done &&
    curl -sf http://$url/version | grep -qF $version &&
    echo "OK slot=A release=$version" > $health.new && mv $health.new $health'
up='for host in $wave; do
    until echo "show stat -1 4 -1" | socat stdio $socket | grep -q "^shop_a,$host,.*,UP,"; do sleep 0.1; done; done'

everyone() { # every process of the phase ended well
    local pid
    for pid in "$@"; do wait "$pid"; done
}

on_hosts() { # SCRIPT HOST-LINE…
    local script=$1 line pids=() site name url root control health balancers
    shift
    for line in "$@"; do
        read -r site name url root control health balancers <<< "$line"
        ssh -F "$config" "$name" \
            "version=$version sha=$sha url=$url root=$root control=$control health=$health; $script" \
            < "$artifact" > /dev/null &
        pids+=($!)
    done
    everyone "${pids[@]}"
}

on_balancers() { # SCRIPT HOST-LINE…
    local script=$1 line pids=() wave=() one site name url root control health balancers
    shift
    for line in "$@"; do
        read -r site name url root control health balancers <<< "$line"
        wave+=("$name")
    done
    for one in ${balancers//,/ }; do
        ssh -n -F "$config" "${one%%=*}" "wave='${wave[*]}' socket=${one#*=}; $script" &
        pids+=($!)
    done
    everyone "${pids[@]}"
}

on_hosts "$fetch" "${hosts[@]}"
for ((first = 0; first < ${#hosts[@]}; first += 5)); do
    wave=("${hosts[@]:first:5}")
    on_hosts "$drain" "${wave[@]}"
    on_balancers "$out" "${wave[@]}"
    on_hosts "$change" "${wave[@]}"
    on_balancers "$up" "${wave[@]}"
done
