// Writes LOSSY and ORDERED messages down after they have been sent, in batches: a room's likes cost the database a row
// each, but no caller a wait. A crash loses the rows of the last moment, not the messages.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/sync/mutex.h"
#include "services/push/metrics.h"
#include "services/push/store/store.h"

namespace trivium::push {

// Data of messages that wait.
inline constexpr size_t kRecordBytesMax = 64 << 20;

// Thread-safe.
class Recorder {
 public:
  // queue_max: messages that may wait. References outlive it.
  Recorder(size_t queue_max, Store& store, Clock& clock, PushMetrics& metrics)
      : queue_max_(queue_max), store_(store), clock_(clock), metrics_(metrics) {}
  ~Recorder() { Stop(); }
  void Start();
  // Writes down what waits, for a few seconds at most. Idempotent.
  void Stop();

  // Keeps room for messages that are about to be sent: Add or Release must follow. OK, or RESOURCE_EXHAUSTED
  // OVERLOADED.
  absl::Status Reserve(size_t messages, size_t bytes);
  // What was reserved and has not been sent.
  void Release(size_t messages, size_t bytes);
  // A message that was sent, for which room was reserved.
  void Add(Message message);

  // A message that waits, as it will be recorded.
  std::optional<Message> Find(const std::string& product, const Id& message_id);

 private:
  void Run();
  std::vector<Message> TakeBatch();
  // Until it is done, or the process ends.
  void Write(std::vector<Message> batch);
  bool PauseAndGoOn(absl::Duration pause);

  const size_t queue_max_;
  Store& store_;
  Clock& clock_;
  PushMetrics& metrics_;
  Mutex mu_;
  CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  size_t reserved_ ABSL_GUARDED_BY(mu_) = 0, bytes_
                                             ABSL_GUARDED_BY(mu_) = 0;  // The queue and what is being written too.
  std::deque<Message> queue_ ABSL_GUARDED_BY(mu_);                      // Oldest first.
  std::vector<Message> writing_ ABSL_GUARDED_BY(mu_);
  absl::Time give_up_ ABSL_GUARDED_BY(mu_) = absl::InfiniteFuture();
  std::thread thread_;
};

}  // namespace trivium::push
