// Listens to channels: hears every message that a publisher writes, in the order of their offsets.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/fanout/channel.h"
#include "libs/fanout/envelope.h"
#include "libs/redis/subscriber.h"

namespace trivium::fanout {

// Called by the receiver's thread, one call at a time; the views live as long as the call. A slow call holds the
// reading back (redis::SubscriberListener says what comes of that). May call Subscribe and Unsubscribe.
class ReceiverListener {
 public:
  virtual ~ReceiverListener() = default;
  virtual void OnEnvelope(ChannelView channel, const Envelope& envelope) = 0;
  // From now on the channel's envelopes come: read the history now, and there is no hole between the two. Comes again
  // after each OnLost.
  virtual void OnSubscribed(ChannelView channel) = 0;
  // Envelopes of any channel may be missed until its next OnSubscribed.
  virtual void OnLost() = 0;
};

// Thread-safe; never blocks on the network. Bytes that are no envelope of a channel are counted and dropped. In a
// cluster envelopes travel between the nodes, and a node may lose some without a word: who must not miss any compares
// its position with the channel's (HistoryReader::ReadPosition) from time to time.
class Receiver {
 public:
  virtual ~Receiver() = default;
  // All or none. INVALID_ARGUMENT FIELD_INVALID; RESOURCE_EXHAUSTED REDIS_CHANNELS_FULL over options.max_channels.
  virtual absl::Status Subscribe(const std::vector<Channel>& channels) = 0;
  // After it returned, at most the call of the listener that is running is still about them.
  virtual void Unsubscribe(const std::vector<Channel>& channels) = 0;
  // Whether it is connected now. For boards; not for decisions.
  virtual bool connected() const = 0;
};
// listener: not owned, outlives it.
absl::StatusOr<std::unique_ptr<Receiver>> NewReceiver(redis::SubscriberOptions options, ReceiverListener& listener,
                                                      Clock& clock, Metrics& metrics);

}  // namespace trivium::fanout
