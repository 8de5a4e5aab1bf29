# shellcheck shell=bash
# Services under runit: a folder per service in $home/sv, one runsvdir for all. A service that dies comes back at once, and with growing
# pauses (1, 2, 4, 8, 10 s) when it keeps dying within a minute.

# In the order in which they start; `down` goes backwards.
readonly infrastructure='mariadb redis kafka prometheus'
readonly services='control payment push live gateway ops'

# instance_names SERVICE: what its instances are called here, one a line: payment, payment-2.
instance_names() {
  echo "$1"
  [ "$instances" -lt 2 ] || echo "$1-2"
}

# service_of NAME, number_of NAME: of an instance's name.
service_of() { echo "${1%-2}"; }
number_of() { if [[ $1 == *-2 ]]; then echo 2; else echo 1; fi; }

# All that is ours, in the order in which it starts.
platform_names() {
  local name
  echo sandbox
  for name in $services; do instance_names "$name"; done
  [ "$instances" -lt 2 ] || echo edge
}

# define_service NAME COMMAND...: writes its folder. Each argument is quoted for bash. Its secrets become environment variables.
define_service() {
  local name=$1 dir=$home/sv/$1 secrets=()
  shift
  [ ! -d "$home/etc/secrets/${name%-2}" ] || secrets=(chpst -e "$home/etc/secrets/${name%-2}")
  mkdir --parents "$dir/log" "$home/log/$name"
  write_script "$dir/run" <<<"exec 2>&1
date +%s >'$dir/started'
cd '$short_home'
$(service_environment)
$(printf '%q ' "${secrets[@]}" "$@")"
  write_script "$dir/finish" <"$TRIVIUM_ROOT/deploy/local/finish"
  write_script "$dir/log/run" <<<"exec svlogd -tt '$home/log/$name'"
  write_file "$home/log/$name/config" <<<$'s16777216\nn4'
  # Without this, runsvdir would start everything at once; `up` starts in order.
  touch "$dir/down"
}

# What all processes of the platform see of the environment, whoever's shell they come from.
service_environment() {
  echo "exec env --ignore-environment PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=$(printf %q "$HOME") LANG=C.UTF-8 TZ=UTC TRIVIUM_SUPERVISED=$(printf %q "$home") \\"
}

write_script() {
  { echo '#!/bin/bash'; cat; } | write_file "$1"
  chmod 755 "$1"
}

supervisor_pid() {
  local pid
  pid=$(cat "$home/run/runsvdir.pid" 2>/dev/null) || return 1
  [ -r "/proc/$pid/cmdline" ] && [[ $(tr '\0' ' ' <"/proc/$pid/cmdline") == "runsvdir -P $home/sv "* ]] && echo "$pid"
}

start_supervisor() {
  ! supervisor_pid >/dev/null || return 0
  # runsv processes whose runsvdir was killed would hold the folders' locks.
  stop_leftovers
  TRIVIUM_SUPERVISED=$home setsid runsvdir -P "$home/sv" >>"$home/log/runsvdir.log" 2>&1 </dev/null 8>&- 9>&- &
  echo $! >"$home/run/runsvdir.pid"
}

# service_state NAME: run, finish (waits before its next start), down, or none (not supervised now).
service_state() {
  local stat=$home/sv/$1/supervise/stat pid
  pid=$(cat "$home/sv/$1/supervise/pid" 2>/dev/null) || true
  case $(cat "$stat" 2>/dev/null) in
    run*) if [ -n "$pid" ] && [ -d "/proc/$pid" ]; then echo run; else echo none; fi ;;
    finish*) echo finish ;;
    down*) echo down ;;
    *) echo none ;;
  esac
}

service_pid() { cat "$home/sv/$1/supervise/pid" 2>/dev/null || true; }

# start_service NAME: starts it, or starts it again when its binary, configuration or command changed since.
start_service() {
  local name=$1 stamp dir=$home/sv/$1
  stamp=$(service_stamp "$name")
  wait_until 15 "the supervisor" sv status "$dir" || die "the supervisor does not take up $name; see $home/log/runsvdir.log"
  if [ "$(service_state "$name")" = run ]; then
    [ "$(cat "$dir/stamp" 2>/dev/null)" != "$stamp" ] || return 0
    say "$name changed: restarting it"
    sv -w 30 force-stop "$dir" >/dev/null 2>&1 || true
  fi
  echo "$stamp" >"$dir/stamp"
  rm --force "$dir/crashes"
  # One that waits after crashes need not wait longer: its pid is that of the waiting.
  [ "$(service_state "$name")" != finish ] || kill "$(service_pid "$name")" 2>/dev/null || true
  sv up "$dir" >/dev/null || die "could not start $name; see: ./trv logs $name"
}

