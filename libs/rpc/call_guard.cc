#include "libs/rpc/call_guard.h"

#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/status.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/ha/concurrency_limiter.h"
#include "libs/log/log.h"
#include "libs/rpc/call_metrics.h"
#include "libs/rpc/call_table.h"
#include "libs/rpc/identity.h"
#include "libs/rpc/method_policy.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/sync/mutex.h"
#include "libs/sync/worker_pool.h"
#include "libs/telemetry/metrics.h"
#include "libs/telemetry/trace.h"

namespace trivium::rpc {
namespace {

// Value of a metadata key, or "". Two values for one of our keys are two opinions: joined, so that no check takes them
// for a name.
std::string Header(const grpc::CallbackServerContext& context, std::string_view key) {
  const auto [begin, end] = context.client_metadata().equal_range(grpc::string_ref(key.data(), key.size()));
  std::string value;
  for (auto it = begin; it != end; ++it) {
    if (it != begin) value += ',';
    value.append(it->second.data(), it->second.size());
  }
  return value;
}

// What the client's clock says, turned into ours: gRPC counts in real time, tests need not.
absl::Duration TimeLeft(const grpc::CallbackServerContext& context, const CallGuardOptions& options) {
  const auto deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return options.default_deadline;
  return std::min(absl::FromChrono(deadline - std::chrono::system_clock::now()), options.max_deadline);
}

absl::Status Overloaded(std::string_view what) {
  return Error(absl::StatusCode::kResourceExhausted, "OVERLOADED", what).RetryAfter(absl::Milliseconds(100));
}

// Codes that say a server is at fault, or might be.
log::Level LevelOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      return log::Level::kError;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnimplemented:
      return log::Level::kWarning;
    default:
      return log::Level::kInfo;
  }
}

// Runs a handler; an exception that got out of it ends the call, never the process.
absl::Status RunHandler(const CallGuard::Handler& handler, const CallContext& call) {
  try {
    return handler(call);
  } catch (const std::exception& e) {
    return absl::InternalError(absl::StrCat("exception: ", e.what()));
  } catch (...) {
    return absl::InternalError("exception of unknown type");
  }
}

}  // namespace

struct CallGuard::Impl {
  Impl(CallGuardOptions options, WorkerPool& pool, Clock& clock, Metrics& metrics, ProductLimiter limiter)
      : options(options),
        pool(pool),
        clock(clock),
        limiter(std::move(limiter)),
        unary(options.max_in_flight),
        streams(options.max_streams),
        call_metrics(metrics),
        in_flight_gauge(metrics.GetGauge(kServerInFlight)),
        streams_gauge(metrics.GetGauge(kServerStreams)) {}

  absl::Status Identify(const grpc::CallbackServerContext& context, CallContext* call) {
    call->trace = TraceContext::FromHeader(Header(context, kTraceparent));
    call->caller = IdentityOf(*context.auth_context());
    call->deadline = clock.Now() + TimeLeft(context, options);
    TRIVIUM_ASSIGN_OR_RETURN(Admission admission, Admit(call->method, call->caller, Header(context, kProductKey),
                                                        Header(context, kActorKey)));
    TRIVIUM_ASSIGN_OR_RETURN(call->user, UserOf(call->caller, Header(context, kUserKey)));
    call->product = std::move(admission.product);
    call->actor = std::move(admission.actor);
    return absl::OkStatus();
  }

  absl::Status LimitProduct(const CallContext& call) {
    return limiter == nullptr || call.product.empty() ? absl::OkStatus() : limiter(call.product);
  }

  // Metrics, and one line for errors and slow calls.
  void Record(const CallContext& call, const absl::Status& status, absl::Duration took, bool may_be_slow) {
    call_metrics.Answered(call.method, call.product, status.code(), took);
    const bool slow = may_be_slow && took >= options.slow_call;
    if (status.ok() && !slow) return;
    const log::Level level = std::max(LevelOf(status.code()), slow ? log::Level::kWarning : log::Level::kInfo);
    if (level < log::GetLevel()) return;
    const log::ScopedContext context(call.trace.trace_id, call.product);
    log::Write(level, status.ok() ? "slow call" : "call failed",
               {{"method", call.method},
                {"caller", call.caller.ToString()},
                {"actor", call.actor},
                {"code", absl::StatusCodeToString(status.code())},
                {"reason", ReasonOf(status)},
                {"error", std::string(status.message())},
                {"took_ms", absl::ToDoubleMilliseconds(took)}});
  }

  const CallGuardOptions options;
  WorkerPool& pool;  // Not owned; outlives this.
  Clock& clock;      // Not owned; outlives this.
  ProductLimiter limiter;
  ha::ConcurrencyLimiter unary, streams;
  CallTable running;
  CallMetrics call_metrics;
  Gauge& in_flight_gauge;
  Gauge& streams_gauge;

