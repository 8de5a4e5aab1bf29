#include "libs/fanout/presence_script.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace trivium::fanout {
namespace {

// All three keys expire with the last connection, at the same moment, so an abandoned room leaves nothing behind.
constexpr char kState[] = R"lua(
local connections, expiry, users = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function int(number) return string.format('%.0f', number) end

local function user_of(value) return string.sub(value, 2, 1 + string.byte(value)) end

local function leave(user)
  if redis.call('HINCRBY', users, user, -1) <= 0 then redis.call('HDEL', users, user) end
end

local function forget(id)
  redis.call('ZREM', expiry, id)
  local value = redis.call('HGET', connections, id)
  if not value then return 0 end
  redis.call('HDEL', connections, id)
  leave(user_of(value))
  return 1
end

local function purge()
  local expired = redis.call('ZRANGEBYSCORE', expiry, '-inf', int(now), 'LIMIT', 0, max_purge)
  for _, id in ipairs(expired) do forget(id) end
  return #expired == max_purge and 1 or 0
end
)lua";

constexpr char kRefresh[] = R"lua(
local function join(id, value)
  local old = redis.call('HGET', connections, id)
  if old == value then return 1 end
  if not old and redis.call('HLEN', connections) >= tonumber(ARGV[2]) then return 0 end
  if old then leave(user_of(old)) end
  redis.call('HSET', connections, id, value)
  redis.call('HINCRBY', users, user_of(value), 1)
  return 1
end

purge()
local answers, expires = {}, int(now + tonumber(ARGV[1]))
for i = 3, #ARGV, 3 do
  local joined = join(ARGV[i], string.char(#ARGV[i + 1]) .. ARGV[i + 1] .. ARGV[i + 2])
  if joined == 1 then redis.call('ZADD', expiry, expires, ARGV[i]) end
  table.insert(answers, joined)
end
local last = redis.call('ZRANGE', expiry, -1, -1, 'WITHSCORES')[2]
if last then
  for _, key in ipairs(KEYS) do redis.call('PEXPIREAT', key, int(tonumber(last) + 1)) end
end
return answers
)lua";

constexpr char kRemove[] = R"lua(
local removed = 0
for _, id in ipairs(ARGV) do removed = removed + forget(id) end
return removed
)lua";

constexpr char kList[] = R"lua(
local more, listed = purge(), {}
if tonumber(ARGV[1]) > 0 then
  for _, id in ipairs(redis.call('ZREVRANGE', expiry, 0, tonumber(ARGV[1]) - 1)) do
    local value = redis.call('HGET', connections, id)
    if value then
      table.insert(listed, id)
      table.insert(listed, value)
    end
  end
end
return {more, redis.call('HLEN', connections), redis.call('HLEN', users), listed}
)lua";

constexpr char kUsers[] = R"lua(
return {purge(), redis.call('HKEYS', users)}
)lua";

const redis::Script* NewScript(const char* body) {
  return new redis::Script(absl::StrCat("#!lua\nlocal max_purge = ", kMaxPurge, "\n", kState, body));
}

}  // namespace

const redis::Script& RefreshScript() {
  static const redis::Script* const script = NewScript(kRefresh);
  return *script;
}

const redis::Script& RemoveScript() {
  static const redis::Script* const script = NewScript(kRemove);
  return *script;
}

const redis::Script& ListScript() {
  static const redis::Script* const script = NewScript(kList);
  return *script;
}

const redis::Script& UsersScript() {
  static const redis::Script* const script = NewScript(kUsers);
  return *script;
}

}  // namespace trivium::fanout
