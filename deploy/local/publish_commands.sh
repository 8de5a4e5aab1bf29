# shellcheck shell=bash
# The command table of the platform: deploy/commands.yaml and the descriptors of its APIs, brought to control where it has them not or otherwise.

# The gateway is ready only when a table is published: call this as soon as control answers. A second run changes nothing and takes about as long as one call.
publish_commands() {
  local log=$home/log/publish-commands.log
  "$home/bin/trv_publish" --home="$home" --control="127.0.0.1:$(port control_grpc)" --table="$TRIVIUM_ROOT/deploy/commands.yaml" \
    --reason="trv up" >"$log" 2>&1 ||
    die "control refused the command table: $(tail --lines=1 "$log")
     File: $TRIVIUM_ROOT/deploy/commands.yaml"
}
