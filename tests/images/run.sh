#!/usr/bin/env bash
# Images and the platform in containers: builds all on a local base, looks into each, starts the whole, runs a small day while one service is killed, and
# looks at every process and every root. TAP lines; where neither docker nor podman can run it says `skipped` and why. `./trv test images`.
#
# No registry is asked: the bases are made from Debian's packages with mmdebstrap, once. TRIVIUM_TEST_BASE and TRIVIUM_TEST_INFRASTRUCTURE name others.
# shellcheck disable=SC2016  # What runs in containers is expanded there.
set -uo pipefail

root=$(readlink --canonicalize "$(dirname "$0")/../..")
trv=$root/trv
base=${TRIVIUM_TEST_BASE:-localhost/trivium-test-base:12}
infrastructure=${TRIVIUM_TEST_INFRASTRUCTURE:-localhost/trivium-test-infrastructure:12}
services='control payment push live gateway ops'
built=$root/.trv/bin
export TRIVIUM_HOME=
TRIVIUM_HOME=$(mktemp --directory /tmp/trivium-images.XXXXXX)
work=$TRIVIUM_HOME/test
mkdir --parents "$work"
version=$(tr --delete '[:space:]' <"$root/VERSION")
source "$root/tests/tap.sh"

finish() {
  "$trv" reset --yes >/dev/null 2>&1
  rm --recursive --force "$TRIVIUM_HOME"
}

skip_all() {
  echo "skipped all of tests/images: $*"
  rm --recursive --force "$TRIVIUM_HOME"
  exit 0
}

