// An epoll loop and its connections: one thread, which alone touches them.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/clock/clock.h"
#include "services/gateway/connection/connection.h"
#include "services/gateway/connection/hub.h"
#include "services/gateway/connection/options.h"
#include "services/gateway/connection/queue_budget.h"
#include "services/gateway/connection/submission_queue.h"

namespace trivium::gateway {

struct Loop;
class SocketConnection;

// Thread-safe but for Turn. A submission is done in the order of its thread's calls, some time later; false says that
// it was refused: options.max_submissions wait already, or the reactor has stopped.
class Reactor {
 public:
  // index: in the pool; part of the ids. budget: bytes queued in the whole process. clock, metrics, budget: not owned;
  // outlive this. INVALID_ARGUMENT for wrong options, RESOURCE_EXHAUSTED when the process is out of descriptors.
  static absl::StatusOr<std::unique_ptr<Reactor>> New(uint16_t index, const ReactorOptions& options,
                                                      QueueBudget& budget, Clock& clock, Metrics& metrics);
  // Stops, without grace.
  ~Reactor();

  // Takes a connection over; the socket is closed in any case of error, and the handler hears nothing.
  // RESOURCE_EXHAUSTED CONNECTION_LIMIT (the client is told 3504) or SUBMISSION_QUEUE_FULL; INVALID_ARGUMENT for a
  // form or a handler that isn't.
  absl::Status Adopt(AcceptedSocket socket);
  // Runs fn on the reactor's thread.
  bool Post(Submission fn);
  // Runs fn with the connection, if it is still open then.
  bool Run(ConnectionId id, absl::AnyInvocable<void(Connection&)> fn);
  bool Send(ConnectionId id, SharedFrame frame, FrameClass frame_class);
  bool Close(ConnectionId id, uint16_t code, std::string reason);
  // Sends to all members of the channel: one submission, no allocation and no lock a connection.
  bool Publish(std::string channel, FrameForms frames, FrameClass frame_class);
  // Sends to those of the connections that are this reactor's and open.
  bool Broadcast(std::vector<ConnectionId> ids, FrameForms frames, FrameClass frame_class);

  // Connections that are open or being opened.
  int connections() const { return connections_.load(std::memory_order_relaxed); }

  // Starts the thread.
  void Start();
  // Refuses submissions, closes all connections with the code, ends when they are gone or `grace` is over. Not from a
  // handler. Idempotent.
  void Stop(uint16_t code, std::string_view reason, absl::Duration grace);
  // Without a thread (tests): waits at most so long for something to do, and does it.
  void Turn(absl::Duration max_wait);

 private:
  struct Slot {
    std::unique_ptr<SocketConnection> connection;
    uint32_t generation = 0;
  };

  Reactor(uint16_t index, const ReactorOptions& options, QueueBudget& budget, Clock& clock, Metrics& metrics);
  absl::Status Init();
  absl::Status RefuseOverLimit(const AcceptedSocket& socket);
  void Open(AcceptedSocket socket);
  SocketConnection* Find(ConnectionId id);
  int WaitMs(absl::Duration max_wait) const;
  void HandleEvents(int wait_ms);
  void RunSubmissions();
  void FlushSome();
  void ShareBudget();
  void CloseLongestQueue();
  void Bury();
  void CloseAll(uint16_t code, std::string_view reason);
  void CutAll();
  template <typename Each>
  void ForEachOpen(Each&& each);

  const uint16_t index_;
  QueueBudget& budget_;
  int64_t shared_bytes_ = 0;  // Of the budget, this reactor's.
  SubmissionQueue submissions_;
  std::atomic<int> connections_{0};
  std::unique_ptr<Loop> loop_;  // Before slots_: connections use it.
  uint64_t turn_end_us_;        // Of the last turn.
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;
  std::vector<Submission> batch_;  // Taken from submissions_; [next_, end) is to be done.
  size_t next_ = 0;
  bool over_budget_ = false;
  std::function<void(Connection&)> closing_all_;  // Set by Stop: what every connection gets.
  std::atomic<bool> stopping_{false};
  std::thread thread_;  // Last: it uses the rest.
};

}  // namespace trivium::gateway
