#!/usr/bin/env bash
# Tests the console and the example's classroom in Chromium, against a running platform or the console's mock (--mock: no classroom).
# usage: CONSOLE_URL=... ADMIN_PASSWORD=... OWNERS=name=password,name=password tests/browser/run.sh
#        tests/browser/run.sh --mock
# TRIVIUM_HOME: the platform's folder, for the classroom and for rooms that the tests make. Without it, these are skipped.
# OUT_DIR: where screenshots go (default: tests/browser/out). PROMETHEUS_PID: is stopped for some seconds to see the error state (SIGSTOP, SIGCONT).
# Ends with the line "N passed, N failed"; status 1 when one failed. The last check locks sign-in from this address for ten minutes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here"
if ! cmp --silent package-lock.json node_modules/.lock-installed; then
  npm ci --no-audit --no-fund --loglevel=error
  cp package-lock.json node_modules/.lock-installed
fi
export PATH="$here/node_modules/.bin:$PATH" OUT_DIR="${OUT_DIR:-$here/out}"

if [ "${1:-}" = --mock ]; then
  [ -f ../../console/dist/index.html ] || ../../console/build.sh
  port=$((25200 + RANDOM % 700))
  # Stands for Prometheus: the mock answers without metrics while it is stopped.
  sleep 900 &
  export PROMETHEUS_PID=$!
  node ../../console/test/mock/server.mjs "$port" &
  mock=$!
  trap 'kill "$mock" "$PROMETHEUS_PID" 2>/dev/null || true' EXIT
  export CONSOLE_URL="http://127.0.0.1:$port" ADMIN_PASSWORD=admin-password
  export OWNERS=owner-acme=owner-password,owner-globex=owner-password VIEWER=viewer=viewer-password
fi
: "${CONSOLE_URL:?the console, http://127.0.0.1:21022}" "${ADMIN_PASSWORD:?of the person admin; trv up prints it}" "${OWNERS:?name=password,...}"
mkdir --parents "$OUT_DIR"

# The page of examples/classroom-web and the backend of its product.
start_classroom() {
  local example=../../examples/classroom-web product=ketang base output
  [ -f "$example/dist/index.html" ] || "$example/build.sh"
  base=$(sed --quiet 's/^TRIVIUM_PORT_BASE=//p' "$TRIVIUM_HOME/env")
  output=$(mktemp)
  node "$example/backend/main.mjs" --gateway "http://127.0.0.1:$((base + 92))" --product "$product" --key "$TRIVIUM_HOME/products/$product/token.key" --port 0 >"$output" 2>&1 &
  classroom=$!
  trap 'kill "$classroom" 2>/dev/null || true' EXIT
  until grep --quiet '^classroom: http' "$output"; do
    kill -0 "$classroom" || { cat "$output" >&2; return 1; }
    sleep 0.1
  done
  CLASSROOM_URL=$(sed --quiet 's|^classroom: \(.*\)/$|\1|p' "$output")
  export CLASSROOM_URL
}
if [ "${1:-}" != --mock ] && [ -n "${TRIVIUM_HOME:-}" ]; then start_classroom; fi
status=0
node run.mjs || status=$?
exit "$status"
