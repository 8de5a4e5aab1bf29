# shellcheck shell=bash
# The optimised build, and the console's. Nothing is built when no source changed since the last time.

# Service -> name of its binary in $home/bin.
declare -rA binaries=(
  [control]=control [payment]=payment [push]=push [live]=live [gateway]=gateway [ops]=ops [sandbox]=sandbox_psp
)
# shellcheck disable=SC2034  # Of build_binaries, by name.
declare -rA platform_targets=(
  [control]=//services/control [payment]=//services/payment [push]=//services/push [live]=//services/live [gateway]=//services/gateway [ops]=//services/ops
  [sandbox_psp]=//services/payment/psp/sandbox/server:sandbox_psp [school_day]=//examples/school-day:school_day
  [trv_call]=//tools/call:trv_call [trv_migrate]=//tools/migrate:trv_migrate [trv_publish]=//tools/publish:trv_publish
  [healthcheck]=//tools/healthcheck:healthcheck
)
# What only `trv load` needs is built when it is first called.
# shellcheck disable=SC2034
declare -rA load_targets=(
  [gateway_load]=//tests/load:gateway_load [join_load]=//tests/load:join_load [payment_load]=//tests/load:payment_load
)

# What `trv drill` needs, too.
# shellcheck disable=SC2034
declare -rA drill_targets=([drill_load]=//tests/drills:drill_load)

# Bazel with the caches that all clones of this user share. TRIVIUM_BAZEL_STARTUP: start-up options, such as --output_base.
run_bazel() {
  local command=$1
  shift
  # shellcheck disable=SC2086  # Several options in one variable.
  (cd "$TRIVIUM_ROOT" && exec bazel ${TRIVIUM_BAZEL_STARTUP:-} "$command" --disk_cache="${TRIVIUM_DISK_CACHE:-$cache/trivium-bazel}" "$@") 8>&- 9>&-
}

# A Bazel server takes a gigabyte: one that we started ends with us, one that was there stays.
bazel_server_runs() {
  local base pid
  base=$HOME/.cache/bazel/_bazel_$(id --user --name)/$(printf %s "$TRIVIUM_ROOT" | md5sum | cut --characters=1-32)
  pid=$(cat "$base/server/server.pid.txt" 2>/dev/null) && [ -d "/proc/$pid" ]
}

stop_bazel_server() {
  # shellcheck disable=SC2086
  (cd "$TRIVIUM_ROOT" && bazel ${TRIVIUM_BAZEL_STARTUP:-} shutdown) >/dev/null 2>&1 9>&- || true
}

# What the binaries are made of: path, size and time of every source.
sources_fingerprint() {
  (
    cd "$TRIVIUM_ROOT"
    { find BUILD WORKSPACE VERSION .bazelrc bazel libs services proto third_party examples tests/load tests/drills tools \( -name node_modules -o -name dist \) -prune -o \
      -type f -printf '%p %s %T@\n' 2>/dev/null || true; } | sort | sha256sum | cut --characters=1-16
  )
}

# build_binaries SET: platform, load or drill.
build_binaries() {
  local -n targets=$1_targets
  local fingerprint had_server=no begin=$SECONDS mark=fingerprint-$1
  fingerprint=$(sources_fingerprint)
  if [ "$(cat "$home/bin/$mark" 2>/dev/null)" = "$fingerprint" ]; then
    say "build: nothing changed"
    return
  fi
  # Another data folder of this clone (a test's) has built the same.
  if [ -n "${TRIVIUM_BINARIES:-}" ] && [ "$(cat "$TRIVIUM_BINARIES/$mark" 2>/dev/null)" = "$fingerprint" ]; then
    cp "$TRIVIUM_BINARIES"/* "$home/bin/"
    return
  fi
  ! bazel_server_runs || had_server=yes
  say "building (optimised; output: $home/log/build.log)"
  run_bazel build --show_progress --show_progress_rate_limit=1 --curses=no --color=no "${targets[@]}" 2>&1 </dev/null |
    tee "$home/log/build.log" | build_progress || build_failed
  install_binaries
  [ "$had_server" = yes ] || stop_bazel_server
  # A source that changed meanwhile gives another fingerprint and is built next time.
  write_file "$home/bin/$mark" <<<"$fingerprint"
  say "build done ($((SECONDS - begin)) s)"
}

# Bazel's "[123 / 456] ..." as one line that is written over on a terminal, or a line every 20 s elsewhere.
build_progress() {
  local line count last=$SECONDS
  while IFS= read -r line; do
    [[ $line =~ ^\[([0-9,]+)\ /\ ([0-9,]+)\] ]] || continue
    count="${BASH_REMATCH[1]} of ${BASH_REMATCH[2]}"
    if [ -t 1 ]; then
      printf '\r%4d s  build: %s steps' $((SECONDS - started_at)) "$count"
    elif [ $((SECONDS - last)) -ge 20 ]; then
      last=$SECONDS
      say "  build: $count steps"
    fi
  done
  [ ! -t 1 ] || printf '\r\e[K'
}

build_failed() {
  local log=$home/log/build.log
  die "the build failed: $(grep --max-count=1 --extended-regexp '(error:|^ERROR:|FATAL:)' "$log" || tail --lines=1 "$log")
     The whole output: $log. Mend it, then ./trv up again"
}

# A program that runs keeps its old file: each gets a new inode, and only when it differs. Of the caller's targets.
install_binaries() {
  local name bin target
  bin=$(run_bazel info --compilation_mode=opt bazel-bin 2>/dev/null)
  for name in "${!targets[@]}"; do
    target=${targets[$name]#//}
    case $target in
      *:*) target=${target/://} ;;
      *) target=$target/$name ;;
    esac
    cmp --silent "$bin/$target" "$home/bin/$name" && continue
    cp "$bin/$target" "$home/bin/$name.new"
    mv --force "$home/bin/$name.new" "$home/bin/$name"
  done
}

# What the console is made of. Taking the lock changes the lock's time, and nothing else.
console_fingerprint() {
  (
    cd "$TRIVIUM_ROOT"
    find console proto/trivium/ops -name node_modules -prune -o -path console/dist -prune -o -path console/src/gen -prune -o -name .build-lock -prune -o \
      -type f -printf '%p %s %T@\n' | sort | sha256sum | cut --characters=1-16
  )
}

# The web console, which ops serves from console/dist. npm installs what package-lock.json names.
build_console() {
  local dist=$TRIVIUM_ROOT/console/dist fingerprint
  fingerprint=$(console_fingerprint)
  [ "$(cat "$dist/.fingerprint" 2>/dev/null)" != "$fingerprint" ] || return 0
  # Two data folders of one clone share the console.
  exec 7>"$TRIVIUM_ROOT/console/.build-lock"
  flock 7
  logged "building the console" "$home/log/console-build.log" "$TRIVIUM_ROOT/console/build.sh" 7>&-
  echo "$fingerprint" >"$dist/.fingerprint"
}
