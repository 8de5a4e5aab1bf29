// The sending half of a stream: a bounded queue that any thread may feed, and backpressure when the reader is slow.
#pragma once

#include <grpcpp/support/status.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "libs/rpc/wire_status.h"
#include "libs/status/error.h"
#include "libs/sync/mutex.h"

namespace trivium::rpc {

struct StreamOptions {
  size_t queue_max = 64;  // Messages that wait for a slow reader; more are not taken.
};

enum class WriteResult {
  kQueued,
  kFull,   // Not taken. on_writable follows when half of the queue is free.
  kEnded,  // Not taken: the stream is over, or finishing.
};

// Thread-safe. Shared by the feeder and the call: the feeder may keep it as long as it likes.
template <typename Response>
class OutgoingStream {
 public:
  // How it reaches gRPC's reactor; valid until Detach.
  struct Transport {
    std::function<void(const Response*)> start_write;
    std::function<void(grpc::Status)> finish;
  };

  OutgoingStream(StreamOptions options, std::string trace_id, Transport transport)
      : options_(options), trace_id_(std::move(trace_id)), transport_(std::move(transport)) {}

  WriteResult Write(Response message) {
    MutexLock lock(mu_);
    if (final_.has_value()) return WriteResult::kEnded;
    if (queue_.size() >= options_.queue_max) {
      told_full_ = true;
      return WriteResult::kFull;
    }
    queue_.push_back(std::move(message));
    Pump();
    return WriteResult::kQueued;
  }

  // Ends the stream with status when what is queued has been sent. The first call counts.
  void Finish(const absl::Status& status) {
    MutexLock lock(mu_);
    if (final_.has_value()) return;
    final_ = status;
    Pump();
  }

  // Ends it at once; what is queued is dropped. Also after Finish, when the reader is too slow to wait for.
  void Abort(const absl::Status& status) {
    MutexLock lock(mu_);
    if (!final_.has_value()) final_ = status;
    // The message under way belongs to gRPC until OnWritten.
    while (queue_.size() > (writing_ ? 1u : 0u)) queue_.pop_back();
    Pump();
  }

  // Whether nothing can be written any more.
  bool ended() const {
    MutexLock lock(mu_);
    return final_.has_value();
  }
  size_t queued() const {
    MutexLock lock(mu_);
    return queue_.size();
  }

  // Called on a gRPC thread when the queue has room again after kFull. Must not block. Set it before the first Write.
  void OnWritable(std::function<void()> on_writable) {
    MutexLock lock(mu_);
    on_writable_ = std::make_shared<std::function<void()>>(std::move(on_writable));
  }

  // The rest is for the reactor.
  void OnWritten(bool ok) {
    std::shared_ptr<std::function<void()>> on_writable;
    {
      MutexLock lock(mu_);
      writing_ = false;
      queue_.pop_front();
      if (!ok && !final_.has_value()) final_ = absl::CancelledError("the reader has gone");
      if (!ok) queue_.clear();
      Pump();
      if (told_full_ && !final_.has_value() && queue_.size() <= options_.queue_max / 2) {
        told_full_ = false;
        on_writable = on_writable_;
      }
    }
    if (on_writable != nullptr && *on_writable) (*on_writable)();
  }
  // The reactor is about to go. Returns how the stream ended.
  absl::Status Detach() {
    MutexLock lock(mu_);
    transport_ = {};
    on_writable_ = nullptr;
    if (!final_.has_value()) final_ = absl::CancelledError("the reader has gone");
    return *final_;
  }

 private:
  // Hands gRPC the next message, or the status when all are sent. gRPC takes one at a time and answers from a thread of
  // its own, never inline.
  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (writing_ || finished_ || transport_.finish == nullptr) return;
    if (!queue_.empty()) {
      writing_ = true;
      transport_.start_write(&queue_.front());
    } else if (final_.has_value()) {
      finished_ = true;
      transport_.finish(ToGrpcStatus(*final_, trace_id_));
    }
  }

  const StreamOptions options_;
  const std::string trace_id_;
  mutable Mutex mu_;
  Transport transport_ ABSL_GUARDED_BY(mu_);
  std::deque<Response> queue_ ABSL_GUARDED_BY(mu_);  // Oldest first, also the one under way; at most queue_max.
  bool writing_ ABSL_GUARDED_BY(mu_) = false, finished_ ABSL_GUARDED_BY(mu_) = false,
                told_full_ ABSL_GUARDED_BY(mu_) = false;
  std::optional<absl::Status> final_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<std::function<void()>> on_writable_ ABSL_GUARDED_BY(mu_);
};

// How every stream ends when the process stops.
inline absl::Status ServerDraining() {
  return Error(absl::StatusCode::kUnavailable, "SERVER_DRAINING",
               "the server stops: open the stream again where it ended");
}

}  // namespace trivium::rpc
