// The Lua scripts of presence. Each touches the three keys of one channel, so the counts always agree with the
// connections. KEYS of all: connections, expiry, users.
#pragma once

#include "libs/redis/script.h"

namespace trivium::fanout {

// What one call forgets of expired connections, so that it does not hold Redis up for long.
inline constexpr int kMaxPurge = 1000;

// ARGV: TTL ms, connections that the channel may have; then for each connection: id, user, info.
// Answer: for each 1, or 0 when the channel was full.
const redis::Script& RefreshScript();

// ARGV: ids. Answer: how many were there.
const redis::Script& RemoveScript();

// ARGV: limit. Answer: {1 when expired ones are left: ask again, connections, users, {id, value, id, value, ...}} where
// value = one byte with the length of the user id, the user id, the info.
const redis::Script& ListScript();

// Answer: {1 when expired ones are left: ask again, {user, user, ...}}.
const redis::Script& UsersScript();

}  // namespace trivium::fanout
