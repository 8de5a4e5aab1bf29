# shellcheck shell=bash
# The platform's own services: configuration from deploy/local/templates, and how each is started.

prepare_services() {
  local name
  render_configs
  for name in $(all_instances); do define_instance "$name" "$home/bin"; done
  [ "$instances" -lt 2 ] || prepare_edge
  define_service sandbox "$home/bin/sandbox_psp" --address "127.0.0.1:$(port sandbox)" --journal "$home/data/sandbox.journal" \
    --merchants "$home/etc/secrets/sandbox-merchants.yaml" --allow_notify "http://127.0.0.1:$(port payment_callbacks)/" --log "$home/log/sandbox.log"
}

all_instances() {
  local name
  for name in $services; do instance_names "$name"; done
}

# define_instance NAME FOLDER: of the program in a folder.
define_instance() {
  mkdir --parents "$home/state/$1"
  define_service "$1" "$2/$(service_of "$1")" --config "$home/etc/$1.yaml"
}

# Two instances need something in front of what is called by an address, as users have it: TCP alone, so that an instance that does not listen is
# passed over.
prepare_edge() {
  render edge.conf "$home/etc/edge.conf"
  define_service edge /usr/sbin/nginx -e stderr -c "$home/etc/edge.conf"
}

# It listens; whether somebody is behind it is its own matter.
edge_answers() { (: <>"/dev/tcp/127.0.0.1/$(port control_grpc)") 2>/dev/null; }

# Again after a product was added: it has an owner who may sign in.
render_configs() {
  local name everybody proxies=''
  everybody=$(people)
  [ "$instances" -lt 2 ] || proxies=$'\nproxies:\n  proxy_protocol: true\n  trusted: ["127.0.0.1"]'
  for name in $(all_instances); do
    instance_number=$(number_of "$name") render "$(service_of "$name").yaml" "$home/etc/$name.yaml" \
      name "$name" number "$(number_of "$name")" people "$everybody" proxies "$proxies"
  done
  (umask 077 && sandbox_merchants | write_file "$home/etc/secrets/sandbox-merchants.yaml")
}

# Each product is a merchant of the sandbox PSP; payment and the sandbox read the file again when it changes.
sandbox_merchants() {
  local name
  for name in $(products); do
    make_secret merchants "$name"
    echo "$name: \"$(secret merchants "$name")\""
  done
}

# Products of this clone: those of the school day, and those that were added.
products() {
  {
    find "$TRIVIUM_ROOT/examples/school-day/profiles" -name '*.yaml' -printf '%f\n' | sed 's/\.yaml$//'
    find "$home/products" -mindepth 1 -maxdepth 1 -type d -printf '%f\n'
  } | sort --unique
}

# Who may sign in to the console: an administrator, a viewer, and an owner for each product, named as it is.
people() {
  local name
  person admin platform_admin
  person viewer platform_viewer
  for name in $(products); do person "$name" owner "$name"; done
}

# person NAME ROLE [PRODUCT]: a password at random, made once; the config has its hash alone.
person() {
  local folder=$home/etc/secrets/people hash
  make_secret people "$1" 8
  if [ ! -s "$folder/$1.hash" ]; then
    hash=$("$home/bin/ops" --hash_password <"$folder/$1") || die "ops could not hash a password: $hash"
    write_file "$folder/$1.hash" <<<"$hash"
  fi
  echo "  - name: $1"
  echo "    password_hash: \"$(<"$folder/$1.hash")\""
  echo "    role: $2"
  [ -z "${3:-}" ] || echo "    products: [$3]"
}
