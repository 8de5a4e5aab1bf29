// All channels that this gateway listens to: joins them to Redis, and to the reactors that have members of them.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/clock/clock.h"
#include "libs/fanout/history_reader.h"
#include "libs/fanout/receiver.h"
#include "libs/sync/batcher.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "services/gateway/clients/delivery_counts.h"
#include "services/gateway/clients/feed.h"
#include "services/gateway/clients/product_meters.h"
#include "services/gateway/connection/connection.h"
#include "services/gateway/session/channel_name.h"

namespace trivium::gateway {

class Client;

// A join that waits for its channel.
struct WaitingJoin {
  ConnectionId connection;
  Client* client = nullptr;  // Valid as long as the connection is.
  protocol::Ticket ticket = 0;
  std::optional<protocol::Position> from;
  absl::Duration since;  // Set by the book.
};

// A channel of a product. What is public never changes.
class ChannelSlot {
 public:
  ChannelSlot(std::string product, std::string name, protocol::ChannelKind kind, FeedLimits limits, int reactors,
              ProductMeters& meters);

  const std::string product, name, key;  // key: "product/name".
  const protocol::ChannelKind kind;
  ProductMeters& meters;  // Not owned; outlives this.

 private:
  friend class FeedBook;
  Mutex mu_;
  Feed feed_ ABSL_GUARDED_BY(mu_);
  std::vector<uint32_t> members_by_reactor_ ABSL_GUARDED_BY(mu_);
  std::array<uint32_t, kForms> members_by_form_ ABSL_GUARDED_BY(mu_){};
  std::vector<WaitingJoin> waiting_ ABSL_GUARDED_BY(mu_);  // Of connections that are open, or were a moment ago.
  absl::Duration empty_since_ ABSL_GUARDED_BY(mu_);
  absl::Duration checked_ ABSL_GUARDED_BY(mu_);  // Position known to be Redis's: heard something, or asked.
  size_t counted_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  uint32_t members_ ABSL_GUARDED_BY(mu_) = 0;
  bool dropped_ ABSL_GUARDED_BY(mu_) = false;  // Not in the book any more.
};
using SlotPtr = std::shared_ptr<ChannelSlot>;

// A publication on its way to a reactor's members.
struct LivePublication {
  SlotPtr slot;
  PublicationPtr publication;
  protocol::Entry entry;  // Without its body when it came too late.
  FrameForms frames;
  uint64_t tag = 0;  // Of DeliveryCounts; 0: not counted.
};
using LivePtr = std::shared_ptr<const LivePublication>;

struct FeedBookOptions {
  FeedLimits feed;
  int reactors = 1;
  size_t all_rings_bytes_max = 256 << 20;
  absl::Duration grace = absl::Seconds(15);
  absl::Duration check_interval = absl::Seconds(40);
  size_t channels_max = 100'000;
  absl::Duration redis_timeout = absl::Seconds(2);
  size_t queue_max = 50'000;
};

// Thread-safe.
class FeedBook : private fanout::ReceiverListener {
 public:
  // What the members' side does. Called in the order in which members are to see it, under a channel's lock: must only
  // hand over to the reactor.
  class Floor {
   public:
    virtual ~Floor() = default;
    virtual void Deliver(int reactor, LivePtr live) = 0;
    // Members miss something of the channel.
    virtual void Lose(int reactor, const SlotPtr& slot) = 0;
    virtual void Obey(int reactor, const SlotPtr& slot, const DisconnectOrder& order) = 0;
    virtual void Obey(int reactor, const SlotPtr& slot, const LeaveRoomOrder& order) = 0;
    // As above, once, also when no member is here.
    virtual void Forget(const SlotPtr& slot, const LeaveRoomOrder& order) = 0;
    virtual void Joined(const WaitingJoin& join, const SlotPtr& slot,
                        absl::StatusOr<protocol::JoinedChannel> joined) = 0;
    // Not under a lock. done: when the channel's history has been brought back, or not.
    virtual void Restore(const SlotPtr& slot, std::function<void(const absl::Status&)> done) = 0;
  };

