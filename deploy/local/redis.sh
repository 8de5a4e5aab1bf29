# shellcheck shell=bash
# A private Redis, one node. Debian's redis-tools brings the server without its daemon: the checker of dumps is the server when it is
# started under the server's name.

prepare_redis() {
  render redis.conf "$home/etc/redis.conf"
  mkdir --parents "$home/data/redis"
  local server
  if server=$(command -v redis-server); then
    define_service redis "$server" "$home/etc/redis.conf"
  else
    # shellcheck disable=SC2016  # The inner bash expands.
    define_service redis bash -c 'exec -a redis-server /usr/bin/redis-check-rdb "$1"' redis "$home/etc/redis.conf"
  fi
}

# It takes writes, and has read its data back. A key of its own, gone at once.
redis_answers() { [ "$(redis_command SET trivium:trv:ready 1 PX 1000)" = OK ]; }

# redis_command WORD...: the answer, "" when there is none.
redis_command() { timeout 5 redis-cli -h 127.0.0.1 -p "$(port redis)" "$@" 2>/dev/null || true; }
