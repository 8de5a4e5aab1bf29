#!/usr/bin/env bash
# Stock xDS clients in C++, Go and Node against the real control: a route moves, instances are killed, control is killed and comes back, and no call is lost.
# usage: BIN_DIR=FOLDER tests/e2e/xds/run.sh
# BIN_DIR: Bazel's bin folder (default: asks Bazel and builds), with control, trv_migrate, trv_call, xds_backend and xds_client_cc. Needs mariadbd, openssl,
# go 1.19 or newer and npm; a client whose language is not there is skipped, with the reason. Prints TAP lines; status 1 when one failed. KEEP=1 keeps
# the folder with all logs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
source "$root/tests/tap.sh"
pids=()

if [ -z "${BIN_DIR:-}" ]; then
  (cd "$root" && bazel build //services/control //tools/migrate:trv_migrate //tools/call:trv_call //tests/e2e/xds/...)
  BIN_DIR=$(cd "$root" && bazel info bazel-bin)
fi

# A binary by its path in Bazel's bin folder, or lying flat in BIN_DIR.
binary() {
  local path
  for path in "$BIN_DIR/$1" "$BIN_DIR/$(basename "$1")"; do
    if [ -f "$path" ] && [ -x "$path" ]; then
      echo "$path"
      return
    fi
  done
  echo "run.sh: $1 is not in $BIN_DIR: build it first" >&2
  return 1
}
control_bin=$(binary services/control/control)
migrate_bin=$(binary tools/migrate/trv_migrate)
call_bin=$(binary tools/call/trv_call)
backend_bin=$(binary tests/e2e/xds/xds_backend)
client_bin=$(binary tests/e2e/xds/xds_client_cc)

# Short: unix sockets live in it.
work=$(mktemp --directory /tmp/xds-e2e.XXXXXX)
mkdir "$work/pki" "$work/log" "$work/state"

cleanup() {
  local pid
  for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  if [ -n "${KEEP:-}" ]; then echo "kept: $work"; else rm --recursive --force "$work"; fi
}
trap cleanup EXIT

# start NAME COMMAND...: runs it in the background, its output in log/NAME. Sets last_pid.
start() {
  local name=$1
  shift
  "$@" >>"$work/log/$name" 2>&1 &
  last_pid=$!
  disown "$last_pid"
  pids+=("$last_pid")
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.05
  done
}

# check WHAT SECONDS COMMAND...: one test.
check() {
  local what=$1
  shift
  if wait_for "$@"; then ok "$what"; else not_ok "$what"; fi
}

# need WHAT SECONDS COMMAND...: without it no test makes sense.
need() {
  local what=$1
  shift
  if ! wait_for "$@"; then
    echo "run.sh: $what did not come up" >&2
    tail --lines=20 "$work"/log/* >&2
    exit 1
  fi
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# certificate FILE URI DNS...: one signed by our CA, of P-256, for a day.
certificate() {
  local file=$1 names="URI:$2" dns
  shift 2
  for dns in "$@"; do names="$names,$dns"; done
  openssl ecparam -name prime256v1 -genkey -noout -out "$work/pki/$file.key"
  openssl req -new -key "$work/pki/$file.key" -subj "/CN=$file" -out "$work/pki/$file.csr"
  openssl x509 -req -in "$work/pki/$file.csr" -CA "$work/pki/ca.crt" -CAkey "$work/pki/ca.key" -CAcreateserial -days 1 \
    -extfile <(echo "subjectAltName=$names") -out "$work/pki/$file.crt" 2>/dev/null
}

make_pki() {
  openssl ecparam -name prime256v1 -genkey -noout -out "$work/pki/ca.key"
  openssl req -x509 -new -key "$work/pki/ca.key" -subj "/CN=xds-e2e" -days 1 -out "$work/pki/ca.crt"
  local service
  for service in control payment; do
    certificate "service-$service" "spiffe://trivium/service/$service" "DNS:*.$service.trivium" "DNS:$service.trivium" DNS:localhost IP:127.0.0.1
  done
  certificate operator-dev spiffe://trivium/operator/dev
  certificate product-acme spiffe://trivium/product/acme
}

start_database() {
  mariadb-install-db --no-defaults --datadir="$work/data" --auth-root-authentication-method=normal --skip-test-db >"$work/log/install-db" 2>&1
  local user=()
  if [ "$(id --user)" = 0 ]; then user=(--user=root); fi
  start mariadb mariadbd --no-defaults --datadir="$work/data" --socket="$work/sql" --pid-file="$work/mariadb.pid" --skip-networking \
    --innodb-buffer-pool-size=32M "${user[@]}"
  need MariaDB 60 test -S "$work/sql"
  need "the schema" 60 migrate
}
migrate() { "$migrate_bin" --socket="$work/sql" --schema=control --folder="$root/migrations/control" >>"$work/log/migrate" 2>&1; }

grpc_port=$(free_port)
ads_port=$(free_port)
admin_port=$(free_port)
start_control() {
  cat >"$work/control.yaml" <<EOF
server:
  instance_id: control-1
  cell: cell-a
  grpc_address: 127.0.0.1:$grpc_port
  admin_address: 127.0.0.1:$admin_port
  tls:
    certificate_file: $work/pki/service-control.crt
    key_file: $work/pki/service-control.key
    ca_file: $work/pki/ca.crt
  state_dir: $work/state
ads_address: 127.0.0.1:$ads_port
cells: [cell-a, cell-b]
mysql:
  unix_socket: $work/sql
  user: root
  schema: control
EOF
  start control "$control_bin" --config "$work/control.yaml"
  control_pid=$last_pid
  need control 30 curl --silent --fail --output /dev/null "http://127.0.0.1:$admin_port/readyz"
}

# operator METHOD JSON: a call of the operator.
operator() { "$call_bin" "control/$1" "$2" --home "$work" --port_base "$grpc_port" --address "127.0.0.1:$grpc_port" >>"$work/log/operator" 2>&1; }
request_number=0
set_cells() {
  request_number=$((request_number + 1))
  operator SetRoute "{\"request_id\": \"e2e-route-$request_number\", \"product\": \"acme\", \"service\": \"payment\", \"reason\": \"test\", \"cells\": $1}"
}
set_route() { set_cells "[{\"cell\": \"$1\"}, {\"cell\": \"$2\"}]"; }
# set_canary VERSION PERCENT: of cell-a, the home cell.
set_canary() { set_cells "[{\"cell\": \"cell-a\", \"canary\": {\"version\": \"$1\", \"percent\": $2}}, {\"cell\": \"cell-b\"}]"; }
publish_profile() {
  operator PublishConfig '{"request_id": "e2e-profile", "kind": "product_profile", "name": "acme", "reason": "test", "value": {
    "@type": "type.googleapis.com/trivium.common.v1.ProductProfile",
    "display_name_zh": "示例", "display_name_en": "Acme", "time_zone": "Asia/Shanghai"}}'
}

declare -A backend_pids
# start_backend NAME CELL [VERSION]
start_backend() {
  start "$1" "$backend_bin" --control "127.0.0.1:$grpc_port" --name "$1" --cell "$2" --port "$(free_port)" --pki "$work/pki" --version "${3:-1}"
  backend_pids[$1]=$last_pid
  need "$1" 30 grep --quiet --line-regexp ready "$work/log/$1"
  : >"$work/log/$1"
}

languages=()
declare -A client_pids
start_client() {
  local language=$1
  shift
  start "client-$language" "$@" xds:///acme.payment.trivium "$work/pki/ca.crt" "$work/pki/product-acme.crt" "$work/pki/product-acme.key"
  languages+=("$language")
  client_pids[$language]=$last_pid
}
start_clients() {
  cat >"$work/bootstrap.json" <<EOF
{"xds_servers": [{"server_uri": "127.0.0.1:$ads_port", "channel_creds": [{"type": "insecure"}],
                  "server_features": ["xds_v3", "ignore_resource_deletion"]}],
 "node": {"id": "e2e", "locality": {}}}
EOF
  export GRPC_XDS_BOOTSTRAP=$work/bootstrap.json
  unset GRPC_XDS_BOOTSTRAP_CONFIG
  start_client cc "$client_bin"
  if ! command -v go >/dev/null; then
    skip "the Go client" "no go here"
  elif (cd "$here/go" && GOFLAGS=-mod=readonly go build -o "$work/xds_client_go" .) >"$work/log/go-build" 2>&1; then
    start_client go "$work/xds_client_go"
  else
    skip "the Go client" "it does not build ($(tail --lines=1 "$work/log/go-build"))"
  fi
  if install_node; then
    start_client node "$here/node/node_modules/.bin/node" "$here/node/client.mjs"
  else
    skip "the Node client" "npm ci failed ($(tail --lines=1 "$work/log/npm"))"
  fi
}
install_node() {
  if cmp --silent "$here/node/package-lock.json" "$here/node/node_modules/.lock-installed"; then return; fi
  (cd "$here/node" && npm ci --no-audit --no-fund --loglevel=error && cp package-lock.json node_modules/.lock-installed) >"$work/log/npm" 2>&1
}

# Whether the last backend that a client named begins with this.
client_is_on() { [[ $(grep '^backend ' "$work/log/client-$1" | tail --lines=1) == "backend $2"* ]]; }
check_all_on() {
  local language
  for language in "${languages[@]}"; do check "$language: $2" 30 client_is_on "$language" "$1"; done
}
# What comes from here on: a line of dashes in each client's log.
forget_backends() {
  local language
  for language in "${languages[@]}"; do echo "--" >>"$work/log/client-$language"; done
}
# since_on LANGUAGE BACKEND: whether it answered since then.
# shellcheck disable=SC2016  # sed's own $.
since_on() { sed --quiet '/^--$/h; //!H; ${x; p}' "$work/log/client-$1" | grep --quiet "^backend $2"; }
since_on_both() { since_on "$1" "$2" && since_on "$1" "$3"; }
since_not_on() { ! since_on "$@"; }
check_all_on_both() {
  local language
  forget_backends
  for language in "${languages[@]}"; do check "$language: $3" 30 since_on_both "$language" "$1" "$2"; done
}
check_none_on() {
  local language
  sleep 1 # Until every client has heard of the route.
  forget_backends
  sleep 2
  for language in "${languages[@]}"; do check "$language: $2" 0 since_not_on "$language" "$1"; done
}
gone() { ! kill -0 "$1" 2>/dev/null; }
# The clients write as long as they are told to stop; a call that failed is in their log.
check_no_call_lost() {
  local language last
  for language in "${languages[@]}"; do
    kill -TERM "${client_pids[$language]}"
    wait_for 30 grep --quiet '^calls ' "$work/log/client-$language" || true
    last=$(grep '^calls ' "$work/log/client-$language" || echo "calls unknown")
    grep '^failed ' "$work/log/client-$language" | head --lines=5 | why || true
    check "$language: no call lost ($last)" 0 grep --quiet --extended-regexp '^calls [0-9]{3,} failed 0$' "$work/log/client-$language"
  done
}

make_pki
start_database
start_control
publish_profile
set_route cell-a cell-b
start_backend payment-a1 cell-a
start_backend payment-a2 cell-a 2
start_backend payment-b1 cell-b
start_clients

check_all_on payment-a "calls go to the home cell"
set_route cell-b cell-a
check_all_on payment-b1 "calls follow a route that moved"
set_route cell-a cell-b
check_all_on payment-a "calls follow it back"
set_canary 2 100
check_all_on payment-a2 "all calls go to the version on trial"
check_none_on payment-a1 "none goes to the other"
set_canary 2 30
check_all_on_both payment-a1 payment-a2 "with a share both versions have calls"
set_canary 2 0
check_all_on payment-a1 "without a share the version on trial has none"
check_none_on payment-a2 "none is left to it"
set_canary "" 0
check_all_on_both payment-a1 payment-a2 "without a trial versions are equal"
kill -KILL "${backend_pids[payment-a1]}"
check_all_on payment-a2 "calls leave a killed instance"
kill -KILL "${backend_pids[payment-a2]}"
check_all_on payment-b1 "calls leave a cell whose last instance was killed"
start_backend payment-a1 cell-a
check_all_on payment-a1 "calls return to the home cell"
kill -KILL "$control_pid"
sleep 3
check_all_on payment-a1 "calls go on without control"
start_control
sleep 1
check_all_on payment-a1 "calls go on when control is back"
set_route cell-b cell-a
check_all_on payment-b1 "calls follow the route after control's restart"
# A rolling restart: the only instance that takes calls leaves in order, while its successor is there.
for pair in "b1 b2" "b2 b1" "b1 b2" "b2 b1"; do
  read -r leaver heir <<<"$pair"
  start_backend "payment-$heir" cell-b
  kill -TERM "${backend_pids[payment-$leaver]}"
  check_all_on "payment-$heir" "calls go from payment-$leaver, which leaves, to payment-$heir"
  wait_for 30 gone "${backend_pids[payment-$leaver]}"
done
kill -TERM "${backend_pids[payment-a1]}"
sleep 1
check_no_call_lost
exit "$failed"
