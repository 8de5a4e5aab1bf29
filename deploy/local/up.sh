# shellcheck shell=bash
# trv up: from a bare machine, or from anything in between, to a running platform. Every step can be repeated; an interrupted one starts anew.

cmd_up() {
  local demo=yes new_ports=no in_what=processes topology=one-cell wanted=$instances
  while [ $# -gt 0 ]; do
    case $1 in
      --no-demo) demo=no ;;
      --new-ports) new_ports=yes ;;
      --instances) wanted=${2:-} && shift ;;
      --instances=*) wanted=${1#*=} ;;
      --containers) in_what=containers ;;
      --topology=one-cell | --topology=three-cells) topology=${1#*=} ;;
      --topology=*) unknown_word topology "${1#*=}" 'one-cell three-cells' ;;
      *) unknown_word option "$1" '--no-demo --new-ports --instances --containers --topology=three-cells' ;;
    esac
    shift || true
  done
  [[ $wanted == [12] ]] || die "--instances: '$wanted', want 1 or 2 of each service"
  [ "$topology" = one-cell ] || [ "$in_what" = containers ] || die "three cells are containers' alone: ./trv up --containers --topology=three-cells"
  make_home
  take_lock up
  trap 'up_interrupted' INT TERM
  trap 'stop_background' EXIT
  check_disk
  if [ "$in_what" = containers ]; then
    if [ "$new_ports" = yes ]; then
      rm --force "$home/env"
      port_base=0
    fi
    containers_up "$demo" "$topology"
    return
  fi
  ! in_containers || die "the platform runs in containers; ./trv down first, then ./trv up"
  ensure_packages run build
  [ "$wanted" -lt 2 ] || ensure_packages edge
  instances=$wanted
  if [ "$new_ports" = yes ]; then
    nothing_runs || die "the platform runs; ./trv down first, then ./trv up --new-ports"
    rm --force "$home/env"
    port_base=0
  fi
  [ "$port_base" -ne 0 ] || choose_ports
  check_ports
  write_env
  prepare
  start_platform
  publish_profiles
  run_demo "$demo"
  print_urls
}

up_interrupted() {
  echo
  die "interrupted; ./trv up goes on from here, ./trv down stops what runs"
}

# Jars, database, certificates and the console are made while the compiler works.
prepare() {
  in_background infrastructure prepare_infrastructure
  in_background console build_console
  build_binaries platform
  await_background
  prepare_services
}

prepare_infrastructure() {
  make_secrets
  make_certificates
  prepare_mariadb
  prepare_redis
  prepare_prometheus
  fetch_kafka_jars
  prepare_kafka
}

# Process group -> log of what runs beside the build.
declare -A background=()

# in_background NAME FUNCTION: in a process group of its own, so that stopping it stops what it started.
in_background() {
  set -m
  "$2" >"$home/log/$1.log" 2>&1 </dev/null 9>&- &
  set +m
  background[$!]=$home/log/$1.log
}

await_background() {
  local pid log
  for pid in "${!background[@]}"; do
    log=${background[$pid]}
    wait "$pid" || { unset "background[$pid]" && die "$(sed 's/^trv: //' "$log" | tail --lines=3)"; }
    unset "background[$pid]"
  done
}

stop_background() {
  local pid
  for pid in "${!background[@]}"; do kill -TERM -- "-$pid" 2>/dev/null || true; done
}

start_platform() {
  local begin=$EPOCHREALTIME name
  start_supervisor
  for name in $infrastructure; do start_service "$name"; done
  await_service mariadb 60 mariadb_answers
  await_service redis 60 redis_answers
  logged "setting up the schemas" "$home/log/schemas.log" setup_schemas
  migrate
  # Of another number of instances: they hold the ports.
  [ "$instances" -gt 1 ] || stop_second_instances
  for name in $(platform_names); do start_service "$name"; done
  await_service prometheus 30 prometheus_answers
  await_service kafka 60 kafka_answers
  for name in $(instance_names control); do await_service "$name" 60 service_ready "$name"; done
  [ "$instances" -lt 2 ] || await_service edge 30 edge_answers
  # The gateway is ready only with a command table.
  publish_commands
  publish_live_capacity
  for name in $(platform_names); do [[ $name == control* || $name == edge ]] || await_service "$name" 60 service_ready "$name"; done
  say "platform up in $(elapsed "$begin") s"
}

stop_second_instances() {
  local name
  for name in edge $services; do
    [ "$name" = edge ] || name+=-2
    [ ! -d "$home/sv/$name" ] || stop_services "$name"
  done
}

service_ready() {
  [ "$(service_state "$1")" = run ] || return 1
  case $1 in
    sandbox) http_ok "$(port sandbox)" /healthz ;;
    *) http_ok "$(own_port "$(service_of "$1")_admin" "$(number_of "$1")")" /readyz ;;
  esac
}

migrate() {
  local name
  for name in $schemas; do
    logged "migrating schema $name" "$home/log/migrate-$name.log" "$home/bin/trv_migrate" --socket="$short_home/run/mysql.sock" \
      --user="$name" --password-file="$home/etc/secrets/$name/MYSQL_PASSWORD" --schema="$name" --folder="$TRIVIUM_ROOT/migrations/$name"
  done
}

# The day runs once per clone; ./trv school-day runs further ones.
run_demo() {
  if [ "$1" = no ] || [ -f "$home/state/demo-done" ]; then return; fi
  say "a school day of three products"
  local status=0
  cmd_school_day || status=$?
  case $status in
    0) ;;
    1) die "the school day found a broken invariant (above); ./trv logs payment shows what the service said" ;;
    *) die "the school day could not run (above); ./trv status shows what is not ready, ./trv school-day tries again" ;;
  esac
  touch "$home/state/demo-done"
}

print_urls() {
  cat <<URLS

${bold}Trivium is up.${plain}
  console     http://127.0.0.1:$(port ops_console)   as admin with $(secret people admin)
              or as an owner: ketang with $(secret people ketang); all: $home/etc/secrets/people
  gRPC        xds:///<product>.<service>.trivium with GRPC_XDS_BOOTSTRAP=$home/products/<product>/bootstrap.json
  clients     ws://127.0.0.1:$(port gateway_clients)/connection/websocket, and Connect on http://127.0.0.1:$(port gateway_clients)
  Prometheus  http://127.0.0.1:$(port prometheus)
  next        ./trv status, ./trv logs payment, ./trv school-day, ./trv down
URLS
}