  // All: not owned, outlive this.
  FeedBook(FeedBookOptions options, Floor& floor, fanout::HistoryReader& reader, DeliveryCounts& counts,
           AllProductMeters& meters, Clock& clock, Metrics& metrics);
  ~FeedBook() override;

  // Begins to listen. Before anything else.
  absl::Status Start(redis::SubscriberOptions options);
  // Ends all threads. Idempotent.
  void Stop();

  // One more member on this reactor: its live publications come from now on. RESOURCE_EXHAUSTED when there are too many
  // channels. returns: Join will have a position.
  absl::StatusOr<SlotPtr> Enter(const std::string& product, const std::string& name, int reactor, int form,
                                bool returns);
  void Leave(const SlotPtr& slot, int reactor, int form);
  // What the member gets; nothing: Floor::Joined will say it, within some seconds. After Enter.
  std::optional<protocol::JoinedChannel> Join(const SlotPtr& slot, WaitingJoin join);

  // As Feed::ReliableIds; none when the epoch is not the channel's. epoch "": the channel's, as a client says that
  // joined before the first message: members do not outlive an epoch.
  std::vector<Id> ReliableIds(const SlotPtr& slot, const std::string& epoch, uint64_t after, uint64_t* through,
                              size_t max);
  // Which of the publications did not come live after this offset.
  std::vector<PublicationPtr> NotCameAfter(const SlotPtr& slot, uint64_t offset, std::vector<PublicationPtr> some);

  // A client's own question. False: too many wait.
  bool ReadHistory(fanout::Query query, absl::AnyInvocable<void(absl::StatusOr<fanout::History>)> done);
  bool connected() const;
  size_t channels() const;

 private:
  using Loader = Batcher<fanout::Query, absl::StatusOr<fanout::History>>;
  enum class After { kNothing, kRestore };

  // fanout::ReceiverListener.
  void OnEnvelope(fanout::ChannelView channel, const fanout::Envelope& envelope) override;
  void OnSubscribed(fanout::ChannelView channel) override;
  void OnLost() override;

  SlotPtr Find(fanout::ChannelView channel);
  static void ExpectReturn(ChannelSlot& slot);
  std::vector<SlotPtr> All();
  void Hear(const SlotPtr& slot, FanoutMessage message);
  After Apply(const SlotPtr& slot, Feed::Effects effects) ABSL_EXCLUSIVE_LOCKS_REQUIRED(slot->mu_);
  void Deliver(const SlotPtr& slot, PublicationPtr publication) ABSL_EXCLUSIVE_LOCKS_REQUIRED(slot->mu_);
  void AnswerWaiting(const SlotPtr& slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(slot->mu_);
  void FailWaiting(const SlotPtr& slot, const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(slot->mu_);
  void Read(const SlotPtr& slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(slot->mu_);
  void OnHistory(const SlotPtr& slot, uint64_t number, absl::StatusOr<fanout::History> history);
  void Do(const SlotPtr& slot, After after);
  void CountBytes(ChannelSlot& slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(slot.mu_);
  void RunSweeps();
  void Sweep();
  void Inspect(const SlotPtr& slot, bool trim);
  void DropEmpty();
  int64_t NowMs() const { return absl::ToUnixMillis(clock_.Now()); }

  const FeedBookOptions options_;
  Floor& floor_;
  DeliveryCounts& counts_;
  AllProductMeters& meters_;
  Clock& clock_;
  Metrics& metrics_;
  Counter& malformed_;
  Loader loader_;
  std::unique_ptr<fanout::Receiver> receiver_;
  mutable Mutex mu_;  // Before a slot's.
  CondVar wake_;
  absl::flat_hash_map<std::string, SlotPtr> slots_ ABSL_GUARDED_BY(mu_);  // By key; at most channels_max.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::atomic<int64_t> ring_bytes_{0};
  std::thread sweeper_;
};

}  // namespace trivium::gateway
