# shellcheck shell=bash
# trv drill: rehearsals under load, with figures and a verdict. tests/drills has the load and the judge.

# drill_second: the home of the restored platform, ours when it was destroyed.
drill_work='' drill_pid='' drill_second='' drill_destroyed=no drill_verdict=1

# Ends with the verdict: 0 held, 1 not.
cmd_drill() {
  local json='' only='' destroy=no what
  local -a load=()
  [ $# -gt 0 ] || die "drill: which? usage: ./trv drill upgrade [--service S] | restore [--destroy], each with [--json FILE]"
  what=$1
  shift
  [[ $what == upgrade || $what == restore ]] || unknown_word drill "$what" 'upgrade restore'
  while [ $# -gt 0 ]; do
    case $what$1 in
      *--json=* | upgrade--service=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
    esac
    case $what$1 in
      *--json | upgrade--service)
        [ -n "${2:-}" ] || die "drill: $1: want a value"
        if [ "$1" = --json ]; then json=$(readlink --canonicalize-missing "$2"); else only=$2; fi
        shift
        ;;
      restore--destroy) destroy=yes ;;
      *) load+=("$1") ;; # drill_load knows the rest, and refuses what it does not.
    esac
    shift
  done
  [ -z "$only" ] || [[ " $services " == *" $only "* ]] || unknown_word service "$only" "$services"
  need_up
  build_binaries drill
  drill_work=$(mktemp --directory /tmp/trivium-drill.XXXXXX)
  trap 'end_drill' EXIT
  trap 'exit 130' INT TERM
  case $what in
    upgrade) drill_upgrade "$json" "${only:-$services}" "${load[@]}" ;;
    restore) drill_restore "$json" "$destroy" "${load[@]}" ;;
  esac
  exit "$drill_verdict"
}

end_drill() {
  stop_background
  [ -z "$drill_pid" ] || kill "$drill_pid" 2>/dev/null || true
  if [ "$drill_destroyed" = yes ]; then
    [ "$drill_verdict" -eq 0 ] || { say "the backup stays: $drill_work/backup"; return 0; }
  elif [ -n "$drill_second" ]; then
    rm --recursive --force "$home/log/drill-restored"
    cp --recursive "$drill_second/log" "$home/log/drill-restored" 2>/dev/null || true
    TRIVIUM_HOME=$drill_second "$TRIVIUM_ROOT/trv" reset --yes >/dev/null 2>&1 9>&- || true
  fi
  rm --recursive --force "$drill_work"
}

# --- the load ---

# It runs until drill_finish; it hears by marks what is being done to the platform.
drill_start() {
  mkfifo "$drill_work/marks"
  "$home/bin/drill_load" --home="$home" "$@" <"$drill_work/marks" >"$drill_work/report" 2>"$drill_work/errors" 8>&- 9>&- &
  drill_pid=$!
  exec 5>"$drill_work/marks"
  say "load: payments, messages to clients, a live class, calls by HTTP"
  wait_until 180 "the load" drill_began || true
  drill_steady || die "the load did not begin: $(tail --lines=1 "$drill_work/errors")"
}

drill_steady() { grep --quiet '^steady$' "$drill_work/report" && kill -0 "$drill_pid" 2>/dev/null; }
drill_began() { drill_steady || ! kill -0 "$drill_pid" 2>/dev/null; }

drill_mark() { (trap '' PIPE && echo "$*" >&5) 2>/dev/null || die "the load has ended: $(tail --lines=1 "$drill_work/errors")"; }

# Prints the report; its exit status is the verdict.
drill_finish() {
  local status=0
  exec 5>&-
  wait "$drill_pid" || status=$?
  drill_pid=''
  sed '/^steady$/d' "$drill_work/report"
  [ "$status" -lt 2 ] || die "the load failed: $(tail --lines=1 "$drill_work/errors")"
  return "$status"
}

# --- upgrade ---

