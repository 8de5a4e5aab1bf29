# shellcheck shell=bash
# TAP lines of the drills' tests. Who sources it ends with `exit "$failed"`.
# shellcheck disable=SC2034  # Of who sources it.
failed=0

ok() { echo "ok - $*"; }
not_ok() {
  [ -z "${2:-}" ] || tail --lines=40 "$2" | sed 's/^/# /'
  echo "not ok - $1"
  # shellcheck disable=SC2034
  failed=1
}
# result WHAT LOG COMMAND...
result() {
  local what=$1 log=$2
  shift 2
  if "$@" >"$log" 2>&1 </dev/null; then ok "$what"; else not_ok "$what" "$log"; fi
}
