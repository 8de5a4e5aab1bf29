#!/usr/bin/env bash
# Makes gen/: TypeScript stubs of the public APIs, as a product would, in JavaScript.
set -euo pipefail
cd "$(dirname "$0")"
rm --recursive --force gen
mkdir gen
PATH="$PWD/node_modules/.bin:$PATH" protoc --proto_path=../../../proto --es_out=gen --es_opt=target=js,import_extension=js \
  trivium/payment/v1/payment.proto trivium/push/v1/push.proto trivium/common/v1/money.proto external/google/rpc/error_details.proto
