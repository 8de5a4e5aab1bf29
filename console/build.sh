#!/usr/bin/env bash
# Builds the console into dist/: installs what package-lock.json names, generates the client, checks types, bundles.
# usage: console/build.sh [--test]   (--test runs the unit tests, too)
set -euo pipefail
cd "$(dirname "$0")"
# npm itself runs on the machine's Node (18 or later); everything after it on the pinned one.
stamp=node_modules/.lock-installed
if ! cmp --silent package-lock.json "$stamp"; then
  npm ci --no-audit --no-fund --loglevel=error
  cp package-lock.json "$stamp"
fi
export PATH="$PWD/node_modules/.bin:$PATH"
./generate.sh
vue-tsc --noEmit
if [ "${1:-}" = --test ]; then vitest run; fi
vite build --logLevel warn
# ops sends these to browsers that take gzip.
find dist/assets -type f -size +1k ! -name '*.gz' -exec gzip --keep --best --no-name {} +
