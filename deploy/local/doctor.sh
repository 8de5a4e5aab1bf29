# shellcheck shell=bash
# trv doctor: looks at the machine and the platform. Each finding says how to mend it; the exit status is 1 when there is one.

doctor_findings=0

good() { printf '  ok   %s\n' "$*"; }

# bad WHAT HOW-TO-MEND
bad() {
  printf '  %sBAD%s  %s\n         -> %s\n' "$bold" "$plain" "$1" "$2"
  doctor_findings=$((doctor_findings + 1))
}

cmd_doctor() {
  [ $# -eq 0 ] || unknown_word option "$1" ''
  make_home
  echo "the machine"
  doctor_machine
  echo "this clone ($home)"
  doctor_clone
  if supervisor_pid >/dev/null; then
    echo "the platform"
    doctor_platform
  elif in_containers; then
    echo "the platform runs in containers: ./trv status"
  else
    echo "the platform does not run (./trv up)"
  fi
  echo
  [ "$doctor_findings" -eq 0 ] || die "$doctor_findings to mend (above)"
  echo "all is well"
}

doctor_machine() {
  local debian missing free memory
  debian=$(cut --delimiter=. --fields=1 /etc/debian_version 2>/dev/null || true)
  if [ "$debian" = 12 ]; then good "Debian 12"; else bad "this is not Debian 12 (${debian:-no Debian})" "versions of packages differ elsewhere: use Debian 12, or a container of it"; fi
  mapfile -t missing < <(missing_packages run build)
  if [ ${#missing[@]} -eq 0 ]; then good "all packages of deploy/packages/run.txt and build.txt"; else bad "packages missing: ${missing[*]}" "./trv deps"; fi
  free=$(df --block-size=1M --output=avail "$home" | tail --lines=1)
  if [ "$free" -ge 3000 ]; then good "$((free / 1024)) GiB of disk free"; else bad "only $((free)) MiB free in $home" "make room, or set TRIVIUM_HOME to another disk"; fi
  memory=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
  if [ "$memory" -ge 1500 ]; then good "$memory MiB of memory available"; else bad "only $memory MiB of memory available" "stop other programs: the platform takes about 1.5 GiB, a build 3 GiB"; fi
}

doctor_clone() {
  if [ -d "$kafka_jars" ]; then good "Kafka's jars"; else bad "Kafka's jars are missing" "./trv deps"; fi
  if [ "$port_base" -eq 0 ]; then
    bad "no ports chosen yet" "./trv up"
    return
  fi
  good "ports from $port_base"
  doctor_ports
  doctor_certificates
  if [ "$(cat "$home/bin/fingerprint-platform" 2>/dev/null)" = "$(sources_fingerprint)" ]; then good "binaries are of these sources"; else bad "sources changed since the last build" "./trv up builds and restarts what changed"; fi
  doctor_configs
}

doctor_ports() {
  local name taken
  taken=" $(listening_ports | tr '\n' ' ') "
  for name in $(used_ports); do
    if [[ $taken == *" $(port "$name") "* ]] && ! port_is_ours "$name"; then
      bad "port $(port "$name") (${name/_/ }) is taken by $(port_owner "$(port "$name")")" "stop that, or: ./trv up --new-ports"
    fi
  done
}

doctor_certificates() {
  local file
  for file in "$home"/pki/*.crt; do
    if ! openssl x509 -checkend $((30 * 86400)) -noout -in "$file" >/dev/null 2>&1; then
      bad "certificate ${file##*/} expires within a month, or cannot be read" "./trv up makes it anew (ca.crt: delete $home/pki first)"
    elif [ "${file##*/}" != ca.crt ] && ! openssl verify -CAfile "$home/pki/ca.crt" "$file" >/dev/null 2>&1; then
      bad "certificate ${file##*/} is not signed by this clone's CA" "rm $file and ./trv up"
    fi
  done
}

doctor_configs() {
  local name service output
  local -a secrets
  for name in $(all_instances); do
    service=$(service_of "$name")
    [ -x "$home/bin/$service" ] && [ -f "$home/etc/$name.yaml" ] || continue
    secrets=()
    [ ! -d "$home/etc/secrets/$service" ] || secrets=(chpst -e "$home/etc/secrets/$service") # The gateway has none.
    if output=$("${secrets[@]}" "$home/bin/$service" --config="$home/etc/$name.yaml" --check_config 2>&1); then good "config of $name"; else
      bad "config of $name: $(tail --lines=1 <<<"$output")" "mend deploy/local/templates/$service.yaml and ./trv up"
    fi
  done
}

doctor_platform() {
  local name
  for name in $infrastructure $(platform_names); do
    if [ "$(service_state "$name")" = run ] && [ "$(crash_count "$name")" -eq 0 ]; then good "$name runs"; elif [ "$(service_state "$name")" = run ]; then
      bad "$name crashed $(crash_count "$name") times in a row: $(last_words "$name")" "./trv logs $name; $home/log/crashes.log has the times"
    else
      bad "$name does not run: $(last_words "$name")" "./trv logs $name; then ./trv up"
    fi
  done
  doctor_redis
  doctor_scrapes
}

# It may run and yet refuse every write: out of memory, or its disk is full.
doctor_redis() {
  local used limit answer
  answer=$(redis_command SET trivium:trv:ready 1 PX 1000)
  if [ "$answer" != OK ]; then
    bad "Redis takes no writes: ${answer:-no answer}" "./trv logs redis; is the disk of $home full?"
    return
  fi
  used=$(redis_memory used_memory) limit=$(redis_memory maxmemory)
  if [ "$used" -lt $((limit * 9 / 10)) ]; then good "Redis takes writes, $((used >> 20)) of $((limit >> 20)) MiB used"; else
    bad "Redis is almost full: $((used >> 20)) of $((limit >> 20)) MiB" "raise maxmemory in deploy/local/templates/redis.conf and ./trv up"
  fi
}

# redis_memory FIELD: bytes, of INFO memory.
redis_memory() { redis_command INFO memory | tr --delete '\r' | sed --quiet "s/^$1://p"; }

# Prometheus sees every service, or the boards are empty.
doctor_scrapes() {
  local down
  down=$(http_get "$(port prometheus)" '/api/v1/query?query=up==0' | grep --only-matching '"job":"[a-z]*"' | cut --delimiter='"' --fields=4 | tr '\n' ' ') || true
  if [ -z "$down" ]; then good "Prometheus reaches every service"; else bad "Prometheus does not reach: $down" "./trv status shows whether it runs"; fi
}
