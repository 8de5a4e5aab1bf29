#!/usr/bin/env bash
# ./trv drill upgrade on a platform of its own (TRIVIUM_HOME, from `trv test drills`): two instances, each replaced under load. TAP lines.
set -uo pipefail

root=$(readlink --canonicalize "$(dirname "$0")/../../..")
trv=$root/trv
home=${TRIVIUM_HOME:?start it with: ./trv test drills}
work=$(mktemp --directory)
trap 'rm --recursive --force "$work"' EXIT
source "$root/tests/tap.sh"

says() { if grep --quiet --extended-regexp -- "$3" "$2"; then ok "$1"; else not_ok "$1" "$2"; fi; }

# services WHAT: that are not as the Python expression of a row says, from status --json.
services() {
  "$trv" status --json >"$work/status.json"
  /usr/bin/python3 -c 'import json, sys
rows = json.load(open(sys.argv[1]))["services"]
bad = [row["service"] for row in rows if not eval(sys.argv[2], {}, row)]
print(*bad)
sys.exit(1 if bad else 0)' "$work/status.json" "$1"
}

"$trv" drill upgrade >"$work/one" 2>&1 && not_ok "one instance of each is refused" "$work/one" || says "one instance of each is refused, with what to do" "$work/one" 'first: ./trv up --instances 2'
"$trv" up --instances 3 >"$work/three" 2>&1 && not_ok "three instances are refused" || says "three instances are refused" "$work/three" "--instances: '3', want 1 or 2"

result "two instances of each come up" "$work/up" timeout 600 "$trv" up --no-demo --instances 2
result "all of them are ready" "$work/ready" services ready
[ "$(grep --count '"service": ".*-2"' "$work/status.json")" = 6 ] && ok "status knows the second ones" || not_ok "status knows the second ones" "$work/status.json"
result "and stay two at the next up" "$work/again" "$trv" up --no-demo
result "a small day adds up on them" "$work/day" timeout 300 "$trv" school-day --students 20 --seed 7

result "every instance is replaced under load: nothing failed, nothing lost" "$work/drill" timeout 600 "$trv" drill upgrade --json "$work/drill.json"
sed 's/^/# /' "$work/drill"
says "the verdict is its last word but one" "$work/drill" '^upgrade: held$'
result "the report says it, too" "$work/json" /usr/bin/python3 -c 'import json, sys
report = json.load(open(sys.argv[1]))
assert report["held"] and len(report["services"]) == 12 and len({s["version"] for s in report["services"]}) == 2, report
assert all(s["instances"] == 2 and s["all"]["failed"] == 0 and s["all"]["calls"] > 50 for s in report["services"]), report["services"]
assert all(s["sockets"]["moved"] >= report["reliable"]["clients"] for s in report["services"] if s["service"] == "gateway"), report["services"]
assert report["reliable"]["published"] > 100 and report["payments"]["acknowledged"] > 1000, report' "$work/drill.json"
says "control told everybody of the other version" "$work/drill" 'payment-2: version .*[+]drill[.][0-9]+ within '
result "and all are back" "$work/version" services "version in ('', '$(<"$root/VERSION")')"
[ ! -e "$home/releases/drill" ] && ok "no program of the drill is left" || not_ok "no program of the drill is left"

# A drill that cannot fail says nothing: both instances of one service are away for a moment.
spoil() {
  until [ -n "$(find /tmp/trivium-drill.*/report -newer "$work/version" -exec grep --files-with-matches steady {} + 2>/dev/null)" ]; do sleep 0.5; done
  sleep 5
  sv -w 30 down "$home/sv/live" "$home/sv/live-2" >/dev/null
  sleep 3
  sv up "$home/sv/live" "$home/sv/live-2" >/dev/null
}
spoil &
spoiler=$!
"$trv" drill upgrade --service ops >"$work/spoiled" 2>&1 </dev/null
[ $? -eq 1 ] && says "calls that fail are seen" "$work/spoiled" '^BROKEN    [0-9]+ of [0-9]+ calls failed' || not_ok "calls that fail are seen" "$work/spoiled"
kill "$spoiler" 2>/dev/null

result "one of each again" "$work/back" "$trv" up --no-demo --instances 1
result "all are ready" "$work/ready1" services ready
grep --quiet 'payment-2' "$work/status.json" && not_ok "the second ones are gone" "$work/status.json" || ok "the second ones are gone"
exit "$failed"
