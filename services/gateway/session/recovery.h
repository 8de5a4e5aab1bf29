// What a client missed, decided by positions alone. Pure; the rules are those of the Centrifugo server
// (centrifugal/centrifuge: client.go, internal/recovery).
//
// A stream is the sequence of a channel's publications: offsets 1, 2, 3, ... within an epoch. An epoch ends when the
// history was lost: positions of another epoch mean nothing. Publications without a place (offset 0, class LOSSY) never
// take part.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/client_protocol/client_protocol.pb.h"

namespace trivium::protocol {

// Not thread-safe, as all of this file.
struct Position {
  uint64_t offset = 0;  // Of the last publication that was seen; 0: before the first.
  std::string epoch;    // "": not known, or a stream that has not begun.
};

// One place of a stream.
struct Entry {
  uint64_t offset = 0;
  // Null: the place of one that the client must not see (filtered, expired). It is no gap.
  std::shared_ptr<const Publication> publication;
};

inline constexpr size_t kMaxRecovered = 300;

struct Recovery {
  bool recovered = false;
  std::vector<Entry> entries;  // What the client missed, by offset without gaps; empty when not recovered.
};

// All or nothing: recovered only if history has every offset from client.offset + 1 to top.offset, at most max of them.
// history: entries after client.offset, ascending, that were read together with top; may have too few when the stream
// was cut at its start. A client without an epoch recovers only from the very start (offset 0).
Recovery Recover(const Position& client, const Position& top, std::vector<Entry> history, size_t max = kMaxRecovered);

// Watches the live publications of one subscription.
class PositionTracker {
 public:
  enum class Verdict {
    kDeliver,
    kSkip,          // The client has it.
    kInsufficient,  // Something is missing, or the epoch has changed: the client must recover.
  };

  explicit PositionTracker(Position start) : position_(std::move(start)) {}

  // offset 0: no place, always delivered. The first epoch is adopted where none was known, and an empty one is no news.
  Verdict Next(uint64_t offset, const std::string& epoch);
  const Position& position() const { return position_; }

 private:
  Position position_;
};

// Holds what is published between the broker's SUBSCRIBE and the reading of history, so that nothing falls between the
// two.
class SubscribeBuffer {
 public:
  // max: entries that it holds.
  explicit SubscribeBuffer(size_t max) : max_(max) {}

  void Add(const std::string& epoch, Entry entry);

  struct Merged {
    std::vector<Entry> placed;    // recovered and what came after it: sorted, each offset once, no gap.
    std::vector<Entry> unplaced;  // Without a place, in the order that they came.
    Position position;            // After placed.
  };
  // recovered: what Recover gave, ending at top; empty when the client starts at top. Nothing when a publication is
  // missing after top, the epoch is another than top's, or more came than the buffer holds: the state is then
  // insufficient. Empties the buffer.
  std::optional<Merged> Merge(std::vector<Entry> recovered, Position top);

 private:
  const size_t max_;
  bool overflown_ = false;
  std::vector<Entry> entries_;       // At most max_, as they came.
  std::vector<std::string> epochs_;  // The different ones of entries_ with a place, other than ""; at most 2 matter.
};

}  // namespace trivium::protocol
