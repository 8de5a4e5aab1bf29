#!/usr/bin/env bash
# Tests of trv that need no platform: words, ports, files, back-off, what it says when something is wrong. TAP lines.
# shellcheck disable=SC2016  # Commands are expanded by the shell that they are handed to.
set -uo pipefail

root=$(readlink --canonicalize "$(dirname "$0")/../..")
work=$(mktemp --directory /tmp/trivium-trv-test.XXXXXX)
trap 'rm --recursive --force "$work"' EXIT
export TRIVIUM_HOME=$work/home XDG_CACHE_HOME=$work/cache TRIVIUM_KAFKA_LIBS=$work/jars
source "$root/tests/tap.sh"

# expect WHAT PATTERN COMMAND...: its output must match the extended regular expression.
expect() {
  local what=$1 pattern=$2 output
  shift 2
  output=$("$@" 2>&1)
  if grep --quiet --extended-regexp -- "$pattern" <<<"$output"; then ok "$what"; else
    echo "# want: $pattern"
    echo "# got:  ${output//$'\n'/$'\n'#       }"
    not_ok "$what"
  fi
}

# inside COMMANDS: in a shell that has trv's functions.
inside() { bash -c 'source "$1/trv"; eval "$2"' _ "$root" "$1"; }

fails() { "$@" && echo "exit status 0"; }

test_words() {
  expect "an unknown command gets a suggestion" "unknown command 'stauts'; did you mean 'status'\?" fails "$root/trv" stauts
  expect "nothing near gets none" "unknown command 'zzzzzzzz' \(" fails "$root/trv" zzzzzzzz
  expect "an unknown option gets a suggestion" "did you mean '--no-demo'" fails "$root/trv" up --nodemo
  expect "an unknown test tier gets a suggestion" "did you mean 'integration'" fails "$root/trv" test integartion
  expect "an unknown drill gets a suggestion" "unknown drill 'upgarde'; did you mean 'upgrade'" fails "$root/trv" drill upgarde
  expect "an option without its value is refused" '^trv: drill: --json: want a value' fails "$root/trv" drill upgrade --json
  expect "a drill of an unknown service gets a suggestion" "unknown service 'paymnt'; did you mean 'payment'" fails "$root/trv" drill upgrade --service=paymnt
  expect "a backup without a platform says what to do" "does not run; start it: ./trv up" fails "$root/trv" backup "$work/backup"
  expect "a restore says what it restores from" 'restore: no such folder: /nowhere' fails "$root/trv" restore /nowhere
  mkdir --parents "$work/half"
  expect "a folder that is no backup is refused" 'restore: .*/half is no backup, or was not finished' fails "$root/trv" restore "$work/half"
  expect "an unknown service gets a suggestion" "did you mean 'payment'" fails "$root/trv" logs paymnt
  expect "help lists every command" 'school-day .*\[--students N\]' "$root/trv" help
  expect "three cells need containers" "three cells are containers' alone" fails "$root/trv" up --topology=three-cells
  expect "an unknown image gets a suggestion" "unknown image 'paymnt'; did you mean 'payment'" fails "$root/trv" images --service paymnt
  expect "a product's name is checked" "product 'Fourth': want 1-32 characters" fails "$root/trv" product add Fourth
  expect "a call without a platform says what to do" "does not run; start it: ./trv up" fails "$root/trv" call payment/GetPayment '{}'
  ln --symbolic "$root/trv" "$work/link"
  expect "it works through a symlink from any directory" "did you mean 'help'" bash -c "cd / && '$work/link' hlep"
}

test_ports() {
  expect "the first clone gets a block of ports" '^2[0-9]{4}$' inside 'make_home; choose_ports; echo "$port_base"'
  expect "another clone gets other ports, though none listens" '^different$' inside \
    'first=$port_base; home2=$home-2; TRIVIUM_HOME=$home2 bash -c "source \"$TRIVIUM_ROOT/trv\"; make_home; choose_ports; [ \$port_base != $first ] && echo different"'
  local taken listener
  taken=$(inside 'port mysql')
  /usr/bin/python3 -c 'import socket, sys, time
s = socket.socket(); s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(); time.sleep(600)' "$taken" &
  listener=$!
  until (: <"/dev/tcp/127.0.0.1/$taken") 2>/dev/null; do kill -0 "$listener" && sleep 0.1; done
  expect "an occupied port is named, with its owner and what to do" "port [0-9]+ \(mysql\) is taken by process $listener \(python3.*\); stop that, or .*--new-ports" inside check_ports
  expect "a block with an occupied port is not chosen" '^other$' inside 'old=$port_base; rm "$home/env"; choose_ports; [ "$port_base" != "$old" ] && echo other'
  kill "$listener"
}

