// Names of channels and of all that Redis keeps for them. This file alone fixes the key formats; the README lists them.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trivium::fanout {

inline constexpr size_t kMaxProductBytes = 64;
inline constexpr size_t kMaxNameBytes = 128;

// A channel of a product: {"acme", "room:r1"}. What a name means is its users' to know.
struct Channel {
  std::string product;  // 1-64 of A-Z a-z 0-9 . _ -
  std::string name;     // 1-128 of the visible ASCII characters except { and }.

  auto operator<=>(const Channel&) const = default;
};

// A place in a channel's history.
struct Position {
  std::string epoch;   // "": the channel has no history.
  int64_t offset = 0;  // Of a message, dense from 1 within the epoch; 0: before the first, or not known any more.

  friend bool operator==(const Position&, const Position&) = default;
};

// As Channel, of text that somebody else keeps.
struct ChannelView {
  ChannelView(std::string_view product, std::string_view name) : product(product), name(name) {}
  ChannelView(const Channel& channel)  // NOLINT(google-explicit-constructor): a view, as std::string_view is.
      : product(channel.product), name(channel.name) {}

  std::string_view product, name;

  friend bool operator==(const ChannelView&, const ChannelView&) = default;
};

// Fields and what is wrong with them, as FieldsError wants them.
using Violations = std::vector<std::pair<std::string, std::string>>;
// Adds what is wrong with a channel; path: of the field, "items[3].channel".
void CheckChannel(ChannelView channel, std::string_view path, Violations* violations);

// What Redis keeps for a channel. All keys of one carry the hash tag {product/name}, so they are in one slot and a
// script may touch them together.
enum class Key {
  kMeta,         // Hash: lineage, epoch, offset, sequence.
  kHistory,      // Stream: an entry "<offset>-0" with s (sequence, or 0) and d (payload).
  kOnce,         // String "<epoch> <offset>": the result of an idempotency key, which is appended.
  kEvents,       // No key, but the name of the pub/sub channel.
  kConnections,  // Hash: connection id -> user id and info.
  kExpiry,       // Sorted set: connection id by expiry, Unix ms of Redis.
  kUsers,        // Hash: user id -> number of connections.
};
// "fanout:meta:{acme/room:r1}". The channel must be a valid one: others may share a key.
std::string KeyOf(Key key, ChannelView channel);
// "fanout:once:{acme/room:r1}:<idempotency key>".
std::string OnceKeyOf(ChannelView channel, std::string_view idempotency_key);

// The channel in a pub/sub channel's name; views into it. Nothing for any other text.
std::optional<ChannelView> ParseEventsName(std::string_view name);

}  // namespace trivium::fanout
