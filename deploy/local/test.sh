# shellcheck shell=bash
# trv test: runs tiers one after the other, each with what it needs on free ports; the last line is "N passed, N failed".

readonly default_tiers='unit integration structure chart e2e browser'
# images needs docker or podman, and a quarter of an hour; drills take ten minutes.
readonly all_tiers="$default_tiers images drills asan tsan"

passed=0 failed=0 skipped=0
failures=()
test_home=''

cmd_test() {
  local tier tiers=()
  for tier; do
    [[ " $all_tiers all " == *" $tier "* ]] || unknown_word "test tier" "$tier" "$all_tiers"
    if [ "$tier" = all ]; then read -r -a tiers <<<"$default_tiers"; else tiers+=("$tier"); fi
  done
  [ ${#tiers[@]} -gt 0 ] || read -r -a tiers <<<"$default_tiers"
  make_home
  mkdir --parents "$home/log/test"
  check_disk
  ensure_packages run build test
  fetch_kafka_jars
  local had_server=no
  ! bazel_server_runs || had_server=yes
  trap 'remove_test_home' EXIT
  trap 'echo; die "interrupted"' INT TERM
  run_tiers "${tiers[@]}"
  remove_test_home
  [ "$had_server" = yes ] || stop_bazel_server
  report_tests
}

run_tiers() {
  # One run of Bazel for both: the build is shared.
  local unit=no integration=no
  [[ " $* " != *' unit '* ]] || unit=yes
  [[ " $* " != *' integration '* ]] || integration=yes
  case $unit-$integration in
    yes-yes) bazel_tier unit-and-integration '' ;;
    yes-no) bazel_tier unit '--test_tag_filters=-integration' ;;
    no-yes) bazel_tier integration '--test_tag_filters=integration' ;;
  esac
  local tier
  for tier in structure chart asan tsan e2e browser images drills; do
    [[ " $* " == *" $tier "* ]] || continue
    case $tier in
      structure) script_tier structure/structure "$TRIVIUM_ROOT/tests/structure/run.sh" ;;
      chart) chart_tier ;;
      asan | tsan) bazel_tier "$tier" "--config=$tier" ;;
      e2e) platform_tier e2e "$TRIVIUM_ROOT"/tests/e2e/*/run.sh ;;
      drills)
        build_binaries drill
        platform_tier drills "$TRIVIUM_ROOT"/tests/drills/*/run.sh
        ;;
      browser) platform_tier browser "$TRIVIUM_ROOT"/tests/browser/run.sh ;;
      images) images_tier ;;
    esac
  done
}

# bazel_tier NAME FLAGS: Bazel's test.xml files say how many cases ran. A build that fails counts as one failure.
bazel_tier() {
  local name=$1 log=$home/log/test/$1.log events=$home/log/test/$1.events.json counts
  say "tests: $name (output: $log)"
  rm --force "$events"
  # shellcheck disable=SC2086  # No flags, or one.
  run_bazel test $2 --jobs=2 --keep_going --show_progress --show_progress_rate_limit=1 --curses=no --color=no --test_output=errors \
    --test_env=TRIVIUM_KAFKA_LIBS="$kafka_jars" --build_event_json_file="$events" //... 2>&1 </dev/null | tee "$log" | build_progress || true
  counts=$("$python" "$TRIVIUM_ROOT/tools/local/count_tests.py" "$events" "$home/log/test/$name.failures") || die "cannot read $events"
  count_tier "$name" "$counts" "$(cat "$home/log/test/$name.failures")"
}

# count_tier NAME "PASSED FAILED SKIPPED" FAILURES
count_tier() {
  local now
  read -r -a now <<<"$2"
  passed=$((passed + now[0])) failed=$((failed + now[1])) skipped=$((skipped + now[2]))
  [ -z "$3" ] || failures+=("$3")
  say "tests: $1: ${now[0]} passed, ${now[1]} failed$([ "${now[2]}" -eq 0 ] || echo ", ${now[2]} skipped")"
}