test_instances() {
  expect "one instance listens where others look for it" '^same same$' inside \
    'port_base=21000; [ "$(own_port gateway_clients 1)" = "$(port gateway_clients)" ] && echo -n "same "; [ "$(own_port control_admin 1)" = "$(port control_admin)" ] && echo same'
  expect "of two each has its own ports, and the edge the known one" '^21093 21094 21002 21007$' inside \
    'port_base=21000 instances=2; echo "$(own_port gateway_clients 1) $(own_port gateway_clients 2) $(own_port control_admin 1) $(own_port control_admin 2)"'
  expect "no two ports of the table are one" '^0$' inside 'printf "%s\n" "${port_offsets[@]}" | sort | uniq --repeated | wc -l'
  expect "all ports lie in the clone's block" '^0$' inside 'printf "%s\n" "${port_offsets[@]}" | awk "\$1 < 0 || \$1 > 99" | wc -l'
  expect "two instances have names, and the second one its service's secrets" 'chpst -e .*/etc/secrets/payment .*/payment --config .*/etc/payment-2.yaml' inside \
    'make_home; instances=2; make_secret payment X; instance_names payment | tr "\n" " "; define_instance payment-2 "$home/bin"; tail -n 1 "$home/sv/payment-2/run"'
  expect "the number of instances is kept" '^2 21100$' inside \
    'make_home; port_base=21100 instances=2; write_env; instances=1; load_env; echo "$instances $port_base"; rm "$home/env"'
  inside 'port_base=0 instances=2; for s in $services; do p=${s}_grpc; [ "$s" != gateway ] || p=gateway_clients
    for n in 1 2; do echo "$s $(own_port "$p" "$n") $(own_port "${s}_admin" "$n")"; done; done' >"$work/listens"
  PYTHONPATH=$root/tools/local /usr/bin/python3 -c 'import status
for name, port, probe in status.services_of(2):
    if name.removesuffix("-2") in status.SECOND: print(name.removesuffix("-2"), port, probe[0])' >"$work/looks"
  expect "status looks where instances listen" '^12 same$' bash -c 'cmp "$1" "$2" && echo "$(wc -l <"$1") same"' _ "$work/listens" "$work/looks"
  expect "a wrong number is refused" "^trv: --instances: '5', want 1 or 2 of each service" fails "$root/trv" up --instances 5
  expect "Prometheus has a target for each" 'labels: \{ instance: live-2, cell: cell-a \}' inside 'port_base=21000 instances=2; scrape_configs'
  expect "a template's instance has its own name, state and ports" '^control-2 21005 .*/state/control-2 21000$' inside \
    'make_home; port_base=21000 instances=2; f=$home/c.yaml; instance_number=2 render control.yaml "$f" name control-2 number 2
     instance_number=2 render push.yaml "$home/p.yaml" name push-2 number 2
     get() { sed --quiet "s/^ *$1: \"*\([^\"]*\)\"*$/\1/p" "$2"; }
     echo "$(get instance_id "$f") $(get grpc_address "$f" | cut -d: -f2) $(get state_dir "$f") $(get control_address "$home/p.yaml" | cut -d: -f2)"'
}

test_failures() {
  mkdir --parents "$work/fake"
  printf '#!/bin/sh\necho Avail\necho 100\n' >"$work/fake/df"
  printf '#!/bin/sh\nexit 1\n' >"$work/fake/sudo"
  chmod +x "$work/fake/"*
  expect "a full disk is said before anything is done" 'only 100 MB are free in .*, want 3000; make room' inside "make_home; PATH=$work/fake:\$PATH; check_disk"
  expect "a missing package without root or sudo says the command" 'as root run: apt-get install --no-install-recommends nosuchpackage' inside \
    'id() { [ "$1" = --user ] && echo 1000; }; command() { return 1; }; install_packages nosuchpackage'
  expect "an unknown placeholder in a template is an error" 'unknown @port.nothing@' inside \
    'make_home; port_base=21000; templates=$home; echo "a: @port.nothing@" >"$home/t"; render t "$home/out"'
  expect "a failed step says where its log is" "the step failed: error: no flour" inside 'make_home; logged "the step" "$home/log/x" bash -c "echo fine; echo error: no flour; exit 3"'
}

