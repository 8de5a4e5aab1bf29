#!/usr/bin/env bash
# Makes src/gen: the messages and services of all commands that a client may call, and commands.ts with a typed function for each.
# usage: sdk/web/generate.sh   (COMMAND_TABLE: another table than the platform's; PROTO_PATH: another folder of protos than the platform's;
#   OUT and CALLER: another folder than src/gen, and where its commands.ts finds the type Caller)
set -euo pipefail
cd "$(dirname "$0")"
table=${COMMAND_TABLE:-../../deploy/commands.yaml}
protos=${PROTO_PATH:-../../proto}
out=${OUT:-src/gen}
export PATH="$PWD/node_modules/.bin:$PATH"
work=$(mktemp --directory)
trap 'rm --recursive --force "$work"' EXIT

rm --recursive --force "$out"
mkdir --parents "$out"
mapfile -t all < <(cd "$protos" && find trivium -name '*.proto' | sort)
protoc --proto_path="$protos" --include_imports --descriptor_set_out="$work/apis.pb" "${all[@]}"
node generate.mjs --descriptors "$work/apis.pb" --table "$table" --out "$out/commands.ts" --caller "${CALLER:-../caller.js}" --protos-out "$work/protos"
mapfile -t used < <(sort --unique "$work/protos" <(echo external/google/rpc/error_details.proto) | grep .)
protoc --proto_path="$protos" --es_out="$out" --es_opt=target=ts,import_extension=js "${used[@]}"
