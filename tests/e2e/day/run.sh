#!/usr/bin/env bash
# The school day under trouble: each program killed once, control away, down and up, a fourth product. TAP lines.
# `trv test e2e` gives it a platform of its own (TRIVIUM_HOME), which it may kill and stop.
set -uo pipefail

root=$(readlink --canonicalize "$(dirname "$0")/../../..")
trv=$root/trv
home=${TRIVIUM_HOME:?start it with: ./trv test e2e}
work=$(mktemp --directory)
trap 'rm --recursive --force "$work"' EXIT
failed=0 seed=100

ok() { echo "ok - $*"; }
not_ok() {
  echo "not ok - $1"
  [ -z "${2:-}" ] || tail --lines=30 "$2" | sed 's/^/# /'
  failed=1
}
# result WHAT LOG COMMAND...
result() {
  local what=$1 log=$2
  shift 2
  if "$@" >>"$log" 2>&1; then ok "$what"; else not_ok "$what" "$log"; fi
}

# day LOG FLAGS...: a small day, another one each time.
day() {
  local log=$1
  shift
  seed=$((seed + 1))
  timeout 300 "$trv" school-day --students 30 --seed "$seed" "$@" >"$log" 2>&1 </dev/null
}

# The day is in its middle: every product has paid something. (A client that starts while control is away cannot know where to go.)
await_orders() {
  local end=$((SECONDS + 60))
  until grep --quiet --extended-regexp 'ordering and paying [1-9][0-9]' "$1"; do
    if ! kill -0 "$2" 2>/dev/null || [ "$SECONDS" -ge "$end" ]; then
      echo "# the day ended, or did not begin, before the trouble"
      return
    fi
    sleep 0.1
  done
}

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

# The day ends well although a program dies in the middle of it, and the program comes back by itself.
survives_kill() {
  local name=$1 log=$work/kill-$1.log before runner
  before=$(pid_of "$name")
  day "$log" &
  runner=$!
  await_orders "$log" "$runner"
  kill -9 "$before"
  if wait "$runner"; then ok "kill -9 of $name: the day adds up"; else not_ok "kill -9 of $name: the day adds up" "$log"; fi
  result "$name came back" "$log" await_ready
  [ "$(pid_of "$name")" != "$before" ] || not_ok "$name has a new process"
}

# As above, in the middle of the messages: connections break, and everybody comes back at once.
await_messages() {
  await_orders "$@"
  sleep 6
}
survives_kill_of_messages() {
  local name=$1 log=$work/kill-$1.log before runner
  before=$(pid_of "$name")
  day "$log" &
  runner=$!
  await_messages "$log" "$runner"
  kill -9 "$before"
  if wait "$runner"; then ok "kill -9 of $name amid messages: the day adds up"; else not_ok "kill -9 of $name amid messages: the day adds up" "$log"; fi
  result "$name came back" "$log" await_ready
}

# Redis loses all that it has, and dies: RELIABLE messages come back from the database.
survives_loss_of_redis() {
  local log=$work/redis.log port runner
  port=$(($(sed --quiet 's/^TRIVIUM_PORT_BASE=//p' "$home/env") + 70))
  day "$log" &
  runner=$!
  await_messages "$log" "$runner"
  redis-cli -h 127.0.0.1 -p "$port" FLUSHALL >>"$log" 2>&1
  kill -9 "$(pid_of redis)"
  if wait "$runner"; then ok "Redis wiped and killed: the day adds up"; else not_ok "Redis wiped and killed: the day adds up" "$log"; fi
  result "redis came back" "$log" await_ready
}

# control is needed by nothing that runs: not by the day, not by a service that starts.
goes_on_without_control() {
  local log=$work/control.log runner before
  day "$log" --students 60 &
  runner=$!
  await_orders "$log" "$runner"
  sv down "$home/sv/control"
  before=$(pid_of payment)
  sv -w 30 restart "$home/sv/payment" >/dev/null
  if wait "$runner"; then ok "control away, payment restarted: the day adds up"; else not_ok "control away, payment restarted: the day adds up" "$log"; fi
  [ "$(pid_of payment)" != "$before" ] && ok "payment restarted without control" || not_ok "payment restarted without control"
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
  if day "$log" --products luban; then ok "its day adds up"; else not_ok "its day adds up" "$log"; fi
  if "$trv" product add luban --zh 鲁班 --en Luban >>"$log" 2>&1; then ok "its profile can be published again"; else not_ok "its profile can be published again" "$log"; fi
}

adds_up() { if day "$work/first.log"; then ok "a small day adds up"; else not_ok "a small day adds up" "$work/first.log"; fi; }
survives_kills() {
  local program
  for program in payment control ops sandbox mariadb kafka; do survives_kill "$program"; done
  for program in gateway push control mariadb kafka redis; do survives_kill_of_messages "$program"; done
  survives_loss_of_redis
}

# One part by its name, or all.
for part in "${@:-adds_up survives_kills goes_on_without_control keeps_data fourth_product}"; do
  # shellcheck disable=SC2086  # Several names in one word.
  for name in $part; do "$name"; done
done
exit "$failed"