# Every instance of every service is replaced by one of another version, one after the other; and then all the way back.
drill_upgrade() {
  local json=$1 only=$2 old new folder=$home/releases/drill
  shift 2
  [ "$instances" -gt 1 ] || die "drill upgrade: one instance of each service runs here, and replacing the only one stops it; first: ./trv up --instances 2"
  ! grep --quiet --fixed-strings "$folder/" "$home"/sv/*/run || die "drill upgrade: a drill was broken off, and its programs run; first: ./trv up"
  take_lock "drill upgrade"
  old=$("$home/bin/control" --version)
  old=${old#* } new=${old#* }+drill.$(date --utc +%H%M%S)
  make_release "$new" "$folder"
  drill_start --version "$new" ${json:+--json "$json"} "$@"
  say "calm for 15 s, then version $new comes in"
  sleep 15
  replace_all "$only" "$folder" "$new"
  say "all replaced; now back to version $old"
  sleep 3
  replace_all "$only" "$home/bin" "$old"
  sleep 3
  say "all replaced; waiting until every message has come"
  drill_verdict=0
  drill_finish || drill_verdict=$?
  rm --recursive --force "$folder"
}

# The programs of this clone under another version.
make_release() {
  local name
  rm --recursive --force "$2"
  mkdir --parents "$2"
  for name in $services; do stamp "$1" "$home/bin/$name" "$2/$name"; done
}

# stamp VERSION FROM TO: libs/server/version.h.
stamp() {
  local section=$3.version
  [ ${#1} -lt 64 ] || die "version '$1': want at most 63 characters"
  { printf %s "$1" && head --bytes=$((64 - ${#1})) /dev/zero; } >"$section"
  logged "stamping ${2##*/}" "$home/log/stamp.log" objcopy --update-section ".trivium.version=$section" "$2" "$3"
  rm "$section"
}

# replace_all SERVICES FOLDER VERSION
replace_all() {
  local service name
  for service in $1; do
    for name in $(instance_names "$service" | tac); do replace_instance "$service" "$name" "$2" "$3"; done
  done
}

# As a rolling upgrade does it: SIGTERM, drain, start, ready, known to control; then the next.
replace_instance() {
  local service=$1 name=$2 folder=$3 version=$4 begin=$EPOCHREALTIME
  drill_mark "begin $service $name $version"
  define_instance "$name" "$folder"
  service_stamp "$name" >"$home/sv/$name/stamp"
  sv -w 60 restart "$home/sv/$name" >>"$home/log/drill.log" 2>&1 || die "$name did not end and start again within 60 s; ./trv logs $name; ./trv up brings the old version back"
  wait_until 60 "$name" instance_serves "$name" "$version" || die "$name of version $version was not ready after 60 s: $(last_words "$name"); ./trv up brings the old version back"
  drill_mark end
  say "$name: version $version within $(elapsed "$begin") s"
  sleep 2
}

# instance_serves NAME VERSION: it says so itself, and control tells everybody. (control does not register with itself.)
instance_serves() {
  local service number
  service=$(service_of "$1") number=$(number_of "$1")
  service_ready "$1" || return 1
  http_get "$(own_port "${service}_admin" "$number")" /version | grep --quiet --fixed-strings "\"$2\"" || return 1
  [ "$service" != control ] || return 0
  call --operator=dev control/ListInstances "{\"service\": \"$service\"}" | "$python" "$TRIVIUM_ROOT/tools/local/registered.py" "$service-$number" "$2"
}

# --- restore ---

