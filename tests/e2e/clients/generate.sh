#!/usr/bin/env bash
# Makes gen/: stubs of the public APIs in JavaScript, and the typed commands of commands.yaml, as a product would.
set -euo pipefail
cd "$(dirname "$0")"
rm --recursive --force gen
mkdir gen
PATH="$PWD/node_modules/.bin:$PATH" protoc --proto_path=../../../proto --es_out=gen --es_opt=target=js,import_extension=js \
  trivium/payment/v1/payment.proto trivium/push/v1/push.proto trivium/live/v1/live.proto trivium/common/v1/money.proto trivium/common/v1/product.proto external/google/rpc/error_details.proto
protoc --proto_path=../../../proto --include_imports --descriptor_set_out=gen/apis.pb trivium/payment/v1/payment.proto
node ../../../sdk/web/generate.mjs --descriptors gen/apis.pb --table commands.yaml --out gen/commands.ts --caller ../../../../sdk/web/dist/caller.js
