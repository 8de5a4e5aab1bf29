#!/usr/bin/env bash
# Runs bad_requests.py against the platform of TRIVIUM_HOME, which `trv test e2e` has brought up.
set -euo pipefail

root=$(cd "$(dirname "$0")/../../.." && pwd)
home=${TRIVIUM_HOME:-$root/.trv}
base=$(sed --quiet 's/^TRIVIUM_PORT_BASE=//p' "$home/env")

exec "$(dirname "$0")/bad_requests.py" --pki "$home/pki" --product ketang --other_product fudao \
  --control "127.0.0.1:$base" --control_admin "127.0.0.1:$((base + 2))" \
  --payment "127.0.0.1:$((base + 10))" --payment_admin "127.0.0.1:$((base + 11))"
