#!/bin/sh
# What the README promises of a fresh machine: both of its commands work, twice in a row, and side by side. Meant for bare-machine.sh,
# since it ends with `slip down`. Says how each went and how long it took, and ends with 1 when one failed.
set -u
cd "${0%/*}/../.." || exit

failed=0

step() {
  printf '\n== %s: %s\n' "$(date -u +%H:%M:%S)" "$*"
  begun=$(date +%s)
  code=0
  "$@" || code=$?
  [ "$code" = 0 ] || failed=$((failed + 1))
  printf '== exit code %s after %s s: %s\n' "$code" "$(($(date +%s) - begun))" "$*"
}

step ./slip deploy examples/node-hello
step ./slip deploy examples/node-hello
step npm cit
step npm cit
step ./slip deploy examples/node-hello
step ./slip down

printf '\n%s steps failed\n' "$failed"
[ "$failed" = 0 ]
