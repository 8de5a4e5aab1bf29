#!/usr/bin/env bash
# ./trv backup, restore and drill restore on a platform of its own (TRIVIUM_HOME, from `trv test drills`). TAP lines.
set -uo pipefail

root=$(readlink --canonicalize "$(dirname "$0")/../../..")
trv=$root/trv
: "${TRIVIUM_HOME:?start it with: ./trv test drills}"
work=$(mktemp --directory /tmp/trivium-restore-test.XXXXXX)
trap 'umount "$work/small" 2>/dev/null; rm --recursive --force "$work"' EXIT
source "$root/tests/tap.sh"

# refused WHAT PATTERN COMMAND...: it must end with another status than 0 and say the pattern, in one line of trv's.
refused() {
  local what=$1 pattern=$2 log=$work/refused
  shift 2
  if "$@" >"$log" 2>&1 </dev/null; then not_ok "$what" "$log"; elif grep --quiet --extended-regexp -- "^trv: $pattern" "$log"; then ok "$what"; else not_ok "$what" "$log"; fi
}
restore() { TRIVIUM_HOME=$work/home "$trv" restore "$1"; }
# Nothing of a restore that was refused is left.
home_is_empty() { if [ -z "$(find "${1:-$work/home}" -path '*/log' -prune -o -type f -print 2>/dev/null)" ]; then ok "$2"; else not_ok "$2" <(find "$work/home" -type f); fi; }

result "a day before, that there is something to keep" "$work/day" timeout 300 "$trv" school-day --students 20 --seed 7
result "a backup while it runs" "$work/backup.log" "$trv" backup "$work/backup"
[ "$(stat --format=%a "$work/backup")" = 700 ] && ok "it is the user's alone" || not_ok "it is the user's alone"
refused "a backup never writes over another one" 'backup: .*/backup is there already' "$trv" backup "$work/backup"
[ ! -e "$work/backup.partial" ] && ok "nothing half-made is left" || not_ok "nothing half-made is left"

refused "no such backup" 'restore: no such folder' restore "$work/none"
mkdir "$work/half" && cp "$work/backup/files.tar" "$work/half/"
refused "a folder that is no backup" 'restore: .*/half is no backup, or was not finished' restore "$work/half"
cp --recursive "$work/backup" "$work/other" && sed --in-place 's/^format=.*/format=99/' "$work/other/MANIFEST"
refused "a backup of another format" "restore: .* has the format '99', want 1" restore "$work/other"
cp --recursive "$work/backup" "$work/damaged"
printf X | dd of="$work/damaged/mariadb/ibdata1" bs=1 seek=100000 conv=notrunc status=none
refused "a damaged backup, by the file's name" 'restore: .*/damaged is damaged: ./mariadb/ibdata1: FAILED; nothing was changed' restore "$work/damaged"
rm "$work/damaged/files.tar"
refused "a backup that lacks a file" 'restore: .*/damaged is damaged: sha256sum: ./files.tar: No such file' restore "$work/damaged"
rm --recursive --force "$work/damaged" "$work/other" "$work/half"
home_is_empty "$work/home" "nothing was written"
refused "a folder in which there is a platform" 'restore: .* is not empty: it has ' "$trv" restore "$work/backup"

mkdir "$work/small" "$work/fake"
if mount -t tmpfs -o size=40m tmpfs "$work/small" 2>/dev/null; then
  refused "a disk that is too small is said before anything is written" 'restore: only [0-9]+ MB are free in .*/small/home, want' env TRIVIUM_HOME="$work/small/home" "$trv" restore "$work/backup"
  printf '#!/bin/sh\necho Avail\necho 100000\n' >"$work/fake/df" && chmod +x "$work/fake/df"
  refused "a disk that fills up meanwhile is said" 'copying the database back failed: .*No space left' env PATH="$work/fake:$PATH" TRIVIUM_HOME="$work/small/home" "$trv" restore "$work/backup"
  home_is_empty "$work/small/home" "and nothing half-restored is left"
  refused "a backup to a full disk is said" 'backup: only [0-9]+ MB are free' "$trv" backup "$work/small/backup"
else
  skip "a full disk" "a small file system cannot be mounted here"
fi

result "a day, a backup in its middle, all destroyed, a restore in its place: all that was acknowledged before is there" "$work/drill" \
  timeout 900 "$trv" drill restore --destroy --json "$work/drill.json"
sed 's/^/# /' "$work/drill"
result "the report says it, too" "$work/json" /usr/bin/python3 -c 'import json, sys
report = json.load(open(sys.argv[1]))
assert report["held"] and report["payments"]["before"] > 100 and report["payments"]["before_lost"] == 0, report
assert report["absent"] == {"pending": 20, "came": 20}, report
rows = report["rows"]
assert report["kinds_that_differ"] == 0 and len(rows) == 10 and all(rows.values()), rows
assert report["payments"]["after_lost"] > 0, "nothing was acknowledged after the backup: the drill showed nothing"' "$work/drill.json"
result "the restored platform runs in its place" "$work/status" "$trv" status

# A drill that cannot fail says nothing: something is taken from the restored database before anything looks at it.
spoil() {
  local folder
  until folder=$(find /tmp/trivium-drill.*/second/run -name mysql.sock -printf '%h' -quit 2>/dev/null) && [ -n "$folder" ] &&
    mariadb --no-defaults --socket="$folder/mysql.sock" --user="$(id --user --name)" >>"$work/spoil" 2>&1 <<SQL; do sleep 0.2; done
UPDATE payment.account SET debits_minor = debits_minor + 1 LIMIT 1;
DELETE FROM payment.payment WHERE institution_id = 'load-7';
DELETE FROM push.delivery WHERE user_id LIKE 'd%.absent.3';
DELETE FROM live.room WHERE institution_id = 'drill';
DELETE FROM control.audit ORDER BY audit_id LIMIT 1;
SQL
}
spoil &
spoiler=$!
timeout 900 "$trv" drill restore >"$work/spoiled" 2>&1 </dev/null
[ $? -eq 1 ] && grep --quiet '^restore: NOT held$' "$work/spoiled" && ok "a restore that lacks something has not held" || not_ok "a restore that lacks something has not held" "$work/spoiled"
kill "$spoiler" 2>/dev/null
says() { if grep --quiet --extended-regexp -- "^BROKEN    $2" "$work/spoiled"; then ok "seen: $1"; else not_ok "seen: $1" "$work/spoiled"; fi; }
says "a sum of the ledger is not that of its entries" 'the money ledger does not add up: .*account'
says "a payment is gone" '[1-9][0-9]* of [0-9]+ payments that were acknowledged before the backup are not there'
says "a message is gone" '[1-9][0-9]* of 20 RELIABLE messages that were pending'
says "a class is gone" 'the class of before the backup takes nobody'
says "rows are gone" 'payments: [0-9]+ before the backup, [0-9]+ restored'
says "who changed what is gone" 'audit entries: [0-9]+ before the backup, [0-9]+ restored'
result "the platform that was backed up goes on" "$work/status" "$trv" status
exit "$failed"
