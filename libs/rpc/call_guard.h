// The typed wrapper around every method: identity, policy, limits, trace, metrics, log, errors with details. (gRPC's
// interceptors cannot refuse a call: docs/adr has the story.)
//
//   grpc::ServerUnaryReactor* CreatePayment(grpc::CallbackServerContext* context, const CreatePaymentRequest* request,
//                                           Payment* response) override {
//     return guard_.Unary(context, "trivium.payment.v1.PaymentService/CreatePayment", [=, this](const CallContext&
//     call) {
//       return Create(call, *request, response);      // absl::Status; runs on the worker pool, may block.
//     });
//   }
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/rpc/call_context.h"
#include "libs/rpc/wire_status.h"

namespace grpc {
class CallbackServerContext;
class ServerUnaryReactor;
}  // namespace grpc
namespace trivium {
class WorkerPool;
class Metrics;
}  // namespace trivium

namespace trivium::rpc {

struct CallGuardOptions {
  absl::Duration default_deadline = absl::Seconds(10);  // For calls that come without one.
  absl::Duration max_deadline = absl::Minutes(5);
  int max_in_flight = 2000;                     // Unary calls at once; more are refused: RESOURCE_EXHAUSTED OVERLOADED.
  int max_streams = 2000;                       // Streams at once; likewise.
  absl::Duration slow_call = absl::Seconds(1);  // Slower calls get an access log line, too.
};

// Says whether a product may make one more call now: OK, or RESOURCE_EXHAUSTED RATE_LIMITED with RetryInfo and
// QuotaFailure. Thread-safe.
using ProductLimiter = std::function<absl::Status(std::string_view product)>;

// Thread-safe. One per process; outlives its calls.
class CallGuard {
 public:
  CallGuard(CallGuardOptions options, WorkerPool& pool, Clock& clock, Metrics& metrics,
            ProductLimiter limiter = nullptr);
  ~CallGuard();

  // Before the server starts: the limiter, where it is made later than the guard.
  void SetProductLimiter(ProductLimiter limiter);

  using Handler = std::function<absl::Status(const CallContext&)>;
  // Refuses, or runs handler on the worker pool, and finishes the call. method must outlive the call (a literal).
  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context, std::string_view method, Handler handler);

  // For streams: identity, policy and the number of streams, at once. On OK fills call, and StreamDone must follow.
  // libs/rpc/stream.h builds stream reactors on it. method must outlive the call (a literal).
  absl::Status AdmitStream(const grpc::CallbackServerContext& context, std::string_view method, CallContext* call);
  // Counts and logs the end of a stream.
  void StreamDone(const CallContext& call, const absl::Status& status, absl::Duration took);
  // Registers what ends a stream when the process drains (at once when it does already). The result is for
  // RemoveDrainHook.
  uint64_t AddDrainHook(std::function<void()> hook);
  // Afterwards the hook does not run any more; must not be called from a hook.
  void RemoveDrainHook(uint64_t id);
  // The process stops: every stream ends with UNAVAILABLE SERVER_DRAINING, also those that come later. Unary calls go
  // on.
  void Drain();

  // Unary calls that run or wait now; the admin port shows them.
  int in_flight() const;
  struct Running {
    std::string method, caller, product, trace_id;
    absl::Duration age;
  };
  // At most `max` of them, oldest first.
  std::vector<Running> RunningCalls(size_t max) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::rpc
