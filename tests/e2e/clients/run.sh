#!/usr/bin/env bash
# Clients that others have written, our SDK, RFC 6455's cases and hostile clients against the gateway of the platform of TRIVIUM_HOME, which `trv test e2e` has brought up.
# usage: tests/e2e/clients/run.sh [PART [TEST]]   (PART: stock_client connect_web sdk websocket hostile; TEST: a part of a test's name, or a case's number)
# Prints TAP lines; status 1 when one failed. Needs npm and protoc; the pinned Node comes with npm.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
export TRIVIUM_HOME=${TRIVIUM_HOME:-$root/.trv}
parts='stock_client connect_web sdk websocket hostile'
failed=0

install() {
  cd "$here"
  if ! cmp --silent package-lock.json node_modules/.lock-installed; then
    npm ci --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.lock-installed
  fi
  "$root/sdk/web/build.sh"
  export PATH="$here/node_modules/.bin:$PATH"
  ./generate.sh
  cd "$root"
}

# websocket [CASE...]: independent of Node, too.
websocket() {
  local tokens base
  tokens=$(mktemp)
  base=$(sed --quiet 's/^TRIVIUM_PORT_BASE=//p' "$TRIVIUM_HOME/env")
  node --input-type=module --eval "
    const { token } = await import('$here/platform.mjs');
    for (let n = 0; n < 100; ++n) console.log(token('websocket-' + n, { lifetimeSeconds: 3600 }));" >"$tokens"
  PYTHONDONTWRITEBYTECODE=1 python3 "$root/tests/conformance/websocket/run.py" --port $((base + 92)) --tokens "$tokens" "$@" || failed=1
  rm --force "$tokens"
}

# A product whose profile names one origin.
add_product() {
  local profile
  profile=$(mktemp)
  cat >"$profile" <<'PROFILE'
display_name_zh: 来源
display_name_en: Origins
time_zone: Asia/Shanghai
gateway:
  allowed_origins: ["https://class.example"]
PROFILE
  "$root/trv" product add e2e-origins --profile "$profile"
  rm --force "$profile"
}

# The command of the product's users that sdk.mjs calls.
publish_commands() {
  local base
  base=$(sed --quiet 's/^TRIVIUM_PORT_BASE=//p' "$TRIVIUM_HOME/env")
  "$TRIVIUM_HOME/bin/trv_publish" --home="$TRIVIUM_HOME" --control="127.0.0.1:$base" --table="$here/commands.yaml" --reason="clients under test"
  sleep 2 # Until the gateway has it.
}

install >&2
part=${1:-}
for each in $parts; do
  [ -z "$part" ] || [ "$part" = "$each" ] || continue
  case $each in
    websocket) websocket "${@:2}" ;;
    sdk)
      publish_commands >&2
      node "$here/sdk.mjs" "${@:2}" || failed=1
      ;;
    hostile)
      add_product >&2
      node "$here/hostile.mjs" "${@:2}" || failed=1
      ;;
    *) node "$here/$each.mjs" "${@:2}" || failed=1 ;;
  esac
done
exit "$failed"
