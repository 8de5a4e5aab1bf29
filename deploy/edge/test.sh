#!/usr/bin/env bash
# Starts nginx by nginx.conf, with a certificate and ports of its own, in front of a gateway that expects PROXY headers, and calls /healthz and a WebSocket
# handshake through TLS.
# usage: deploy/edge/test.sh GATEWAY_CLIENT_PORT
set -euo pipefail
cd "$(dirname "$(readlink --canonicalize "$0")")"
port=${1:?usage: deploy/edge/test.sh GATEWAY_CLIENT_PORT}
work=$(mktemp --directory)
trap 'kill "$(cat "$work/nginx.pid" 2>/dev/null)" 2>/dev/null || true; rm --recursive --force "$work"' EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
  -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
tls_port=$((port + 1000))
sed --expression="s,/etc/trivium/edge,$work,; s,127.0.0.1:21092,127.0.0.1:$port,; s,listen 443,listen 127.0.0.1:$tls_port,; /listen \[::\]/d; s,worker_processes auto,worker_processes 1,; s,worker_rlimit_nofile .*,,; s,worker_connections .*; },worker_connections 1000; }," \
  nginx.conf >"$work/nginx.conf"
nginx -c "$work/nginx.conf" -g "pid $work/nginx.pid; error_log $work/error.log;"

get() { curl --silent --show-error --http1.1 --cacert "$work/tls.crt" --resolve "localhost:$tls_port:127.0.0.1" "$@"; }
status=$(get --output /dev/null --write-out '%{http_code}' "https://localhost:$tls_port/healthz")
[ "$status" = 200 ] || { echo "/healthz through TLS: $status, want 200" >&2; exit 1; }
status=$(get --output /dev/null --write-out '%{http_code}' --max-time 2 --header 'Connection: Upgrade' --header 'Upgrade: websocket' \
  --header 'Sec-WebSocket-Version: 13' --header 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "https://localhost:$tls_port/connection/websocket" 2>/dev/null || true)
[ "$status" = 101 ] || { echo "WebSocket handshake through TLS: $status, want 101" >&2; exit 1; }
echo "TLS, /healthz and a WebSocket handshake through nginx: good"
