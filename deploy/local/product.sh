# shellcheck shell=bash
# Products: a profile published through control, a client certificate, a bootstrap file for xDS.

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
  say "product $name: $home/products/$name has its profile, certificate and bootstrap file"
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
  service_stamp ops >"$home/sv/ops/stamp"
  sv hup "$home/sv/ops" >/dev/null || true
  publish_profile "$name" "$folder/profile.yaml"
}

# Certificate and bootstrap file: all that a product's backend needs.
product_files() {
  local folder=$home/products/$1
  mkdir --parents "$folder"
  make_certificate product "$1"
  write_file "$folder/client.crt" <"$home/pki/product-$1.crt"
  (umask 077 && write_file "$folder/client.key" <"$home/pki/product-$1.key")
  write_file "$folder/ca.crt" <"$home/pki/ca.crt"
  bootstrap_file "$folder/bootstrap.json" "$1-backend"
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
PROFILE
}

# publish_profile NAME FILE
publish_profile() {
  local request
  request=$(printf '{"requestId": "trv-%s-%s", "kind": "product_profile", "name": "%s", "reason": "trv product add", "value": "@trivium.common.v1.ProductProfile:%s"}' \
    "$1" "$(random_hex 8)" "$1" "$2")
  call --operator=dev control/PublishConfig "$request" >"$home/log/publish-$1.log" 2>&1 ||
    die "control refused the profile of $1: $(tail --lines=1 "$home/log/publish-$1.log")
     File: $2"
}

# The three products of the school day, and again those that were added: files are made anew (ports may have changed), profiles only when control
# has none.
publish_profiles() {
  local file name known
  known=$(call --operator=dev control/ListConfigs '{"kind": "product_profile", "pageSize": 1000}')
  for file in "$TRIVIUM_ROOT"/examples/school-day/profiles/*.yaml; do
    name=$(basename "$file" .yaml)
    product_files "$name"
    if ! grep --quiet "\"name\": *\"$name\"" <<<"$known"; then
      add_product "$name" "$file"
      say "product $name published"
    fi
  done
  for file in "$home"/products/*/; do product_files "$(basename "$file")"; done
}
