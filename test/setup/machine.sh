#!/bin/sh
# Comes before everything else of `npm test`, and runs where nothing is installed yet: even Node may lack a library.
set -eu

if [ "$(id -u)" != 0 ]; then
  echo "The tests start sandboxes and networks, which needs root: run them with sudo. 'npm run check' does without." >&2
  exit 1
fi
sh "${0%/*}/../../infra/debian/packages.sh" node platform tests
