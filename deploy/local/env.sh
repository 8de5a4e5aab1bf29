# shellcheck shell=bash
# Where things of this clone lie, and which ports they have. Nothing outside $home is written, except caches under ~/.cache.

home=$(readlink --canonicalize-missing "${TRIVIUM_HOME:-$TRIVIUM_ROOT/.trv}")
readonly home
readonly cache=${XDG_CACHE_HOME:-$HOME/.cache}
readonly python=/usr/bin/python3

# A unix socket's path has at most 107 bytes: deep clones go through a short link.
short_home=$home
[ ${#home} -le 60 ] || short_home=/tmp/trivium-$(id --user)-$(md5sum <<<"$home" | cut --characters=1-8)
readonly short_home

# Offsets from the clone's port base.
declare -rA port_offsets=(
  [control_grpc]=0 [control_ads]=1 [control_admin]=2
  [payment_grpc]=10 [payment_admin]=11 [payment_callbacks]=12
  [ops_grpc]=20 [ops_admin]=21 [ops_console]=22
  [sandbox]=30 [mysql]=40 [kafka]=50 [kafka_controller]=51 [prometheus]=60 [redis]=70
  [push_grpc]=80 [push_admin]=81
  [gateway_grpc]=90 [gateway_admin]=91 [gateway_clients]=92
  [live_grpc]=95 [live_admin]=96
)

# port NAME: prints it.
port() { echo $((port_base + port_offsets[$1])); }

make_home() {
  mkdir --parents "$home"/{pki,etc/secrets,data,state,log,sv,bin,run,products}
  chmod 700 "$home/etc/secrets" "$home/pki"
  [ "$short_home" = "$home" ] || ln --symbolic --force --no-dereference "$home" "$short_home"
}

# Ports that listen now, one a line.
listening_ports() {
  local hex
  awk '$4 == "0A" { sub(/.*:/, "", $2); print $2 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null | sort --unique |
    while read -r hex; do echo $((16#$hex)); done
}

# load_ports: this clone's port base; 0 when none was chosen yet.
load_ports() {
  port_base=0
  [ ! -f "$home/env" ] || port_base=$(sed --quiet 's/^TRIVIUM_PORT_BASE=//p' "$home/env")
}

# Chooses the first base whose ports are free and which no other clone of this user has, running or not. Clones write their choice
# into a folder that all share.
choose_ports() {
  local claims=$cache/trivium-ports k base taken
  mkdir --parents "$claims"
  exec 8>"$claims/lock"
  flock 8
  taken=" $(listening_ports | tr '\n' ' ') "
  for ((k = 0; k < 100; k++)); do
    base=$((21000 + 100 * k))
    if ! claimed "$claims/$base" && ! base_taken "$base" "$taken"; then
      echo "$home" >"$claims/$base"
      write_file "$home/env" <<<"TRIVIUM_PORT_BASE=$base"
      exec 8>&-
      port_base=$base
      return
    fi
  done
  die "no free block of ports between 21000 and 31000; stop another clone's platform with its './trv down'"
}

claimed() {
  [ -f "$1" ] || return 1
  local owner
  owner=$(<"$1")
  [ "$owner" != "$home" ] && grep --quiet "^TRIVIUM_PORT_BASE=${1##*/}$" "$owner/env" 2>/dev/null
}

base_taken() {
  local name
  for name in "${!port_offsets[@]}"; do
    [[ $2 != *" $(($1 + port_offsets[$name])) "* ]] || return 0
  done
  return 1
}

# Refuses when another program has one of our ports. services: ours that run already and so have theirs.
check_ports() {
  local name taken
  taken=" $(listening_ports | tr '\n' ' ') "
  for name in "${!port_offsets[@]}"; do
    [[ $taken == *" $(port "$name") "* ]] || continue
    [ "$(service_state "$(service_of_port "$name")")" != run ] || continue
    die "port $(port "$name") (${name/_/ }) is taken by $(port_owner "$(port "$name")"); stop that, or take other ports: ./trv up --new-ports"
  done
}

service_of_port() {
  case $1 in
    mysql) echo mariadb ;;
    *) echo "${1%%_*}" ;;
  esac
}

# Who listens on a port: "process 1234 (nginx)"; another user's process can't be seen.
port_owner() {
  local inode fd pid
  inode=$(awk -v port="$(printf ':%04X' "$1")" '$4 == "0A" && substr($2, length($2) - 4) == port { print $10; exit }' /proc/net/tcp /proc/net/tcp6)
  for fd in /proc/[0-9]*/fd/*; do
    if [ "$(readlink "$fd" 2>/dev/null)" = "socket:[$inode]" ]; then
      pid=${fd#/proc/} pid=${pid%%/*}
      echo "process $pid ($(cat "/proc/$pid/comm"))"
      return
    fi
  done
  echo "another user's process"
}

# write_file PATH: standard input, in one step and only when it differs; readers never see half a file.
write_file() {
  local new=$1.new.$$
  cat >"$new"
  if cmp --silent "$new" "$1"; then rm "$new"; else mv --force "$new" "$1"; fi
}

check_disk() {
  local free
  free=$(df --block-size=1M --output=avail "$home" | tail --lines=1)
  [ "$free" -ge 3000 ] || die "only $((free)) MB are free in $home, want 3000; make room there, or set TRIVIUM_HOME to another disk"
}

# One `up`, `down`, `reset` or `product add` of a clone at a time. Programs that stay are started with 9>&-.
take_lock() {
  mkdir --parents "$home/run"
  exec 9>>"$home/run/lock"
  flock --nonblock 9 || { say "another trv works here ($(cat "$home/run/lock.owner" 2>/dev/null || true)); waiting for it"; flock 9; }
  echo "process $$: trv $1" >"$home/run/lock.owner"
}

load_ports
