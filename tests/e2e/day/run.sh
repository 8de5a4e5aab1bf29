#!/usr/bin/env bash
# The school day under trouble: each program killed while students order, while messages flow, in class; control away, down and up, a fourth
# product. TAP lines.
# `trv test e2e` gives it a platform of its own (TRIVIUM_HOME), which it may kill and stop.
set -uo pipefail

root=$(readlink --canonicalize "$(dirname "$0")/../../..")
trv=$root/trv
home=${TRIVIUM_HOME:?start it with: ./trv test e2e}
work=$(mktemp --directory)
trap 'rm --recursive --force "$work"' EXIT
source "$root/tests/tap.sh"
seed=100 wiped=no

# A day says itself what is wrong.
reasons() { grep BROKEN "$1" || tail --lines=30 "$1"; }

# day LOG FLAGS...: a small day. Who calls it takes the next seed before, outside of a subshell.
next_seed() { seed=$((seed + 1)); }
day() {
  local log=$1
  shift
  timeout 420 "$trv" school-day --students 30 --seed "$seed" "$@" >"$log" 2>&1 </dev/null
}

# await_part LOG RUNNER PART: the day is in the middle of it. (A client that starts while control is away cannot know where to go.)
await_part() {
  local end=$((SECONDS + 150)) pattern="^$3 [1-9][0-9]*/"
  until grep --quiet --extended-regexp "$pattern" "$1"; do
    if ! kill -0 "$2" 2>/dev/null || [ "$SECONDS" -ge "$end" ]; then
      echo "# the day ended, or did not begin, before the trouble: $3"
      return 1
    fi
    sleep 0.1
  done
}
await_orders() { await_part "$1" "$2" 'ordering and paying'; }
# Connections break, and everybody comes back at once.
await_messages() { await_orders "$@" && sleep 5; }
# Some have left already, others are in, or come.
await_classes() { await_part "$1" "$2" 'classes'; }

pid_of() { cat "$home/sv/$1/supervise/pid"; }

ready() { "$trv" status --json >"$work/status.json"; }
await_ready() {
  local end=$((SECONDS + 60))
  while [ "$SECONDS" -lt "$end" ]; do
    ! ready || return 0
    sleep 0.5
  done
  cat "$work/status.json"
  return 1
}

# kill_in PART PROGRAM LOG RUNNER: in the middle of that part; the program comes back by itself.
kill_in() {
  local before
  "await_$1" "$3" "$4" || { not_ok "$2 could be killed amid $1" "$3"; return; }
  before=$(pid_of "$2")
  if [ "$2" = redis ] && [ "$wiped" = yes ]; then
    redis-cli -h 127.0.0.1 -p "$(($(sed --quiet 's/^TRIVIUM_PORT_BASE=//p' "$home/env") + 70))" FLUSHALL >>"$3" 2>&1
  fi
  kill -9 "$before"
  result "kill -9 of $2 amid $1: it came back" "$3" await_ready
  [ "$(pid_of "$2")" != "$before" ] || not_ok "$2 has a new process"
}

# survives NAME PART:PROGRAM...: a day in which these die, one after the other, ends well.
survives() {
  local name=$1 begin=$SECONDS log runner trouble
  shift
  next_seed
  log=$work/kill-$seed.log
  : >"$log"
  day "$log" &
  runner=$!
  for trouble; do kill_in "${trouble%%:*}" "${trouble#*:}" "$log" "$runner"; done
  if wait "$runner"; then ok "$name: the day adds up"; else not_ok "$name: the day adds up" "$log"; fi
  echo "# $name: $((SECONDS - begin)) s"
}

# control is needed by nothing that runs: not by the day, not by a service that starts.
goes_on_without_control() {
  local log=$work/control.log runner name before
  : >"$log"
  next_seed
  day "$log" --students 60 &
  runner=$!
  await_orders "$log" "$runner" || true
  sv down "$home/sv/control"
  for name in payment live; do
    [ "$name" = payment ] || await_classes "$log" "$runner" || true
    before=$(pid_of "$name")
    sv -w 30 restart "$home/sv/$name" >/dev/null
    [ "$(pid_of "$name")" != "$before" ] && ok "$name restarted without control" || not_ok "$name restarted without control"
  done
  if wait "$runner"; then ok "control away, payment and live restarted: the day adds up"; else not_ok "control away, payment and live restarted: the day adds up" "$log"; fi
  sv up "$home/sv/control"
  result "control came back" "$log" await_ready
}

summary() { "$trv" call payment/ListPayments '{"pageSize": 1000}' --product "$1"; }

keeps_data() {
  local log=$work/keep.log
  summary ketang >"$work/before.json" 2>"$log"
  "$trv" down >>"$log" 2>&1 && "$trv" up --no-demo >>"$log" 2>&1 || not_ok "down and up" "$log"
  summary ketang >"$work/after.json" 2>>"$log"
  result "down and up keep the data" "$log" cmp "$work/before.json" "$work/after.json"
  [ "$(grep --count '"paymentId"\|"name"\|"payment_id"' "$work/after.json")" -gt 0 ] || not_ok "there are payments to keep" "$work/after.json"
}

# A product of a customer's own: config alone, no line of code.
fourth_product() {
  local log=$work/fourth.log
  result "a fourth product is added" "$log" "$trv" product add luban --zh 鲁班 --en Luban
  next_seed
  if day "$log" --products luban; then ok "its day adds up"; else not_ok "its day adds up" "$log"; fi
  if "$trv" product add luban --zh 鲁班 --en Luban >>"$log" 2>&1; then ok "its profile can be published again"; else not_ok "its profile can be published again" "$log"; fi
}

# Each program dies in each part of the day that needs it; Redis also with all that it knows.
survives_kills() {
  local wiped=no
  survives "payment, ops, gateway, live, push" orders:payment orders:ops messages:gateway classes:live classes:push
  survives "control, sandbox, push, gateway, Kafka" orders:control orders:sandbox messages:push classes:gateway classes:kafka
  survives "MariaDB, Kafka, control, Redis" orders:mariadb messages:kafka messages:control classes:redis classes:control
  survives "Kafka, MariaDB, Redis" orders:kafka messages:mariadb messages:redis classes:mariadb
}
survives_loss_of_redis() {
  local wiped=yes
  survives "Redis wiped" messages:redis classes:redis
}

# One part by its name, or all.
for part in "${@:-survives_kills survives_loss_of_redis goes_on_without_control keeps_data fourth_product}"; do
  # shellcheck disable=SC2086  # Several names in one word.
  for name in $part; do "$name"; done
done
exit "$failed"