test_engines() {
  expect "without docker and podman both are named, and what to install" \
    'neither docker nor podman can run here \(docker: not installed; podman: cannot clone\).' inside \
    'engine_says() { [ "$1" = docker ] && echo "not installed" || echo "cannot clone"; return 1; }; find_engine'
  expect "docker goes first where both run" '^docker$' inside 'engine_says() { :; }; find_engine; echo "${engine[0]}"'
  expect "TRIVIUM_ENGINE chooses" '^podman$' inside 'engine_says() { :; }; TRIVIUM_ENGINE=podman; find_engine; echo "${engine[0]}"'
  expect "what works with processes alone says so in containers" 'works with the platform as processes alone' inside \
    'mkdir --parents "$containers"; echo one-cell >"$containers/up"; cmd_load payment'
  expect "processes are not started beside containers" 'runs in containers; ./trv down first' inside 'check_disk() { :; }; cmd_up --no-demo'
  rm --recursive --force "$work/home/containers"
}

test_files() {
  expect "a file that does not change keeps its inode" '^same$' inside \
    'make_home; write_file "$home/f" <<<a; i=$(stat -c %i "$home/f"); write_file "$home/f" <<<a; [ "$i" = "$(stat -c %i "$home/f")" ] && echo same'
  expect "certificates carry their names and chain to the CA" 'spiffe://trivium/product/acme' inside \
    'make_home; make_ca; make_certificate product acme; openssl verify -CAfile "$home/pki/ca.crt" "$home/pki/product-acme.crt" && openssl x509 -noout -ext subjectAltName -in "$home/pki/product-acme.crt"'
  expect "keys and secrets are the user's alone" '^600 600$' inside \
    'make_home; make_secret payment X; make_ca; make_certificate product acme; echo "$(stat -c %a "$home/etc/secrets/payment/X") $(stat -c %a "$home/pki/product-acme.key")"'
  expect "the console is not built again because it was built" '^same$' inside \
    'before=$(console_fingerprint); touch "$TRIVIUM_ROOT/console/.build-lock"; [ "$(console_fingerprint)" = "$before" ] && echo same'
  # Its shell is one process with the sleep: the exec keeps the pid.
  expect "a process that wrote over its environment is ours all the same" '^1$' inside \
    'make_home; mkdir --parents "$home/sv/redis/supervise"; (cd "$home/data" && exec env --ignore-environment setsid sleep 30) & pid=$!
     sleep 0.3; echo "$pid" >"$home/sv/redis/supervise/pid"; platform_pids | grep --count --line-regexp "$pid"; kill "$pid"; rm --recursive "$home/sv/redis"'
  expect "one trv at a time: the second waits" 'another trv works here \(process [0-9]+: trv up\)' inside \
    'make_home; (take_lock up; sleep 1) & sleep 0.3; take_lock down; echo mine'
}

# A backup of no database: what is checked before anything is written.
test_restore() {
  local folder=$work/backup
  mkdir --parents "$folder/mariadb"
  echo data >"$folder/mariadb/ibdata1"
  printf '%s\n' format=1 version=0.1.0 database=10.11.0-MariaDB bytes=5 >"$folder/MANIFEST"
  (cd "$folder" && sha256sum MANIFEST mariadb/ibdata1 >SHA256SUMS)
  expect "a whole backup passes" '^good$' inside "check_backup '$folder' && echo good"
  echo date >"$folder/mariadb/ibdata1"
  expect "a damaged file is named" 'backup is damaged: mariadb/ibdata1: FAILED; nothing was changed' inside "check_backup '$folder'"
  rm "$folder/mariadb/ibdata1"
  expect "a missing file is named" 'backup is damaged: sha256sum: mariadb/ibdata1: No such file' inside "check_backup '$folder'"
  sed --in-place 's/^format=1/format=9/' "$folder/MANIFEST"
  expect "another format is refused" "has the format '9', want 1: take the version that made it \(0.1.0\)" inside "check_backup '$folder'"
  expect "a folder that holds something is refused" 'is not empty: it has .*TRIVIUM_HOME=/elsewhere' inside 'make_home; touch "$home/pki/ca.crt"; check_restore_place'
  expect "a disk that is too small is said" 'restore: only 100 MB are free in .*, want 1453' inside \
    "make_home; echo bytes=1000000000 >'$work/MANIFEST'; PATH=$work/fake:\$PATH; check_restore_space '$work'"
  expect "nothing is left of a restore that failed" '^log$' inside 'make_home; restored=no; touch "$home/data/half"; undo_restore; ls "$home"'
}

