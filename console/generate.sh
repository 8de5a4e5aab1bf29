#!/usr/bin/env bash
# Makes src/gen from the protos: messages and service of ops with what they use, and the error details.
set -euo pipefail
cd "$(dirname "$0")"
rm --recursive --force src/gen
mkdir --parents src/gen
PATH="$PWD/node_modules/.bin:$PATH" protoc --proto_path=../proto --es_out=src/gen --es_opt=target=ts \
  trivium/common/v1/product.proto trivium/gateway/v1/command.proto trivium/live/v1/live.proto trivium/options/v1/options.proto trivium/ops/v1/ops.proto \
  trivium/push/v1/push.proto external/google/rpc/error_details.proto
