#!/bin/sh
# Comes before everything else of `npm test`, and runs where nothing is installed yet: even Node may lack a library.
set -eu

if [ "$(id -u)" != 0 ]; then
  echo "The tests start sandboxes and networks, which needs root: run them with sudo. 'npm run check' does without." >&2
  exit 1
fi
sh "${0%/*}/../../infra/debian/packages.sh" node platform tests

# Sets the clock that the platform's processes see (test/faults/clock.test.ts): nothing but a test has a use for it.
faketime=/usr/lib/$(uname -m)-linux-gnu/faketime/libfaketimeMT.so.1
if [ ! -e "$faketime" ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing libfaketime (apt-get) …" >&2
  export DEBIAN_FRONTEND=noninteractive LC_ALL=C
  apt-get -q -y update >&2 </dev/null || :
  apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends libfaketime >&2 </dev/null
fi
