#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <algorithm>
#include <random>

#include "libs/clock/clock.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/wire_status.h"
#include "libs/telemetry/trace.h"

namespace trivium::rpc {
namespace {

constexpr int kMaxAttempts = 3;
constexpr absl::Duration kMinBackoff = absl::Milliseconds(20);
constexpr absl::Duration kMaxBackoff = absl::Milliseconds(200);
constexpr std::string_view kPersonPrefix = "person:";
constexpr std::string_view kRouteKey = "x-trivium-route-key";

// Full jitter: callers that failed together must not come back together.
absl::Duration Backoff() {
  thread_local std::minstd_rand random(std::random_device{}());
  return kMinBackoff + (kMaxBackoff - kMinBackoff) * std::uniform_real_distribution<double>(0, 1)(random);
}

absl::Time DeadlineOf(const CallOptions& options, const CallContext* parent) {
  const absl::Time own = Clock::Real().Now() + options.timeout;
  return parent == nullptr ? own : std::min(own, parent->deadline);
}

void AddIfSet(grpc::ClientContext* context, std::string_view key, const std::string& value) {
  if (!value.empty()) context->AddMetadata(std::string(key), value);
}

void Prepare(const CallOptions& options, const CallContext* parent, absl::Time deadline, grpc::ClientContext* context) {
  context->set_deadline(absl::ToChronoTime(deadline));
  const TraceContext* trace = parent != nullptr ? &parent->trace : ScopedTrace::Current();
  context->AddMetadata(std::string(kTraceparent),
                       (trace != nullptr ? trace->Child() : TraceContext::NewRoot()).ToHeader());
  AddIfSet(context, kProductKey, options.product.empty() && parent != nullptr ? parent->product : options.product);
  // Only a person is spoken for: a service's or product's own name is in the certificate.
  const bool for_person = parent != nullptr && std::string_view(parent->actor).starts_with(kPersonPrefix);
  AddIfSet(context, kActorKey, options.actor.empty() && for_person ? parent->actor : options.actor);
  AddIfSet(context, kRouteKey, options.route_key);
}

// CANCELLED, which nobody here asks for: a stopping gRPC server answers so what comes between its GOAWAY and its end
// (docs/adr/0008).
bool MayNotHaveRun(grpc::StatusCode code) {
  return code == grpc::StatusCode::UNAVAILABLE || code == grpc::StatusCode::CANCELLED;
}

}  // namespace

void PrepareContext(const CallOptions& options, const CallContext* parent, grpc::ClientContext* context) {
  Prepare(options, parent, DeadlineOf(options, parent), context);
}

absl::Status CallWithRetry(const CallOptions& options, const CallContext* parent, ha::RetryBudget& budget,
                           const std::function<grpc::Status(grpc::ClientContext*)>& once) {
  Clock& clock = Clock::Real();
  const absl::Time deadline = DeadlineOf(options, parent);
  for (int attempt = 1;; ++attempt) {
    grpc::ClientContext context;
    Prepare(options, parent, deadline, &context);
    const grpc::Status status = once(&context);
    if (!MayNotHaveRun(status.error_code())) {
      budget.Succeeded();  // The server answered, if only with an error.
      return FromGrpcStatus(status);
    }
    budget.Failed();
    const absl::Duration wait = Backoff();
    if (attempt == kMaxAttempts || !budget.MayRetry() || clock.Now() + wait >= deadline) return FromGrpcStatus(status);
    clock.Sleep(wait);
  }
}

}  // namespace trivium::rpc
