# shellcheck shell=bash
# Commands that hand over to a program.

# call METHOD JSON FLAGS...
call() { "$home/bin/trv_call" --home="$home" --port_base="$port_base" "$@"; }

need_up() {
  [ "$port_base" -ne 0 ] && supervisor_pid >/dev/null || die "the platform does not run; start it: ./trv up"
}

cmd_call() {
  need_up
  call "$@" || exit
}

cmd_school_day() {
  need_up
  bootstrap_file "$home/etc/bootstrap.json" school-day
  GRPC_XDS_BOOTSTRAP=$home/etc/bootstrap.json "$home/bin/school_day" --data="$TRIVIUM_ROOT/examples/school-day/data" --pki="$home/pki" \
    --sandbox="http://127.0.0.1:$(port sandbox)" "$@"
}

cmd_load() {
  [ $# -gt 0 ] || die "load: what? usage: ./trv load payment [--json FILE]"
  [ "$1" = payment ] || unknown_word load "$1" payment
  shift
  need_up
  exec "$home/bin/payment_load" --home="$home" "$@"
}

cmd_status() {
  exec "$python" "$TRIVIUM_ROOT/tools/local/status.py" --home="$home" --port_base="$port_base" "$@"
}

cmd_logs() {
  exec "$python" "$TRIVIUM_ROOT/tools/local/logs.py" --home="$home" "$@"
}
