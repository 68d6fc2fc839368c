#!/bin/bash
# The main job, for one host: six NICs, Open vSwitch, and the management interface moved onto a bond while a ping
# across it goes on. Takes the directory of the programs. On a terminal it leaves you in a shell on the host.
set -euo pipefail

bin=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
lab="tutorial-$$"
work=$(mktemp -d)
pinger=

xapi_lab() { "$bin/xapi-lab" "$@"; }
down() {
    status=$?
    [ -z "$pinger" ] || kill "$pinger" 2>/dev/null || true
    xapi_lab down --name "$lab" >/dev/null 2>&1 || true
    rm -rf "$work"
    exit "$status"
}
trap down EXIT
: > "$work/ping"
trap 'exit 130' INT TERM

echo "== A lab: one host with six NICs and an Open vSwitch of its own, a switch with a gateway"
xapi_lab up --name "$lab"

echo "== The tutorial's earlier bonds: NAS on bond0, PUB on bond1"
xapi_lab exec --name "$lab" xs-1 -- bash -s < "$here/earlier-bonds.sh"

echo "== A ping to 172.16.0.10 every 10 ms, from the machine at the other end of the wire"
# Not through the function: a signal for it would reach a shell that waits, and not the ping.
"$bin/xapi-lab" exec --name "$lab" client -- ping -n -D -i 0.01 -W 1 172.16.0.10 > "$work/ping" 2>&1 &
pinger=$!
for _ in $(seq 200); do
    [ "$(grep -c 'bytes from' "$work/ping" || true)" -ge 20 ] && break
    read -r -t 0.05 <> <(:) || true
done

echo "== The pool master's part of \"Bonding the Management Interface\""
xapi_lab exec --name "$lab" xs-1 -- bash -s < "$here/pool-master.sh"

answers=$(grep -c 'bytes from' "$work/ping" || true)
for _ in $(seq 200); do
    [ "$(grep -c 'bytes from' "$work/ping" || true)" -ge $((answers + 50)) ] && break
    read -r -t 0.05 <> <(:) || true
done
kill -INT "$pinger" 2>/dev/null || true
wait "$pinger" 2>/dev/null || true
pinger=
awk '
    /bytes from/ {
        time = substr($1, 2, length($1) - 2) + 0
        if (last && time - last > longest) longest = time - last
        last = time; answers++
    }
    END {
        if (!answers) { print "== The ping got no answer at all"; exit 1 }
        printf "== The ping: %d answers; the longest silence was %.0f ms\n", answers, longest * 1000
        if (longest > 0.1) { print "   That is more than a tenth of a second"; exit 1 }
    }' "$work/ping"

if [ -t 0 ] && [ -t 1 ]; then
    echo "== A shell on xs-1; leave it with exit, and the lab goes"
    xapi_lab exec --name "$lab" xs-1 -- bash -i || true
fi
