#!/usr/bin/env bash
# Builds the console into dist/: installs what package-lock.json names, generates the client, checks types, bundles.
# usage: console/build.sh [--test]   (--test runs the unit tests, too)
set -euo pipefail
cd "$(dirname "$0")"
# install FOLDER: what its package-lock.json names, unless that is there already.
install() {
  cmp --silent "$1/package-lock.json" "$1/node_modules/.lock-installed" && return
  npm ci --prefix "$1" --no-audit --no-fund --loglevel=error
  cp "$1/package-lock.json" "$1/node_modules/.lock-installed"
}

# The machine's npm (9 or later, on Node 18 or later) brings a newer Node and npm, and these do the rest: an old npm leaves out native parts that its
# own Node is too old for. The machine's settings stay.
install toolchain
npm_config_globalconfig=$(npm config get globalconfig)
export npm_config_globalconfig
export PATH="$PWD/toolchain/node_modules/.bin:$PATH"
install .
export PATH="$PWD/node_modules/.bin:$PATH"
./generate.sh
vue-tsc --noEmit
if [ "${1:-}" = --test ]; then vitest run; fi
vite build --logLevel warn
# ops sends these to browsers that take gzip.
find dist/assets -type f -size +1k ! -name '*.gz' -exec gzip --keep --best --no-name {} +
