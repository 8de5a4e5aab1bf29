# shellcheck shell=bash
# TAP lines of tests in bash. `trv test` counts "ok - ", "not ok - " and "# SKIP", and shows the lines "# ..." above a "not ok" as its reasons.
# usage: source "$root/tests/tap.sh", and at the end: exit "$failed". Works with set -e and without.
# shellcheck disable=SC2034  # Of who sources it.
failed=0

ok() { echo "ok - $*"; }
# skip WHAT WHY
skip() { echo "ok - $1 # SKIP $2"; }
# not_ok WHAT [LOG]
not_ok() {
  [ -z "${2:-}" ] || reasons "$2" 2>&1 | why || true
  echo "not ok - $1"
  failed=1
}

# reasons LOG: what of it is shown; a test may have its own. why: of standard input, as TAP wants it.
reasons() { tail --lines=40 "$1"; }
why() { head --lines=200 | sed 's/^/# /'; }

# result WHAT LOG COMMAND...: LOG gets what it prints, behind what it has.
result() {
  local what=$1 log=$2
  shift 2
  if "$@" >>"$log" 2>&1 </dev/null; then ok "$what"; else not_ok "$what" "$log"; fi
}
# holds WHAT COMMAND...: what it prints matters when it fails.
holds() {
  local what=$1 output
  shift
  if output=$("$@" 2>&1); then ok "$what"; else
    why <<<"$output"
    not_ok "$what"
  fi
}
# finds_nothing WHAT COMMAND...: it prints what is wrong; no output is good, whatever its status.
finds_nothing() {
  local what=$1 found
  shift
  found=$("$@" 2>&1) || found=${found:-"$* failed"}
  if [ -z "$found" ]; then ok "$what"; else
    why <<<"$found"
    not_ok "$what"
  fi
}
