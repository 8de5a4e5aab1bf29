#!/usr/bin/env bash
# Builds the package into dist/: installs what package-lock.json names, generates the commands, checks types, compiles.
# usage: sdk/web/build.sh [--test]   (--test runs the unit tests, too; COMMAND_TABLE and PROTO_PATH: see generate.sh)
set -euo pipefail
cd "$(dirname "$0")"
# install FOLDER: what its package-lock.json names, unless that is there already.
install() {
  cmp --silent "$1/package-lock.json" "$1/node_modules/.lock-installed" && return
  npm ci --prefix "$1" --no-audit --no-fund --loglevel=error
  cp "$1/package-lock.json" "$1/node_modules/.lock-installed"
}

# The Node and npm that the console pins, too.
install ../../console/toolchain
npm_config_globalconfig=$(npm config get globalconfig)
export npm_config_globalconfig
PATH="$(cd ../../console/toolchain && pwd)/node_modules/.bin:$PATH"
install .
export PATH="$PWD/node_modules/.bin:$PATH"
./generate.sh
COMMAND_TABLE=test/commands.yaml OUT=test/gen CALLER=../../src/caller.js ./generate.sh
tsc --noEmit
if [ "${1:-}" = --test ]; then vitest run; fi
rm --recursive --force dist
tsc --project tsconfig.build.json