test_tiers() {
  local tiers='bazel_tier() { echo "$1 [$2]"; }; script_tier() { echo "$1"; }; platform_tier() { echo "$1"; }; build_binaries() { :; };'
  expect "without a word all tiers but the sanitizers run" '^unit-and-integration \[\] structure/structure chart/chart e2e browser $' inside "$tiers"' run_tiers $default_tiers | tr "\n" " "'
  expect "unit tests run alone" '^unit \[--test_tag_filters=-integration\]$' inside "$tiers run_tiers unit"
  expect "integration tests run alone" '^integration \[--test_tag_filters=integration\]$' inside "$tiers run_tiers integration"
}

# The lines of tests/tap.sh, and what `trv test` makes of them. A script with `set -e` goes on behind a failure.
test_tap() {
  local status=0
  cat >"$work/tap.sh" <<'SCRIPT'
set -euo pipefail
source "$1/tests/tap.sh"
log=$2/tap-log
echo before >"$log"
result good "$log" echo behind it
result bad "$log" sh -c 'cat; echo because; exit 3'
holds held echo "says what does not matter"
holds broken sh -c 'echo why; exit 1'
finds_nothing clean true
finds_nothing dirty echo left over
finds_nothing mute false
not_ok "without a log" "$2/nowhere"
not_ok plain
skip "a disk" "none here"
reasons() { grep BROKEN "$1" || echo none; }
not_ok own <(printf 'x\nBROKEN it\ny\n')
exit "$failed"
SCRIPT
  bash "$work/tap.sh" "$root" "$work" >"$work/tap" 2>&1 <<<"of nobody's business" || status=$?
  expect "a failure is the script's exit status" '^1$' echo "$status"
  expect "trv test counts each line once" '^3 7 1$' inside "script_counts '$work/tap' $status"
  expect "a log keeps what it had" '^before behind it because $' bash -c "tr '\n' ' ' <'$work/tap-log'"
  expect "trv test shows a failure's reasons, and none of another's" \
    '^# before # behind it # because not ok - bad # why not ok - broken # left over not ok - dirty # false failed not ok - mute # tail: .*nowhere.* not ok - without a log not ok - plain # BROKEN it not ok - own $' \
    inside "failed_cases '$work/tap' | tr '\n' ' '"
  expect "what a test says of itself is short" '^200$' bash -c "source '$root/tests/tap.sh'; seq 1000 | why | wc --lines"
}

# The pauses of a service that keeps crashing, and their reset after a minute of life.
test_back_off() {
  local folder=$work/home/sv/payment
  mkdir --parents "$folder" "$work/home/log" "$work/sleep"
  printf '#!/bin/sh\necho $1\n' >"$work/sleep/sleep"
  chmod +x "$work/sleep/sleep"
  expect "pauses grow to ten seconds" '^0 1 2 4 8 10 10 $' bash -c "cd $folder; date +%s >started; rm -f crashes
    for i in 1 2 3 4 5 6 7; do PATH=$work/sleep:\$PATH bash $root/deploy/local/finish 1 0 | tr '\n' ' '; done"
  expect "a minute of life forgives" '^0$' bash -c "cd $folder; echo 1000 >started; echo 6 >crashes; PATH=$work/sleep:\$PATH bash $root/deploy/local/finish -1 9"
  expect "a stop that was asked for costs nothing" '^6$' bash -c "cd $folder; echo 6 >crashes; bash $root/deploy/local/finish -1 15; cat crashes"
}

test_words
test_ports
test_instances
test_failures
test_engines
test_files
test_restore
test_tiers
test_tap
test_back_off
exit "$failed"
