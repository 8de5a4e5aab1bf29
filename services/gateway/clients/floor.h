// What all clients of this gateway share, and how the channels' publications reach them: the floor that they stand on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/clock/clock.h"
#include "libs/id/id.h"
#include "libs/sync/mutex.h"
#include "libs/sync/worker_pool.h"
#include "libs/telemetry/metrics.h"
#include "services/gateway/auth/token_checker.h"
#include "services/gateway/clients/admission.h"
#include "services/gateway/clients/clients.h"
#include "services/gateway/clients/delivery_counts.h"
#include "services/gateway/clients/feed_book.h"
#include "services/gateway/clients/presence_keeper.h"
#include "services/gateway/clients/product_meters.h"
#include "services/gateway/clients/push_link.h"
#include "services/gateway/connection/hub.h"
#include "services/gateway/connection/reactor_pool.h"
#include "services/gateway/execution/executor.h"
#include "services/gateway/session/session.h"

namespace trivium::gateway {

class Client;

// A reactor's clients. Its thread's alone.
struct Shard {
  Hub hub;                       // Members by ChannelSlot::key.
  std::vector<Client*> clients;  // All; each knows its index.
};

// The way to the reactors for answers of parts that live longer than they.
class ReactorGate {
 public:
  bool Run(ConnectionId id, absl::AnyInvocable<void(Connection&)> fn) {
    MutexLock lock(mu_);
    return reactors_ != nullptr && reactors_->Run(id, std::move(fn));
  }
  // Null: closed.
  void Set(ReactorPool* reactors) {
    MutexLock lock(mu_);
    reactors_ = reactors;
  }

 private:
  Mutex mu_;
  ReactorPool* reactors_ ABSL_GUARDED_BY(mu_) = nullptr;
};

// Members are set before the first client comes and stay until the last has gone; all are thread-safe but the shards.
class Floor : public FeedBook::Floor {
 public:
  Floor(Clock& clock, Metrics& metrics, TokenChecker& tokens, Executor& executor)
      : clock(clock), metrics(metrics), tokens(tokens), executor(executor) {}

  // FeedBook::Floor.
  void Deliver(int reactor, LivePtr live) override;
  void Lose(int reactor, const SlotPtr& slot) override;
  void Obey(int reactor, const SlotPtr& slot, const DisconnectOrder& order) override;
  void Obey(int reactor, const SlotPtr& slot, const LeaveRoomOrder& order) override;
  void Forget(const SlotPtr& slot, const LeaveRoomOrder& order) override;
  void Joined(const WaitingJoin& join, const SlotPtr& slot, absl::StatusOr<protocol::JoinedChannel> joined) override;
  void Restore(const SlotPtr& slot, std::function<void(const absl::Status&)> done) override;

  int64_t NowMs() const { return absl::ToUnixMillis(clock.Now()); }

  Clock& clock;
  Metrics& metrics;
  TokenChecker& tokens;
  Executor& executor;
  std::function<void(const ConnectionEnd&)> ended;  // May be null.
  protocol::SessionOptions session;
  // Of what one question brings at once: more would fill a client's queue, and close it for being slow, every time.
  size_t answer_bytes_max = 256 << 10;
  std::vector<Shard> shards;  // By reactor.
  std::unique_ptr<IdGenerator> ids;
  std::unique_ptr<AllProductMeters> meters;
  std::unique_ptr<DeliveryCounts> counts;
  std::unique_ptr<Admission> admission;
  std::shared_ptr<PushLinks> links;  // The native command's, too.
  std::unique_ptr<PresenceKeeper> presence;
  std::unique_ptr<FeedBook> feeds;
  // Signatures are checked away from the reactors: in a storm of connects they would hold up everybody's messages, and
  // the way there and back costs a fifth of a check.
  std::unique_ptr<WorkerPool> token_pool;
  std::unique_ptr<ReactorPool> reactors;
  const std::shared_ptr<ReactorGate> gate = std::make_shared<ReactorGate>();

 private:
  template <typename Each>
  void EachMember(int reactor, const SlotPtr& slot, Each each);
};

}  // namespace trivium::gateway
