#!/bin/bash
# kernel-lab.sh COMMAND [ARGUMENT…]: runs a command as root under a kernel of its own, user-mode Linux, in which Open
# vSwitch forwards in the kernel and policing, 8021q and the like are there, whatever the machine's own kernel has.
#
# The command sees the machine's files, read-only, with the directory and environment of the caller; /run and /var/log
# are empty, what it writes to /tmp is its own. Its output and errors come out as they are written, and its exit status
# is ours; 124 if it did not end in KERNEL_LAB_SECONDS (600), 125 if the kernel died of something else. It has
# KERNEL_LAB_MEMORY (1G) and one processor, a slow one. However this ends, nothing stays behind.
set -euo pipefail

[ $# -gt 0 ] || {
    echo "usage: kernel-lab.sh COMMAND [ARGUMENT…]" >&2
    exit 2
}
[ "$(id -u)" = 0 ] || exec sudo -E "$0" "$@"

parts=/var/cache/xapi-lab/kernel-lab
here=$(cd "$(dirname "$0")" && pwd)
[ -x "$parts/linux.uml" ] && [ -e "$parts/xstate.so" ] || {
    echo "kernel-lab.sh: $parts is not whole: $here/install-machines.sh brings it" >&2
    exit 125
}

# The kernel and all it runs are processes of the machine. In a process namespace they end with its first process,
# which is this script again; and that ends with the one that the caller knows, also when it is killed. What they share
# is on a file system in memory that no other process sees.
if [ "${KERNEL_LAB_INSIDE:-}" != "$parts" ]; then
    KERNEL_LAB_INSIDE=$parts setpriv --pdeathsig KILL \
        unshare --mount --pid --fork --kill-child=KILL --mount-proc -- "$0" "$@" </dev/null &
    inside=$!
    trap 'kill -KILL "$inside" 2>/dev/null; exit 143' TERM HUP
    trap 'kill -KILL "$inside" 2>/dev/null; exit 130' INT
    status=0
    wait "$inside" || status=$?
    exit "$status"
fi
unset KERNEL_LAB_INSIDE

seconds=${KERNEL_LAB_SECONDS:-600}
memory=${KERNEL_LAB_MEMORY:-1G}
shared=$parts/shared
mount -t tmpfs -o mode=0700 none "$shared"
export KERNEL_LAB=1
{
    export -p
    printf 'cd %q\nexec' "$PWD"
    printf ' %q' "$@"
    echo
} >"$shared/command"

# The command's output is the second console's, its errors the third's, and the kernel's own words the first's. Each
# goes through a pipe of ours: user-mode Linux makes its ends non-blocking, which the caller's must not become.
mkfifo "$shared/output" "$shared/errors"
cat "$shared/output" &
cat "$shared/errors" >&2 &
# Of its many processes one runs at a time. On one and the same processor they hand over to each other three times as
# fast as on two: the last of those that we may use.
processor=$(taskset --cpu-list --pid $$)
processor=${processor##*[ ,-]}
TMPDIR=$shared LD_PRELOAD=$parts/xstate.so \
    taskset --cpu-list "$processor" timeout --kill-after=5 "$seconds" "$parts/linux.uml" \
    mem="$memory" root=/dev/root rootfstype=hostfs rootflags=/ ro init="$here/kernel-lab-init.sh" \
    uml_dir="$shared" con=null con0=null,fd:2 con1=null,fd:1 con2=null,fd:3 quiet \
    >"$shared/output" 2>"$shared/kernel" 3>"$shared/errors" &
kernel=$!
ended=0
wait "$kernel" 2>/dev/null || ended=$?
# What ran in a kernel that was killed is still there, and holds the pipes. timeout has made a process group of it.
kill -KILL -- "-$kernel" 2>/dev/null || true
wait

if [ -s "$shared/status" ]; then
    exit "$(cat "$shared/status")"
fi
cat "$shared/kernel" >&2
[ "$ended" != 124 ] || {
    echo "kernel-lab.sh: not within $seconds s: $*" >&2
    exit 124
}
echo "kernel-lab.sh: the kernel ended with status $ended" >&2
exit 125
