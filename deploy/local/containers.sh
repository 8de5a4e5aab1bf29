# shellcheck shell=bash
# trv up --containers: the platform of deploy/compose, with docker compose or podman. What the containers mount lies under $home/containers.

readonly containers=$home/containers
readonly compose=$TRIVIUM_ROOT/deploy/compose

# Whether this clone's platform is, or was last, in containers.
in_containers() { [ -f "$containers/up" ]; }

# drive COMMAND...: the driver, for one cell or three.
drive() {
  local -a files=(--file "$compose/compose.yaml")
  [ "$(cat "$containers/up" 2>/dev/null)" != three-cells ] || files+=(--file "$compose/three-cells.yaml")
  "$python" "$TRIVIUM_ROOT/tools/local/containers.py" --engine "${engine[0]}" --project "$(project_name)" --env_file "$containers/env" "${files[@]}" "$@"
}

# One clone's containers are told from another's by it.
project_name() { echo "trivium-$(md5sum <<<"$home" | cut --characters=1-8)"; }

# containers_up DEMO TOPOLOGY
containers_up() {
  find_engine
  [ "${engine[0]}" != docker ] || docker compose version >/dev/null 2>&1 ||
    die "docker has no 'compose' here; install its plug-in (docker-compose-plugin), or podman, and take that: TRIVIUM_ENGINE=podman ./trv up --containers"
  nothing_runs || die "the platform runs as processes; ./trv down first, then ./trv up --containers"
  ensure_packages run build containers
  [ "$port_base" -ne 0 ] || choose_ports
  prepare_binaries
  ensure_images
  prepare_containers
  echo "$2" >"$containers/up"
  drive up || die "not all containers came up (above); ./trv status shows which, ./trv logs SERVICE why"
  containers_demo "$1"
  print_container_urls
}

# Images of today's sources: built when the binaries, or what is put beside them, are others than last time.
ensure_images() {
  local name lacking=no
  for name in $images; do "${engine[@]}" image inspect "trivium-$name:$(image_version)" >/dev/null 2>&1 || lacking=yes; done
  if [ "$lacking" = no ] && [ "$(cat "$home/images/made" 2>/dev/null)" = "$(image_stamp)" ]; then
    say "images: nothing changed"
    return
  fi
  # shellcheck disable=SC2086  # A list of names.
  build_images "$(image_base)" '' $images
  image_stamp >"$home/images/made"
}

# Secrets, certificates and what the tools want, readable by the containers' user in a folder that other users of this machine cannot enter.
prepare_containers() {
  local name
  mkdir --parents "$containers"
  chmod 700 "$containers"
  mkdir --parents "$containers"/{secrets,tls,home/pki,home/products}
  make_secrets
  make_certificates
  for name in $schemas; do hand_out "$home/etc/secrets/$name/MYSQL_PASSWORD" "secrets/$name-mysql-password"; done
  make_secret redis PASSWORD
  hand_out "$home/etc/secrets/redis/PASSWORD" secrets/redis-password
  hand_out "$home/etc/secrets/live/RESUME_KEY" secrets/live-resume-key
  hand_out "$home/etc/secrets/live/MEDIA_KEY" secrets/live-media-key
  sandbox_merchants >"$containers/merchants.new"
  hand_out "$containers/merchants.new" secrets/sandbox-merchants.yaml
  people >/dev/null
  for name in admin viewer ketang fudao kaixinshu; do hand_out "$home/etc/secrets/people/$name.hash" "secrets/console-$name"; done
  for name in $services; do
    hand_out "$home/pki/service-$name.crt" "tls/$name/tls.crt"
    hand_out "$home/pki/service-$name.key" "tls/$name/tls.key"
    hand_out "$home/pki/ca.crt" "tls/$name/ca.crt"
  done
  prepare_tools_home
  container_variables | write_file "$containers/env"
}

prepare_tools_home() {
  local name file
  hand_out "$home/pki/ca.crt" home/pki/ca.crt
  for file in crt key; do hand_out "$home/pki/operator-dev.$file" "home/pki/operator-dev.$file"; done
  for name in $(products); do
    for file in crt key; do hand_out "$home/pki/product-$name.$file" "home/pki/product-$name.$file"; done
    product_files "$name"
    token_keys_file "$name"
    for file in token.key token-keys.yaml; do
      [ ! -f "$home/products/$name/$file" ] || hand_out "$home/products/$name/$file" "home/products/$name/$file"
    done
    # What the product is published with, and the school day holds it to.
    file=$home/products/$name/profile.yaml
    [ -f "$file" ] || file=$TRIVIUM_ROOT/examples/school-day/profiles/$name.yaml
    [ ! -f "$file" ] || hand_out "$file" "home/products/$name/profile.yaml"
  done
  find "$containers/tls" "$containers/home" -type d -exec chmod 755 {} +
}

# hand_out FILE TARGET: a copy under $containers that the containers' user can read. The inode stays where nothing changed: containers mount it.
hand_out() {
  local target=$containers/$2
  mkdir --parents "${target%/*}"
  cmp --silent "$1" "$target" || { rm --force "$target"; install --mode=444 "$1" "$target"; }
}

# What compose.yaml is told. A registry's images are used unless this machine has our own of the databases.
container_variables() {
  local name
  echo "TRIVIUM_VERSION=$(image_version)"
  echo "TRIVIUM_STATE=$containers"
  echo "TRIVIUM_GATEWAY_PORT=$(port gateway_clients)"
  echo "TRIVIUM_GATEWAY_B_PORT=$(($(port gateway_clients) + 1))"
  echo "TRIVIUM_GATEWAY_C_PORT=$(($(port gateway_clients) + 2))"
  echo "TRIVIUM_CONSOLE_PORT=$(port ops_console)"
  echo "TRIVIUM_PROMETHEUS_PORT=$(port prometheus)"
  "${engine[@]}" image inspect "trivium-infrastructure:$(image_version)" >/dev/null 2>&1 || return 0
  for name in MARIADB REDIS KAFKA PROMETHEUS; do echo "TRIVIUM_${name}_IMAGE=trivium-infrastructure:$(image_version)"; done
}

# stop_containers [--volumes]: what runs ends; with --volumes its data, too.
stop_containers() {
  find_engine
  drive down "$@" || die "the containers do not end (above)"
  rm --force "$containers/up"
  say "containers removed"
}

containers_demo() {
  if [ "$1" = no ] || [ -f "$containers/demo-done" ]; then return; fi
  say "a school day of three products"
  local status=0
  drive run school-day || status=$?
  case $status in
    0) ;;
    1) die "the school day found a broken invariant (above); ./trv logs payment shows what the service said" ;;
    *) die "the school day could not run (above); ./trv status shows what is not ready, ./trv school-day tries again" ;;
  esac
  touch "$containers/demo-done"
}

print_container_urls() {
  cat <<URLS

${bold}Trivium is up, in containers of ${engine[0]}.${plain}
  console     http://127.0.0.1:$(port ops_console)   as admin with $(secret people admin)
  clients     ws://127.0.0.1:$(port gateway_clients)/connection/websocket, and Connect on http://127.0.0.1:$(port gateway_clients)
  Prometheus  http://127.0.0.1:$(port prometheus)
  next        ./trv status, ./trv logs payment, ./trv school-day, ./trv down
URLS
}

# call SERVICE/METHOD ... from inside, where the services' names are known.
containers_call() {
  local service=${1%%/*}
  drive run call --address="$service:9000" "$@"
}
