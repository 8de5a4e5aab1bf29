# shellcheck shell=bash
# Commands that hand over to a program.

# call METHOD JSON FLAGS...
call() { "$home/bin/trv_call" --home="$home" --port_base="$port_base" "$@"; }

need_up() {
  ! in_containers || die "this works with the platform as processes alone: ./trv down, then ./trv up"
  [ "$port_base" -ne 0 ] && supervisor_pid >/dev/null || die "the platform does not run; start it: ./trv up"
}

cmd_call() {
  if in_containers; then
    find_engine
    containers_call "$@" || exit
    return
  fi
  need_up
  call "$@" || exit
}

cmd_school_day() {
  if in_containers; then
    find_engine
    drive run school-day "$@"
    return
  fi
  need_up
  bootstrap_file "$home/etc/bootstrap.json" school-day
  GRPC_XDS_BOOTSTRAP=$home/etc/bootstrap.json "$home/bin/school_day" --data="$TRIVIUM_ROOT/examples/school-day/data" --pki="$home/pki" \
    --sandbox="http://127.0.0.1:$(port sandbox)" --gateway="127.0.0.1:$(port gateway_clients)" --token_keys="$home/products" \
    --live_capacity="$home/etc/live-capacity.yaml" "$@"
}

cmd_load() {
  [ $# -gt 0 ] || die "load: what? usage: ./trv load payment | join | fanout | idle | rpc | storm [--json FILE]"
  local what=$1
  shift
  case $what in
    payment)
      prepare_load
      exec "$home/bin/payment_load" --home="$home" "$@"
      ;;
    fanout | idle | rpc | storm)
      prepare_load
      [ "$what" != rpc ] || publish_load_command
      ulimit -n "$(ulimit -Hn)"
      exec "$home/bin/gateway_load" "$what" --home="$home" "$@"
      ;;
    join)
      prepare_load
      add_load_product
      exec "$home/bin/join_load" --home="$home" "$@"
      ;;
    *) unknown_word load "$what" payment join fanout idle rpc storm ;;
  esac
}

# Its programs are built when they are first needed, or their sources have changed.
prepare_load() {
  need_up
  build_binaries load >&2
}

# The command that `load rpc` calls, once: load_command.yaml.
publish_load_command() {
  local name=load.payment.get
  ! call --operator=dev control/ListConfigs '{"kind": "command", "pageSize": 1000}' | grep --quiet "\"name\": *\"$name\"" || return 0
  publish_item command "$name" "@trivium.gateway.v1.Command:$TRIVIUM_ROOT/tests/load/load_command.yaml" "trv load rpc"
  sleep 2 # Until the gateway has it.
}

# The product whose rooms `load join` fills, once: join_profile.yaml.
add_load_product() (
  ! call --operator=dev control/GetConfig '{"kind": "token_keys", "name": "load"}' >/dev/null 2>&1 || return 0
  take_lock "load join"
  add_product load "$TRIVIUM_ROOT/tests/load/join_profile.yaml"
  sleep 3 # Until live and its clients have it.
)

cmd_status() {
  if in_containers; then
    find_engine
    drive status "$@" || exit
    return
  fi
  exec "$python" "$TRIVIUM_ROOT/tools/local/status.py" --home="$home" --port_base="$port_base" "$@"
}

cmd_logs() {
  if in_containers; then
    find_engine
    drive logs "$@" || exit
    return
  fi
  exec "$python" "$TRIVIUM_ROOT/tools/local/logs.py" --home="$home" "$@"
}
