// Server streams of control, read by a thread that wants to wait for the next message with a time limit.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <functional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/control_client/watch_loop.h"
#include "libs/rpc/wire_status.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/trace.h"

namespace trivium::control_client {

// Next, Cancel: thread-safe. The destructor cancels the stream and waits for its end.
template <typename Response>
class ReadSession : public grpc::ClientReadReactor<Response> {
 public:
  // open: starts the call: [&](auto* context, auto* reactor) { stub->async()->Watch(context, &request, reactor); }
  template <typename OpenFn>
  explicit ReadSession(OpenFn open) {
    open(&context_, this);
    this->StartRead(&incoming_);
    this->StartCall();
  }
  ~ReadSession() override {
    context_.TryCancel();
    MutexLock lock(mu_);
    while (!done_) changed_.Wait(mu_);
  }

  enum class Outcome { kMessage, kSilence, kEnded };
  // The next message, at the latest after `limit` of real time. One at a time: gRPC reads the following one afterwards,
  // so a slow reader slows the sender.
  Outcome Next(absl::Duration limit, Response* message) {
    const absl::Duration until = Clock::Real().Monotonic() + limit;
    MutexLock lock(mu_);
    while (!has_message_ && !done_) {
      const absl::Duration left = until - Clock::Real().Monotonic();
      if (left <= absl::ZeroDuration()) return Outcome::kSilence;
      changed_.WaitFor(mu_, left);
    }
    if (!has_message_) return Outcome::kEnded;
    *message = std::move(incoming_);
    has_message_ = false;
    this->StartRead(&incoming_);
    return Outcome::kMessage;
  }
  // Ends a Next that waits, too.
  void Cancel() { context_.TryCancel(); }
  // After kEnded.
  grpc::Status status() const {
    MutexLock lock(mu_);
    return status_;
  }
  grpc::ClientContext& context() { return context_; }

 private:
  void OnReadDone(bool ok) override {
    MutexLock lock(mu_);
    if (!ok) return;  // OnDone follows.
    has_message_ = true;
    changed_.NotifyAll();
  }
  void OnDone(const grpc::Status& status) override {
    MutexLock lock(mu_);
    status_ = status;
    done_ = true;
    changed_.NotifyAll();
  }

  grpc::ClientContext context_;
  mutable Mutex mu_;
  CondVar changed_;
  Response incoming_;  // gRPC's while a read is under way, ours while has_message_.
  bool has_message_ ABSL_GUARDED_BY(mu_) = false, done_ ABSL_GUARDED_BY(mu_) = false;
  grpc::Status status_ ABSL_GUARDED_BY(mu_);
};

// One connection of loop: hands each message to apply until the stream ends, control is silent, or apply returns why it
// should end (empty: go on). Returns what ended it. open: as ReadSession's.
template <typename Response, typename OpenFn, typename ApplyFn>
std::string FollowStream(WatchLoop& loop, OpenFn open, ApplyFn apply) {
  using Session = ReadSession<Response>;
  Session session([&](grpc::ClientContext* context, Session* reactor) {
    context->AddMetadata(std::string(kTraceparent), TraceContext::NewRoot().ToHeader());
    open(context, reactor);
  });
  loop.SetInterrupt([&session] { session.Cancel(); });
  std::string end;
  Response response;
  while (end.empty()) {
    switch (session.Next(kSilence, &response)) {
      case Session::Outcome::kMessage:
        loop.Connected();
        end = apply(std::move(response));
        break;
      case Session::Outcome::kSilence:
        end = "silence";
        break;
      case Session::Outcome::kEnded:
        end = rpc::FromGrpcStatus(session.status()).ToString();
        break;
    }
  }
  loop.SetInterrupt(nullptr);
  return end;
}

}  // namespace trivium::control_client
