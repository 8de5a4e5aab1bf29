// The reactors of a process, one a core, as one.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/gateway/connection/connection.h"
#include "services/gateway/connection/hub.h"
#include "services/gateway/connection/options.h"
#include "services/gateway/connection/queue_budget.h"
#include "services/gateway/connection/reactor.h"

namespace trivium::gateway {

// Thread-safe. Calls return at once and are done a little later; false as with Reactor: a reactor's queue is full, or
// the pool has stopped.
class ReactorPool {
 public:
  static constexpr int kMaxReactors = 256;

  // Starts the threads. reactors: 0 for one a core. INVALID_ARGUMENT for wrong options or a number outside
  // 0-kMaxReactors. clock, metrics: not owned; outlive this.
  static absl::StatusOr<std::unique_ptr<ReactorPool>> Start(int reactors, const ReactorOptions& options, Clock& clock,
                                                            Metrics& metrics);

  // To the reactor with the fewest connections; see Reactor::Adopt.
  absl::Status Adopt(AcceptedSocket socket);
  int size() const { return static_cast<int>(reactors_.size()); }
  // Runs fn on the thread of the reactor with this index, [0, size()).
  bool Post(int index, Submission fn) { return reactors_[static_cast<size_t>(index)]->Post(std::move(fn)); }
  bool Run(ConnectionId id, absl::AnyInvocable<void(Connection&)> fn);
  bool Send(ConnectionId id, SharedFrame frame, FrameClass frame_class);
  bool Close(ConnectionId id, uint16_t code, std::string reason);
  // To all members of a channel. False: a reactor refused it, others may have taken it.
  bool Publish(std::string_view channel, const FrameForms& frames, FrameClass frame_class);
  // To those of the connections that are open. One submission for each reactor that has some of them.
  bool Broadcast(std::span<const ConnectionId> ids, const FrameForms& frames, FrameClass frame_class);
  int connections() const;

  // Closes all connections with the code; returns when they are gone or `grace` is over. Idempotent.
  void Stop(uint16_t code, std::string_view reason, absl::Duration grace);

 private:
  ReactorPool() = default;
  Reactor* Of(ConnectionId id) { return id.reactor < reactors_.size() ? reactors_[id.reactor].get() : nullptr; }

  QueueBudget budget_;
  std::vector<std::unique_ptr<Reactor>> reactors_;
};

}  // namespace trivium::gateway