# The engine that trv would take.
choose_engine() {
  local found
  found=$(bash -c 'source "$1/trv" && find_engine && printf "%s\n" "${engine[@]}"' _ "$root" 2>&1) || skip_all "$(head --lines=1 <<<"${found#trv: }")"
  mapfile -t engine <<<"$found"
  [ "${engine[0]}" != docker ] || docker compose version >/dev/null 2>&1 || skip_all "docker is here, but not its plug-in 'compose'"
}

engine() { "${engine[@]}" "$@"; }

# start ARGUMENT...: a container for a moment. Without systemd podman has nothing that asks for health and would say so; its limits must not be above ours.
start() {
  local -a limits=()
  [ "${engine[0]}" != podman ] || limits=(--ulimit "nofile=$(ulimit -Hn):$(ulimit -Hn)" --ulimit nproc=4096:4096)
  DISABLE_HC_SYSTEMD=true engine run --rm --network none "${limits[@]}" "$@"
}

# make_base IMAGE PACKAGES: a bare Debian 12.
make_base() {
  ! engine image inspect "$1" >/dev/null 2>&1 || return 0
  command -v mmdebstrap >/dev/null || skip_all "there is no image $1, and no mmdebstrap to make it: apt-get install mmdebstrap"
  mmdebstrap --quiet --variant=minbase ${2:+--include="$2"} --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin "$1"/usr/share/man/*/*' bookworm "$work/base.tar" >"$work/base.log" 2>&1 ||
    skip_all "mmdebstrap could not make $1: $(tail --lines=1 "$work/base.log")"
  engine import "$work/base.tar" "$1" >>"$work/base.log" 2>&1 || skip_all "cannot import $1: $(tail --lines=1 "$work/base.log")"
  rm --force "$work/base.tar"
}

# --- images ---

inside() { start --entrypoint /bin/sh "trivium-$1:$version" -c "$2"; }

# Compilers, package builders, downloaders: nothing that an intruder would thank us for beyond what the base has.
tools_in_images() {
  local name
  for name in $services tools; do
    inside "$name" 'for tool in gcc g++ cc c++ clang make bazel git curl wget python3 node; do ! command -v $tool || true; done' | sed "s/^/trivium-$name: /"
  done
}

# Every program finds its libraries, and only our own folder and the base's C library serve them.
missing_libraries() {
  local name
  for name in $services tools; do
    inside "$name" 'for file in /opt/trivium/bin/*; do
        [ "$(head -c 4 "$file" | tail -c 3)" = ELF ] || continue
        ldd "$file" | grep -E "not found|=> /" | grep -vE "=> (/opt/trivium/lib/|/lib/[a-z0-9_-]+/(libc|libm|libdl|libpthread|librt|libresolv|libutil)\.so)" | sed "s|^|$file: |"
      done' | sed "s/^/trivium-$name: /"
  done
}

# Libraries that nothing in the image loads.
useless_libraries() {
  local name
  for name in $services; do
    inside "$name" 'for file in /opt/trivium/lib/*.so*; do
        ldd /opt/trivium/bin/* | grep -q " => $file " || echo "$file"
      done' | sed "s/^/trivium-$name: /"
  done
}

# Each package that gave a file says so, with its licence.
missing_licences() {
  local name
  for name in $services tools; do
    inside "$name" 'cd /var/lib/dpkg/status.d && [ "$(ls | wc -l)" -ge 15 ] || echo "few packages are named"
      for package in *; do
        grep -q "^Version: " "$package" || echo "$package: no version"
        [ -s "/usr/share/doc/$package/copyright" ] || echo "$package: no copyright file"
      done
      [ -s /usr/share/doc/trivium/copyright ] || echo "our own is missing"' | sed "s/^/trivium-$name: /"
  done
}

wrong_versions() {
  local name
  for name in $services; do
    start "trivium-$name:$version" --version | { grep --invert-match --line-regexp "$name $version" || true; } | sed "s/^/trivium-$name: /"
  done
}

# User, health check, labels.
wrong_metadata() {
  local name json
  for name in $services tools; do
    json=$(engine image inspect "trivium-$name:$version")
    jq --raw-output --arg name "trivium-$name" --arg version "$version" '.[0] | (.Config // {}) as $c |
      (if $c.User != "65532:65532" then "\($name): user \($c.User)" else empty end),
      (if $c.Labels["org.opencontainers.image.version"] != $version then "\($name): version \($c.Labels)" else empty end),
      (if $c.Labels["org.opencontainers.image.title"] != $name then "\($name): title \($c.Labels)" else empty end),
      (if $c.StopSignal != "SIGTERM" and $c.StopSignal != "15" then "\($name): stop signal \($c.StopSignal)" else empty end),
      (if ($c.Healthcheck // .Healthcheck // null) == null and $name != "trivium-tools" then "\($name): no health check" else empty end),
      (if .Size > 400000000 then "\($name): \(.Size) bytes" else empty end)' <<<"$json"
  done
}

# A file that anybody, or the service's own user, could change.
writable_files() {
  local name
  for name in $services tools; do
    inside "$name" 'find /opt /etc /usr /var/lib -xdev ! -type l \( -perm -0002 -o -user 65532 \) ! -path /var/lib/trivium 2>/dev/null || true' | sed "s/^/trivium-$name: /"
  done
}

# --- the platform ---

status() { "$trv" status --json 2>/dev/null; }
containers() { status | jq --raw-output '.services[] | select(.state == "running") | "\(.service) \(.container) \(.pid)"'; }
pid_of() { status | jq --raw-output --arg name "$1" '.services[] | select(.service == $name) | .pid'; }

# All processes in the pid namespace of another.
processes_with() {
  local space pid
  space=$(readlink "/proc/$1/ns/pid") || return 0
  for pid in /proc/[0-9]*; do
    [ "$(readlink "$pid/ns/pid" 2>/dev/null)" != "$space" ] || echo "${pid#/proc/}"
  done
}

# Processes that are root, hold a capability, or could gain one.
privileged_processes() {
  local name pid process seen=0
  while read -r name _ pid; do
    for process in $(processes_with "$pid"); do
      seen=$((seen + 1))
      awk -v name="$name" '
        $1 == "Name:" { program = $2 }
        $1 == "Uid:" { for (i = 2; i <= 5; i++) if ($i == 0) bad = bad " uid 0" }
        $1 ~ /^Cap(Inh|Prm|Eff|Bnd|Amb):$/ && $2 !~ /^0+$/ { bad = bad " " $1 $2 }
        $1 == "NoNewPrivs:" && $2 != 1 { bad = bad " may gain privileges" }
        END { if (bad) print name ": " program ":" bad }' "/proc/$process/status"
    done
  done < <(containers)
  [ "$seen" -ge 11 ] || echo "only $seen processes were seen"
}

# Roots that can be written to, and what else can that is no data volume, tmpfs or device.
writable_roots() {
  local name container pid
  while read -r name container pid; do
    awk -v name="$name" '
      { for (i = 7; $i != "-"; i++); type = $(i + 1); options = "," $6 "," }
      $5 == "/" { root = 1; if (options !~ /,ro,/) print name ": / is writable" }
      options ~ /,rw,/ && type !~ /^(proc|sysfs|tmpfs|devpts|mqueue|cgroup2?|devtmpfs)$/ &&
        $5 !~ /^\/(var\/lib\/trivium|var\/lib\/mysql|var\/lib\/kafka\/data|data|prometheus|etc\/(hosts|hostname|resolv.conf)|run\/.containerenv)$/ {
        print name ": " $5 " is writable"
      }
      END { if (!root) print name ": has no root" }' "/proc/$pid/mountinfo"
    engine exec "$container" sh -c 'for path in / /opt/trivium/bin /etc /usr /run/secrets /var/lib; do if [ -d $path ] && touch $path/x 2>/dev/null; then echo "wrote $path/x"; fi; done' |
      sed "s/^/$name: /"
  done < <(containers)
}

# A password in what the engine tells of containers, in an environment, on a command line or in a log.
exposed_secrets() {
  local secret name container pid
  while read -r name container pid; do
    engine container inspect "$container" >"$work/inspect"
    engine logs "$container" >"$work/log" 2>&1
    for secret in "$TRIVIUM_HOME"/etc/secrets/*/*_* "$TRIVIUM_HOME"/etc/secrets/redis/*; do
      [ ! -s "$secret" ] || ! grep --quiet --fixed-strings --text --file="$secret" "$work/inspect" "$work/log" "/proc/$pid/environ" "/proc/$pid/cmdline" ||
        echo "$name shows ${secret##*/secrets/}"
    done
  done < <(containers)
}

