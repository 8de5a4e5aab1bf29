#!/usr/bin/env bash
# Builds the page into dist/: the SDK first, then what package-lock.json names, types, bundle. With the Node that the console pins.
set -euo pipefail
cd "$(dirname "$0")"
[ -f ../../sdk/web/dist/index.js ] || ../../sdk/web/build.sh
PATH="$(cd ../../console/toolchain && pwd)/node_modules/.bin:$PATH"
npm_config_globalconfig=$(npm config get globalconfig)
export npm_config_globalconfig
if ! cmp --silent package-lock.json node_modules/.lock-installed; then
  npm ci --no-audit --no-fund --loglevel=error
  cp package-lock.json node_modules/.lock-installed
fi
export PATH="$PWD/node_modules/.bin:$PATH"
vue-tsc --noEmit
vite build --logLevel warn