  Mutex mu;
  bool draining ABSL_GUARDED_BY(mu) = false;
  uint64_t last_hook ABSL_GUARDED_BY(mu) = 0;
  std::map<uint64_t, std::function<void()>> hooks ABSL_GUARDED_BY(mu);
};

namespace {

// One unary call from its admission to its answer. Deletes itself by Answer, which must be the last touch: the context
// and the reactor are gone then.
struct UnaryCall {
  grpc::ServerUnaryReactor* reactor;
  CallContext call;
  absl::Duration since;
};

}  // namespace

CallGuard::CallGuard(CallGuardOptions options, WorkerPool& pool, Clock& clock, Metrics& metrics, ProductLimiter limiter)
    : impl_(std::make_unique<Impl>(options, pool, clock, metrics, std::move(limiter))) {}

CallGuard::~CallGuard() = default;

void CallGuard::SetProductLimiter(ProductLimiter limiter) { impl_->limiter = std::move(limiter); }

grpc::ServerUnaryReactor* CallGuard::Unary(grpc::CallbackServerContext* context, std::string_view method,
                                           Handler handler) {
  Impl* const guard = impl_.get();
  auto unary = std::make_shared<UnaryCall>();
  unary->reactor = context->DefaultReactor();
  unary->since = guard->clock.Monotonic();
  unary->call.method = method;

  const auto answer = [guard](const std::shared_ptr<UnaryCall>& unary, const absl::Status& status) {
    guard->Record(unary->call, status, guard->clock.Monotonic() - unary->since, /*may_be_slow=*/true);
    unary->reactor->Finish(ToGrpcStatus(status, unary->call.trace.trace_id));
  };
  const auto refuse = [&](const absl::Status& status) {
    answer(unary, status);
    return unary->reactor;
  };

  if (absl::Status status = guard->Identify(*context, &unary->call); !status.ok()) return refuse(status);
  if (absl::Status status = guard->LimitProduct(unary->call); !status.ok()) return refuse(status);
  if (!guard->unary.TryEnter()) {
    return refuse(Overloaded(absl::StrCat("calls at once: ", guard->options.max_in_flight, " already, want fewer")));
  }
  guard->in_flight_gauge.Set(guard->unary.in_flight());
  const uint64_t number = guard->running.Add(&unary->call, unary->since);
  const auto leave = [guard, number] {
    guard->running.Remove(number);
    guard->unary.Leave();
    guard->in_flight_gauge.Set(guard->unary.in_flight());
  };
  const bool queued = guard->pool.Submit([=, handler = std::move(handler)] {
    absl::Status status;
    if (context->IsCancelled()) {
      status = absl::CancelledError("the caller has gone");
    } else if (guard->clock.Now() >= unary->call.deadline) {
      status = Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
                     "deadline: passed while the call waited; nothing was done");
    } else {
      const ScopedTrace trace(unary->call.trace, unary->call.product);
      status = RunHandler(handler, unary->call);
    }
    leave();
    answer(unary, status);
  });
  if (!queued) {
    leave();
    return refuse(Overloaded("queue of waiting calls: full"));
  }
  return unary->reactor;
}

absl::Status CallGuard::AdmitStream(const grpc::CallbackServerContext& context, std::string_view method,
                                    CallContext* call) {
  call->method = method;
  absl::Status status = impl_->Identify(context, call);
  if (status.ok()) status = impl_->LimitProduct(*call);
  if (status.ok() && !impl_->streams.TryEnter()) {
    status = Overloaded(absl::StrCat("streams at once: ", impl_->options.max_streams, " already, want fewer"));
  }
  if (status.ok()) {
    impl_->streams_gauge.Set(impl_->streams.in_flight());
  } else {
    impl_->Record(*call, status, absl::ZeroDuration(), /*may_be_slow=*/false);
  }
  return status;
}

void CallGuard::StreamDone(const CallContext& call, const absl::Status& status, absl::Duration took) {
  impl_->streams.Leave();
  impl_->streams_gauge.Set(impl_->streams.in_flight());
  impl_->Record(call, status, took, /*may_be_slow=*/false);
}

uint64_t CallGuard::AddDrainHook(std::function<void()> hook) {
  {
    MutexLock lock(impl_->mu);
    if (!impl_->draining) {
      impl_->hooks.emplace(++impl_->last_hook, std::move(hook));
      return impl_->last_hook;
    }
  }
  hook();
  return 0;
}

void CallGuard::RemoveDrainHook(uint64_t id) {
  MutexLock lock(impl_->mu);  // Waits for hooks that run.
  impl_->hooks.erase(id);
}

void CallGuard::Drain() {
  MutexLock lock(impl_->mu);
  impl_->draining = true;
  for (const auto& [id, hook] : impl_->hooks) hook();
  impl_->hooks.clear();
}

int CallGuard::in_flight() const { return impl_->unary.in_flight(); }

std::vector<CallGuard::Running> CallGuard::RunningCalls(size_t max) const {
  return impl_->running.Oldest(max, impl_->clock.Monotonic());
}

}  // namespace trivium::rpc
