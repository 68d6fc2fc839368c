#!/bin/sh
# Runs a test binary for cargo, which starts it in the directory of its package: as root if it makes network namespaces
# or needs a root socket, as the user otherwise.
set -eu
case "$PWD" in
# Labs wait for most of their time: more tests than this machine has processors go on at a time.
*/crates/xapi-net) export RUST_TEST_THREADS="${RUST_TEST_THREADS:-$(($(nproc) + 1))}" ;;
*/tests) export RUST_TEST_THREADS="${RUST_TEST_THREADS:-$(($(nproc) * 2 + 1))}" ;;
esac
case "$PWD" in
*/crates/xapi-net | */crates/xapi-guest | */crates/xapi-server | */bin/xapi-lab | */tests)
    [ "$(id -u)" = 0 ] || exec sudo -E "$@"
    ;;
esac
exec "$@"