# script_tier NAME SCRIPT: its cases are TAP lines, or its last line is "N passed, N failed"; without either, the exit status is one case.
script_tier() {
  local name=$1 log=$home/log/test/${1//\//-}.log status=0 counts words='' begin=$SECONDS
  say "tests: $name (output: $log)"
  "$2" >"$log" 2>&1 </dev/null 8>&- 9>&- || status=$?
  counts=$(script_counts "$log" "$status")
  if [ "$status" -ne 0 ] || [ "$(cut --delimiter=' ' --fields=2 <<<"$counts")" -gt 0 ]; then
    words="$name: exit status $status, after $((SECONDS - begin)) s
$(failed_cases "$log" | sed 's/^/    /')
    ...
$(tail --lines=40 "$log" | sed 's/^/    /')
    the whole output: $log"
  fi
  count_tier "$name" "$counts" "$words"
  grep --extended-regexp '^ok .*# SKIP|^skipped' "$log" | sed 's/^ok - //; s/ # SKIP/:/; s/^/       skipped: /' || true
}

# The failed cases of a script's output, each after the lines (# why) that tell of it.
failed_cases() { awk '/^# /{why = why $0 "\n"; next} /^(not ok|FAIL)/{printf "%s%s\n", why, $0} {why = ""}' "$1"; }

# "PASSED FAILED SKIPPED" of a script's output and exit status.
script_counts() {
  local ok not_ok skip last
  skip=$(grep --count --extended-regexp '^ok .*# SKIP|^skipped ' "$1" || true)
  last=$(grep --extended-regexp '^[0-9]+ passed, [0-9]+ failed$' "$1" | tail --lines=1 || true)
  if [ -n "$last" ]; then
    ok=${last%% *} not_ok=${last#*, } not_ok=${not_ok%% *}
  else
    ok=$(($(grep --count '^ok - ' "$1" || true) - $(grep --count '^ok .*# SKIP' "$1" || true)))
    not_ok=$(grep --count '^not ok ' "$1" || true)
  fi
  if [ "$2" -ne 0 ] && [ "$not_ok" -eq 0 ]; then not_ok=1; fi
  if [ "$2" -eq 0 ] && [ $((ok + not_ok + skip)) -eq 0 ]; then ok=1; fi
  echo "$ok $not_ok $skip"
}

# platform_tier TIER SCRIPT...: each against a platform of its own, with empty data and free ports, which it may stop, kill and change.
# Its environment: TRIVIUM_HOME (./trv reaches the platform by it), BIN_DIR (all binaries), and what a browser needs: CONSOLE_URL and passwords.
platform_tier() {
  local tier=$1 script name
  shift
  build_binaries platform
  [ "$tier" = drills ] || run_bazel build //tests/e2e/... >"$home/log/test/$tier-build.log" 2>&1 || count_tier "$tier" "0 1 0" "$tier: //tests/e2e does not build; see $home/log/test/$tier-build.log"
  BIN_DIR=$(run_bazel info bazel-bin 2>/dev/null)
  export BIN_DIR
  for script; do
    [ -x "$script" ] || continue
    name=$(basename "$(dirname "$script")")
    test_home=$(mktemp --directory /tmp/trivium-test.XXXXXX)
    if start_test_platform "$tier" "$name"; then run_on_platform "$tier/$name" "$script"; else
      count_tier "$tier/$name" "0 1 0" "$tier/$name: the platform did not come up: $(tail --lines=3 "$home/log/test/$name-up.log")"
    fi
    remove_test_home "$name"
  done
}

# Renders it without a cluster; the services check their configs.
chart_tier() {
  build_binaries platform
  BIN=$home/bin script_tier chart/chart "$TRIVIUM_ROOT/tests/chart/run.sh"
}

# Containers have a platform of their own; the binaries are those of this clone.
images_tier() {
  ensure_packages containers
  prepare_binaries
  script_tier images/images "$TRIVIUM_ROOT/tests/images/run.sh"
}

# In a subshell's environment, with this shell's counters.
run_on_platform() {
  local owners='' owner base people=$test_home/etc/secrets/people
  for owner in ketang fudao kaixinshu; do owners+=",$owner=$(<"$people/$owner")"; done
  local -x TRIVIUM_HOME=$test_home ADMIN_PASSWORD VIEWER OWNERS=${owners#,} CONSOLE_URL PROMETHEUS_PID OUT_DIR=$home/log/test/screenshots
  ADMIN_PASSWORD=$(<"$people/admin")
  VIEWER=viewer=$(<"$people/viewer")
  base=$(sed --quiet 's/^TRIVIUM_PORT_BASE=//p' "$test_home/env")
  CONSOLE_URL=http://127.0.0.1:$((base + port_offsets["ops_console"]))
  PROMETHEUS_PID=$(<"$test_home/sv/prometheus/supervise/pid")
  script_tier "$1" "$2"
}

# Boards show a business day: one that ended in the middle of the test would leave them empty. The example's products count by this zone.
await_next_day() {
  local left
  left=$(($(TZ=Asia/Shanghai date --date='tomorrow 00:00' +%s) - $(date +%s)))
  [ "$left" -ge 480 ] || { say "waiting $left s for the next business day"; sleep "$left"; }
}

# A browser looks at a day that was.
start_test_platform() {
  local log=$home/log/test/$2-up.log
  export TRIVIUM_BINARIES=$home/bin
  TRIVIUM_HOME=$test_home "$TRIVIUM_ROOT/trv" up --no-demo >"$log" 2>&1 </dev/null 8>&- 9>&- || return 1
  [ "$1" != browser ] || await_next_day
  [ "$1" != browser ] || TRIVIUM_HOME=$test_home "$TRIVIUM_ROOT/trv" school-day --students 40 >>"$log" 2>&1 </dev/null
}

# Its logs stay: they tell what happened in a failed test.
remove_test_home() {
  [ -n "$test_home" ] || return 0
  local kept=$home/log/test/${1:-interrupted}-platform
  rm --recursive --force "$kept"
  cp --recursive "$test_home/log" "$kept" 2>/dev/null || true
  TRIVIUM_HOME=$test_home "$TRIVIUM_ROOT/trv" reset --yes >/dev/null 2>&1 || true
  rm --recursive --force "$test_home"
  test_home=''
}

report_tests() {
  local failure
  for failure in "${failures[@]}"; do printf '\n%s\n' "$failure"; done
  [ "$skipped" -eq 0 ] || echo "$skipped skipped (reasons above)"
  echo "$passed passed, $failed failed"
  if [ "$failed" -gt 0 ] || [ "$passed" -eq 0 ]; then exit 1; fi
}
