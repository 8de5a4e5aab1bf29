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

# Offsets from the clone's port base. With two instances of each service, a name that ends in _2 is the second one's; what others know by a name
# without a number belongs to the edge then, and the first one has that with _1.
declare -rA port_offsets=(
  [control_grpc]=0 [control_ads]=1 [control_admin]=2
  [payment_grpc]=10 [payment_admin]=11 [payment_callbacks]=12
  [ops_grpc]=20 [ops_admin]=21 [ops_console]=22
  [sandbox]=30 [mysql]=40 [kafka]=50 [kafka_controller]=51 [prometheus]=60 [redis]=70
  [push_grpc]=80 [push_admin]=81
  [gateway_grpc]=90 [gateway_admin]=91 [gateway_clients]=92
  [live_grpc]=95 [live_admin]=96
  [control_grpc_1]=3 [control_ads_1]=4 [control_grpc_2]=5 [control_ads_2]=6 [control_admin_2]=7
  [payment_callbacks_1]=13 [payment_grpc_2]=14 [payment_admin_2]=15 [payment_callbacks_2]=16
  [ops_console_1]=23 [ops_grpc_2]=24 [ops_admin_2]=25 [ops_console_2]=26
  [push_grpc_2]=82 [push_admin_2]=83 [live_grpc_2]=84 [live_admin_2]=85
  [gateway_grpc_2]=86 [gateway_admin_2]=87 [gateway_clients_1]=93 [gateway_clients_2]=94
)

# port NAME: prints it.
port() { echo $((port_base + port_offsets[$1])); }

# own_port NAME NUMBER: where an instance itself listens.
own_port() {
  local name=$1_$2
  if [ "$instances" -lt 2 ] || { [ "$2" -eq 1 ] && [ -z "${port_offsets[$name]:-}" ]; }; then name=$1; fi
  port "$name"
}

# Names of the ports that this clone uses now, one a line.
used_ports() {
  local name
  for name in "${!port_offsets[@]}"; do
    if [ "$instances" -lt 2 ] && [[ $name == *_[12] ]]; then continue; fi
    echo "$name"
  done
}

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

# load_env: this clone's port base, 0 when none was chosen yet; and how many instances of each service it runs.
load_env() {
  port_base=0 instances=1
  [ -f "$home/env" ] || return 0
  port_base=$(sed --quiet 's/^TRIVIUM_PORT_BASE=//p' "$home/env")
  instances=$(sed --quiet 's/^TRIVIUM_INSTANCES=//p' "$home/env")
  [[ $instances == [12] ]] || instances=1
}

write_env() {
  {
    echo "TRIVIUM_PORT_BASE=$port_base"
    [ "$instances" -lt 2 ] || echo "TRIVIUM_INSTANCES=$instances"
  } | write_file "$home/env"
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
      port_base=$base
      write_env
      exec 8>&-
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
  for name in $(used_ports); do
    [[ $taken == *" $(port "$name") "* ]] || continue
    ! port_is_ours "$name" || continue
    die "port $(port "$name") (${name/_/ }) is taken by $(port_owner "$(port "$name")"); stop that, or take other ports: ./trv up --new-ports"
  done
}

# Whether the service that has this port runs; or the edge, in front of it.
port_is_ours() { [ "$(service_state "$(service_of_port "$1")")" = run ] || [ "$(service_state edge)" = run ]; }

service_of_port() {
  case $1 in
    mysql) echo mariadb ;;
    *_2) echo "${1%%_*}-2" ;;
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

load_env
