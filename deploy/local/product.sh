# shellcheck shell=bash
# Products: a profile and the keys of its tokens published through control, a client certificate, a bootstrap file for xDS.

cmd_product() {
  [ "${1:-}" = add ] || unknown_word "product command" "${1:-}" add
  shift
  [ $# -gt 0 ] && [[ $1 != -* ]] || die "product add: name missing; usage: ./trv product add NAME [--profile FILE] [--zh NAME] [--en NAME]"
  local name=$1 profile='' zh=$1 en=$1
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --profile) profile=$(readlink --canonicalize "${2:?file}") ;;
      --zh) zh=${2:?name} ;;
      --en) en=${2:?name} ;;
      *) unknown_word option "$1" '--profile --zh --en' ;;
    esac
    shift 2
  done
  [[ $name =~ ^[a-z][a-z0-9-]{0,31}$ ]] || die "product '$name': want 1-32 characters of a-z 0-9 -, the first a letter"
  [ -z "$profile" ] || [ -f "$profile" ] || die "no such file: $profile"
  need_up
  take_lock "product add"
  add_product "$name" "$profile" "$zh" "$en"
  await_product "$name"
  say "product $name: $home/products/$name has its profile, certificate, token key and bootstrap file"
}

add_product() {
  local name=$1 profile=$2 folder=$home/products/$1
  mkdir --parents "$folder"
  if [ -z "$profile" ]; then
    profile=$folder/profile.yaml
    [ -f "$profile" ] || default_profile "$3" "$4" | write_file "$profile"
  elif [ "$profile" != "$folder/profile.yaml" ]; then
    write_file "$folder/profile.yaml" <"$profile"
  fi
  product_files "$name"
  # It is a merchant of the sandbox now, and its owner may sign in.
  render_configs
  local instance
  for instance in $(instance_names ops); do
    service_stamp "$instance" >"$home/sv/$instance/stamp"
    sv hup "$home/sv/$instance" >/dev/null || true
  done
  publish_item product_profile "$name" "@trivium.common.v1.ProductProfile:$folder/profile.yaml"
  publish_token_keys "$name"
}

# Its first call may come at once: until the services that its profile has a part for know it, which takes a while where one has just lost control,
# and for the second in which payment and the sandbox look at their merchants.
await_product() {
  local service answer end=$((SECONDS + 30))
  for service in payment push live; do
    grep --quiet "^$service:" "$home/products/$1/profile.yaml" || continue
    until answer=$(call --product="$1" "$service/GetDailySummary" '{}' 2>&1); do
      [ "$SECONDS" -lt "$end" ] || die "product $1: its profile is published, but $service does not know it yet: $(head --lines=1 <<<"$answer")"
      sleep 0.3
    done
  done
  sleep 1.1
}

# Certificate, bootstrap file and the key that signs its users' tokens: all that a product's backend needs.
product_files() {
  local folder=$home/products/$1
  mkdir --parents "$folder"
  make_certificate product "$1"
  write_file "$folder/client.crt" <"$home/pki/product-$1.crt"
  (umask 077 && write_file "$folder/client.key" <"$home/pki/product-$1.key")
  write_file "$folder/ca.crt" <"$home/pki/ca.crt"
  bootstrap_file "$folder/bootstrap.json" "$1-backend"
  [ -s "$folder/token.key" ] || make_token_key "$folder/token.key"
}

# make_token_key FILE: Ed25519, PEM.
make_token_key() {
  (umask 077 && openssl genpkey -algorithm ed25519 -out "$1.new" 2>/dev/null) || die "openssl could not make a key for tokens; see ./trv doctor"
  mv "$1.new" "$1"
}

# Its public half, under the id "dev-1".
token_keys_file() {
  local folder=$home/products/$1
  {
    echo "# Keys of tokens: trivium.gateway.v1.TokenKeys."
    echo "keys:"
    echo "  - key_id: dev-1"
    echo "    public_key_pem: |"
    openssl pkey -in "$folder/token.key" -pubout | sed 's/^/      /'
  } | write_file "$folder/token-keys.yaml"
}

publish_token_keys() {
  local folder=$home/products/$1
  token_keys_file "$1"
  publish_item token_keys "$1" "@trivium.gateway.v1.TokenKeys:$folder/token-keys.yaml"
}

# bootstrap_file FILE NODE: for any gRPC client that knows xDS.
bootstrap_file() {
  write_file "$1" <<BOOTSTRAP
{
  "xds_servers": [
    {
      "server_uri": "127.0.0.1:$(port control_ads)",
      "channel_creds": [{"type": "insecure"}],
      "server_features": ["xds_v3", "ignore_resource_deletion"]
    }
  ],
  "node": {"id": "$2", "locality": {}}
}
BOOTSTRAP
}

default_profile() {
  cat <<PROFILE
# Profile of a product: trivium.common.v1.ProductProfile says what each field means.
display_name_zh: "$1"
display_name_en: "$2"
time_zone: Asia/Shanghai
payment:
  currency_codes: [CNY]
  commission_bps: 500
  payment_timeout: 30m
  psp: sandbox
push: {}
live: {}
gateway:
  allowed_origins: ["*"]
PROFILE
}

# publish_item KIND NAME VALUE [REASON]
publish_item() {
  local request log=$home/log/publish-$2.log
  request=$(printf '{"requestId": "trv-%s-%s", "kind": "%s", "name": "%s", "reason": "%s", "value": "%s"}' \
    "$2" "$(random_hex 8)" "$1" "$2" "${4:-trv product add}" "$3")
  call --operator=dev control/PublishConfig "$request" >"$log" 2>&1 ||
    die "control refused the ${1/_/ } of $2: $(tail --lines=1 "$log")
     File: ${3#*:}"
}

# What the cell's media can carry; a clone's owner may publish another.
publish_live_capacity() {
  local file=$home/etc/live-capacity.yaml
  ! call --operator=dev control/GetConfig '{"kind": "live_capacity", "name": "platform"}' >/dev/null 2>&1 || return 0
  write_file "$file" <"$TRIVIUM_ROOT/deploy/local/templates/live-capacity.yaml"
  publish_item live_capacity platform "@trivium.live.v1.LiveCapacity:$file" "trv up"
}

# The three products of the school day, and again those that were added: files are made anew (ports may have changed), profiles only when control
# has none.
publish_profiles() {
  local file name known keys
  known=$(call --operator=dev control/ListConfigs '{"kind": "product_profile", "pageSize": 1000}')
  keys=$(call --operator=dev control/ListConfigs '{"kind": "token_keys", "pageSize": 1000}')
  for file in "$TRIVIUM_ROOT"/examples/school-day/profiles/*.yaml; do
    name=$(basename "$file" .yaml)
    product_files "$name"
    if ! grep --quiet "\"name\": *\"$name\"" <<<"$known"; then
      add_product "$name" "$file"
      say "product $name published"
    fi
  done
  for file in "$home"/products/*/; do
    name=$(basename "$file")
    product_files "$name"
    grep --quiet "\"name\": *\"$name\"" <<<"$keys" || [ ! -f "$file/profile.yaml" ] || publish_token_keys "$name"
  done
}