# A day runs, and is backed up in its middle. The backup is restored beside the platform, or, when that is destroyed, in its place; started, and looked at.
drill_restore() {
  local json=$1 destroy=$2 backup=$drill_work/backup programs=$home/bin day broken='' begin answered until
  shift 2
  ensure_packages backup
  drill_start --keep "$drill_work/keep.json" "$@"
  say "a small school day"
  in_background drill-day small_day
  day=$!
  sleep 15
  # What transactions of now still write is older by less.
  until=$(date --utc --date='5 seconds ago' '+%F %T.%6N')
  sums "$home" "$until" >"$drill_work/sums-before" || die "the database does not answer; ./trv doctor"
  call --operator=dev control/ListConfigs '{"page_size": 1000}' >"$drill_work/configs-before"
  "$TRIVIUM_ROOT/trv" backup "$backup" || die "the backup failed (above)"
  say "what comes now is not in the backup"
  sleep 5
  # It goes on while it is backed up: its day must not have been disturbed.
  wait "$day" || broken+="the day during which the backup was made did not add up: $(tail --lines=1 "$home/log/drill-day.log")"$'\n'
  unset "background[$day]"
  drill_finish || die "the load failed: $(tail --lines=1 "$drill_work/errors")"
  cp "$home/data/sandbox.journal" "$drill_work/sandbox.journal"
  if [ "$destroy" = yes ]; then
    destroy_platform
    programs=$drill_work/bin drill_second=$home
  else
    drill_second=$drill_work/second
  fi
  begin=$(date --utc +%FT%T.%6NZ)
  say "restoring into $drill_second"
  second restore "$backup" || die "the restore failed (above)"
  [ "$destroy" = no ] || cp "$drill_work/env" "$home/env"
  # The PSP is somebody else: it has lost nothing, and knows what was paid since the backup.
  cp "$drill_work/sandbox.journal" "$drill_second/data/sandbox.journal"
  TRIVIUM_BINARIES=$programs second up --no-demo >"$drill_work/up.log" 2>&1 8>&- 9>&- ||
    die "the restored platform does not start: $(tail --lines=3 "$drill_work/up.log")"
  first_payment || die "the restored platform is up, and takes no payment: $(tail --lines=1 "$drill_work/first")"
  answered=$(date --utc +%FT%T.%6NZ)
  say "it is up, and has taken a payment; looking for what must be there"
  sums "$drill_second" "$until" >"$drill_work/sums-after" || die "the restored database does not answer"
  broken+=$(restored_faults)
  drill_verdict=0
  "$programs/drill_load" --home="$drill_second" --verify="$drill_work/keep.json" --backup_begin="$(manifest "$backup" begin)" \
    --backup_end="$(manifest "$backup" end)" --restore_begin="$begin" --first_answer="$answered" --sums_before="$drill_work/sums-before" \
    --sums_after="$drill_work/sums-after" --broken="$broken" ${json:+--json="$json"} || drill_verdict=$?
}

small_day() { cmd_school_day --students 20 --seed $((RANDOM + 1000)); }

# second COMMAND...: trv of the restored platform.
second() { TRIVIUM_HOME=$drill_second "$TRIVIUM_ROOT/trv" "$@"; }

# Everything is killed and deleted, as when the machine is lost; of it stay logs, the programs, and which ports it had.
destroy_platform() {
  local -a pids
  cp --recursive "$home/bin" "$drill_work/bin"
  cp "$home/env" "$drill_work/env"
  say "destroying the platform: kill -9, and all of its data deleted"
  drill_destroyed=yes
  while ! nothing_runs; do
    mapfile -t pids < <(platform_pids)
    kill -KILL "${pids[@]}" 2>/dev/null || true
    sleep 0.1
  done
  find "$home" -mindepth 1 -maxdepth 1 ! -name log ! -name run -exec rm --recursive --force {} +
  find "$home/run" -mindepth 1 ! -name 'lock*' -delete
}

# sums HOME UNTIL: what its database holds of before then.
sums() {
  (
    cd "$1/run" || return
    { echo "SET @until = '$2';" && cat "$TRIVIUM_ROOT/tests/drills/sums.sql"; } | database_of_home
  )
}

# Of the home whose folder run is the current one: a socket's whole path may be too long.
database_of_home() { mariadb --no-defaults --socket=mysql.sock --user="$(id --user --name)" --skip-column-names --batch; }

first_payment() {
  local name
  name=drill-$(random_hex 8)
  second call payment/CreatePayment --product ketang "{\"request_id\": \"$name\", \"order_ref\": \"$name\", \"subject\": \"drill\",
    \"institution_id\": \"drill\", \"amount\": {\"amount_minor\": 100, \"currency_code\": \"CNY\"}}" >"$drill_work/first" 2>&1
}

# A sentence for each thing that is not as it must be in the restored platform.
restored_faults() {
  local faults log=$home/log/drill-restored-day.log product
  product=drill-$(random_hex 2)
  faults=$(cd "$drill_second/run" && database_of_home <"$TRIVIUM_ROOT/tests/drills/ledger.sql" 2>&1) || true
  [ -z "$faults" ] || echo "the money ledger does not add up: $(tr '\t\n' ' ;' <<<"$faults")"
  second call --operator=dev control/ListConfigs '{"page_size": 1000}' >"$drill_work/configs-after" 2>&1 || true
  cmp --silent "$drill_work/configs-before" "$drill_work/configs-after" ||
    echo "config items are not those of the backup: $(diff "$drill_work/configs-before" "$drill_work/configs-after" | sed --quiet '2p' || true)"
  # And all of it works: a product's first day.
  {
    second product add "$product" --zh 演习 --en Drill && second school-day --products "$product" --students 10 --calm
  } >"$log" 2>&1 9>&- || echo "a day in the restored platform does not add up: $(tail --lines=1 "$log")"
}