# Lines of our services that are not JSON.
ragged_logs() {
  local name
  for name in $services; do
    "$trv" logs "$name" --json | jq --raw-input --raw-output --arg name "$name" '. as $line | (try fromjson catch null) as $entry |
      if ($entry | type) == "object" and $entry.service == $name then empty else "\($name): \($line)" end' | head --lines=3
    [ "$("$trv" logs "$name" --json | wc --lines)" -gt 1 ] || echo "$name: says nothing"
  done
}

ready() { "$trv" status >"$work/status"; }
await_ready() {
  local end=$((SECONDS + 90))
  until ready; do
    [ "$SECONDS" -lt "$end" ] || { cat "$work/status"; return 1; }
    sleep 1
  done
}

# The day is in its middle when something dies, which comes back by itself, and the day adds up all the same.
test_kill() {
  local name=$1 log=$work/kill-$1.log runner before end
  before=$(pid_of "$name")
  timeout 420 "$trv" school-day --students 30 --seed 7 >"$log" 2>&1 </dev/null &
  runner=$!
  end=$((SECONDS + 90))
  until grep --quiet --extended-regexp 'ordering and paying [1-9][0-9]' "$log" || ! kill -0 "$runner" 2>/dev/null || [ "$SECONDS" -ge "$end" ]; do sleep 0.2; done
  kill -0 "$runner" 2>/dev/null || echo "# the day ended before the kill"
  kill -9 "$before"
  if wait "$runner"; then ok "kill -9 of $name: the day adds up"; else not_ok "kill -9 of $name: the day adds up" "$log"; fi
  result "$name came back by itself" "$work/back" await_ready
  if [ "$(pid_of "$name")" != "$before" ]; then ok "$name has a new process"; else not_ok "$name has a new process"; fi
}

pids() { status | jq --compact-output '[.services[] | select(.state == "running") | .pid]'; }

left_over() {
  engine ps --all --format '{{.Names}}' | grep --fixed-strings "$project" || true
  engine network ls --format '{{.Name}}' | grep --fixed-strings "$project" || true
}

test_images() {
  result "every image builds on a local base" "$work/images.log" "$trv" images --base "$base" --infrastructure "$infrastructure"
  [ "$failed" -eq 0 ] || return 1
  grep 'trivium-' "$work/images.log" | sed 's/^/# /'
  finds_nothing "images say their user, health check, version and title" wrong_metadata
  finds_nothing "programs say the version of their image" wrong_versions
  finds_nothing "no compiler, downloader or interpreter is inside" tools_in_images
  finds_nothing "every program finds its libraries" missing_libraries
  finds_nothing "no library is inside that nothing loads" useless_libraries
  finds_nothing "every package has its version and its licence" missing_licences
  finds_nothing "no file can be changed by the service's user" writable_files
}

test_platform() {
  local before
  result "all containers come up" "$work/up.log" timeout 600 "$trv" up --containers --no-demo
  result "all are healthy" "$work/status" "$trv" status
  ready || return 1
  finds_nothing "no process is root, has a capability or can get one" privileged_processes
  finds_nothing "no root can be written to" writable_roots
  result "a small day adds up" "$work/day.log" timeout 420 "$trv" school-day --students 10
  result "a call from outside reaches a service" "$work/call.log" "$trv" call control/ListConfigs '{"kind": "product_profile"}' --operator=dev
  test_kill payment
  finds_nothing "services log JSON to standard output" ragged_logs
  finds_nothing "no secret shows in a container's description, environment, command line or log" exposed_secrets
  before=$(pids)
  result "up again changes nothing" "$work/up2.log" "$trv" up --containers --no-demo
  if [ "$(pids)" = "$before" ]; then ok "every process is the same"; else not_ok "every process is the same" "$work/up2.log"; fi
  result "down removes the containers" "$work/down.log" "$trv" down
  finds_nothing "nothing is left" left_over
}

choose_engine
trap finish EXIT
make_base "$base" ''
make_base "$infrastructure" mariadb-server-core,mariadb-client-core,redis-tools,openjdk-17-jre-headless,prometheus
# What is built already need not be built again.
[ ! -d "$built" ] || export TRIVIUM_BINARIES=$built
project=$(bash -c 'source "$1/trv" && project_name' _ "$root")
if test_images; then test_platform; fi
exit "$failed"
