// Writes messages into channels: into the history and, in the same step, to those who listen.
//
//   const auto outcomes = publisher->Append({{.channel = {"acme", "room:r1"}, .payload = bytes}}, deadline);
//
// Outcomes are those of libs/redis. UNKNOWN REDIS_OUTCOME_UNKNOWN (redis::IsOutcomeUnknown): the answer was lost, the
// message may be there. One with a sequence or an idempotency key may then be appended again: it is there once, except
// when Redis itself has lost it. Every other error: nothing was changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/fanout/channel.h"
#include "libs/fanout/envelope.h"

namespace trivium {
class IdGenerator;
class Metrics;
namespace redis {
class Client;
}
}  // namespace trivium

namespace trivium::fanout {

inline constexpr size_t kMaxBatch = 1000;           // Messages of one Append or PublishOnly.
inline constexpr size_t kMaxBatchBytes = 64 << 20;  // Of their payloads together.
inline constexpr size_t kMaxIdempotencyKeyBytes = 128;
inline constexpr int64_t kMaxHistorySize = 10'000;
inline constexpr absl::Duration kMaxHistoryTtl = absl::Hours(24 * 7);
inline constexpr absl::Duration kMaxIdempotencyTtl = absl::Hours(24 * 7);

// What is kept of a channel. The same for all messages of a channel, or the newest one's counts.
struct HistoryOptions {
  int64_t size = 300;                      // Newest messages, 1 to kMaxHistorySize; Redis may keep up to 100 more.
  absl::Duration ttl = absl::Minutes(10);  // After the newest message all are forgotten, 1 ms to kMaxHistoryTtl.
};

struct Message {
  Channel channel;
  std::string payload;  // At most kMaxPayloadBytes; opaque.
  HistoryOptions history;
  // Its place in the caller's own order of the channel: dense from 1, at most kMaxOffset. 0: it has none.
  int64_t sequence = 0;
  // At most kMaxIdempotencyKeyBytes. A message of the same channel and key within idempotency_ttl (1 ms to
  // kMaxIdempotencyTtl) is not appended again. "": none.
  std::string idempotency_key;
  absl::Duration idempotency_ttl = absl::Hours(1);
};

enum class Outcome {
  kDone,         // Appended, or restored, by this call.
  kAlready,      // It was there: nothing was changed or published.
  kNeedRestore,  // Something before it is missing: nothing was changed. Restore the channel after last_sequence.
};

struct Result {
  Outcome outcome = Outcome::kDone;
  // kDone: of the message, or of the last entry restored. kAlready: of the first time; offset 0 when a sequence is no
  // longer among the newest 100 messages. kNeedRestore: the channel's top.
  Position position;
  int64_t last_sequence = 0;  // The channel's newest sequence after the call; 0: none.
};

struct SequencedPayload {
  int64_t sequence = 0;
  std::string payload;
};

// A part of a channel's order: `entries` are all that is still worth keeping of the sequences after < s <= through.
struct Restoration {
  Channel channel;
  HistoryOptions history;
  int64_t after = 0;                      // Result.last_sequence of the answer kNeedRestore, or less.
  int64_t through = 0;                    // after < through <= kMaxOffset.
  std::vector<SequencedPayload> entries;  // By sequence, strictly ascending; at most kMaxHistorySize. May be empty.
  bool publish = false;  // As Kind::kRestored. If not, listeners see a gap at the next message, and read the history.
};

struct PublisherOptions {
  // What a channel's epoch, offset and sequence outlive its newest message by; at least four times kMaxHistoryTtl, so
  // that a history never outlives its epoch.
  absl::Duration meta_ttl = absl::Hours(24 * 30);
};

// Thread-safe; blocks the caller. Any number of publishers, on any machines, may work on the same channels.
class Publisher {
 public:
  virtual ~Publisher() = default;

  // Appends messages; an outcome for each, in their order. Each channel's messages get their offsets, and are
  // published, in the order of the batch; after an error of one, later ones of its channel may still be appended.
  // A message with sequence s: appended when s - 1 is the channel's last; kAlready when s or a later one is there;
  // kNeedRestore otherwise, also when the channel's state was lost. INVALID_ARGUMENT FIELD_INVALID for the wrong ones;
  // for all when the batch is over kMaxBatch or kMaxBatchBytes.
  virtual std::vector<absl::StatusOr<Result>> Append(std::span<const Message> messages, absl::Time deadline) = 0;

  // Publishes without a place: no offset, no history, lost where nobody listens. UNKNOWN: may have been published.
  // history, sequence and idempotency_key must be left alone.
  virtual std::vector<absl::Status> PublishOnly(std::span<const Message> messages, absl::Time deadline) = 0;

  // Writes a part of the order, in chunks of at most kRestoreChunk entries. Each chunk is a compare-and-append: it
  // covers a range of sequences, appends what lies after the channel's last one, and is refused when the channel's last
  // one lies before the range. So several restorers and appenders at once leave no gap, no duplicate, and the order,
  // without any lease. kAlready: another was faster; kNeedRestore: the channel is, or was again, without its state:
  // begin anew after last_sequence. UNKNOWN: repeat it.
  virtual absl::StatusOr<Result> Restore(const Restoration& restoration, absl::Time deadline) = 0;
};
inline constexpr size_t kRestoreChunk = 128;

// Epochs are made of ids. INVALID_ARGUMENT FIELD_INVALID for wrong options. The references outlive it.
absl::StatusOr<std::unique_ptr<Publisher>> NewPublisher(PublisherOptions options, redis::Client& client,
                                                        IdGenerator& ids, Metrics& metrics);

}  // namespace trivium::fanout