service_stamp() {
  local files=("$home/sv/$1/run")
  local file
  for file in "$home/bin/${binaries[${1%-2}]:-none}" "$home/etc/$1.yaml" "$home/etc/$1-rules.yaml" "$home/etc/$1.conf"; do [ ! -f "$file" ] || files+=("$file"); done
  cat "${files[@]}" | sha256sum | cut --characters=1-16
}

# wait_until SECONDS WHAT COMMAND...: 1 when the command never succeeded in time.
wait_until() {
  local end=$((SECONDS + $1))
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

# await_service NAME SECONDS COMMAND...: waits until the command succeeds; a service that keeps crashing or never gets ready ends `up`.
await_service() {
  local name=$1 limit=$2 begin=$EPOCHREALTIME
  shift 2
  local end=$((SECONDS + limit))
  until "$@" >/dev/null 2>&1; do
    if [ "$(crash_count "$name")" -ge 4 ]; then
      die "$name keeps crashing: $(last_words "$name")
     See: ./trv logs $name"
    fi
    [ "$SECONDS" -lt "$end" ] || die "$name was not ready after $limit s: $(last_words "$name")
     See: ./trv logs $name; then ./trv up again"
    sleep 0.1
  done
  say "$(printf '%-12s ready (%s s)' "$name" "$(elapsed "$begin")")"
}

elapsed() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }'; }

crash_count() { cat "$home/sv/$1/crashes" 2>/dev/null || echo 0; }

# The last line that a service wrote, for error messages.
last_words() {
  local line
  line=$(tail --lines=1 "$home/log/$1/current" 2>/dev/null | cut --delimiter=' ' --fields=2- | cut --characters=1-300)
  [ -n "$line" ] || line=$(tail --lines=1 "$home/log/$1.log" 2>/dev/null | cut --characters=1-300)
  echo "${line:-it wrote nothing}"
}

# Processes of this clone's platform: all carry TRIVIUM_SUPERVISED in their environment.
platform_pids() {
  {
    grep --files-with-matches --text --fixed-strings --null-data --line-regexp "TRIVIUM_SUPERVISED=$home" /proc/[0-9]*/environ 2>/dev/null |
      cut --delimiter=/ --fields=3 || true
    titled_pids
  } | sort --unique
}

# Redis and nginx write their title over their environment: they are known by what the supervisor noted, and by where they run. All of the process group,
# which the supervisor made for them.
titled_pids() {
  local name pid group
  for name in redis edge; do
    pid=$(cat "$home/sv/$name/supervise/pid" 2>/dev/null) || continue
    [ -n "$pid" ] && [[ $(readlink "/proc/$pid/cwd" 2>/dev/null) == "$home"* ]] || continue
    group=$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut --delimiter=' ' --fields=3) || continue
    { cat /proc/[0-9]*/stat 2>/dev/null || true; } | awk -v group="$group" '{ pid = $1; sub(/.*[)] /, ""); if ($3 == group) print pid }'
  done
}

stop_services() {
  local name
  for name in "$@"; do
    [ "$(service_state "$name")" != none ] || continue
    sv -w 40 force-stop "$home/sv/$name" >/dev/null 2>&1 || true
    say "$name stopped"
  done
}

stop_supervisor() {
  local pid
  if pid=$(supervisor_pid); then
    kill -HUP "$pid"
    wait_until 10 "the supervisor's end" test ! -d "/proc/$pid" || true
  fi
  rm --force "$home/run/runsvdir.pid"
  stop_leftovers
}

# What outlived its supervisor: asked to end, then made to.
stop_leftovers() {
  local signal pids
  for signal in TERM KILL; do
    mapfile -t pids < <(platform_pids)
    [ ${#pids[@]} -gt 0 ] || return 0
    kill "-$signal" "${pids[@]}" 2>/dev/null || true
    wait_until 10 "the end of processes" nothing_runs || true
  done
}

nothing_runs() { [ -z "$(platform_pids)" ]; }
