#include "services/ops/grpc_backends.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "libs/clock/clock.h"
#include "libs/ha/retry_budget.h"
#include "libs/rpc/channel.h"
#include "libs/status/error.h"
#include "libs/sync/mutex.h"
#include "trivium/control/v1/registry.grpc.pb.h"
#include "trivium/control/v1/route_plan.grpc.pb.h"
#include "trivium/payment/v1/payment.grpc.pb.h"

namespace trivium::ops {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(4);

// A service that does not answer is named in ops' own words; what it answered is passed on.
absl::Status Named(const absl::Status& status, std::string_view reason, std::string_view message) {
  if (status.code() != absl::StatusCode::kUnavailable && status.code() != absl::StatusCode::kDeadlineExceeded)
    return status;
  return Error(absl::StatusCode::kUnavailable, reason, message).RetryAfter(absl::Seconds(5));
}

rpc::CallOptions OptionsFor(const CallFor& call, const std::string& product, const Clock& clock) {
  rpc::CallOptions options;
  options.product = product;
  options.actor = call.actor;
  options.timeout = std::min(kTimeout, call.deadline - clock.Now());
  return options;
}

class GrpcPaymentReader : public PaymentReader {
 public:
  GrpcPaymentReader(rpc::TlsFiles tls, Clock& clock) : tls_(std::move(tls)), clock_(clock) {}

  absl::Status GetDay(const CallFor& call, const std::string& product, const std::string& day,
                      payment::v1::DailySummary* out) override {
    payment::v1::GetDailySummaryRequest request;
    request.set_day(day);
    const std::shared_ptr<Stub> stub = StubOf(product);
    const absl::Status status =
        rpc::CallWithRetry(OptionsFor(call, product, clock_), nullptr, budget_,
                           [&](grpc::ClientContext* context) { return stub->GetDailySummary(context, request, out); });
    return Named(status, "PAYMENT_UNAVAILABLE", "payment does not answer");
  }

 private:
  using Stub = payment::v1::PaymentService::Stub;

  // Callers ask for products that exist: the map has one entry for each.
  std::shared_ptr<Stub> StubOf(const std::string& product) {
    MutexLock lock(mu_);
    std::shared_ptr<Stub>& stub = stubs_[product];
    if (!stub) stub = payment::v1::PaymentService::NewStub(rpc::ServiceChannel(product, "payment", tls_));
    return stub;
  }

  const rpc::TlsFiles tls_;
  Clock& clock_;
  ha::RetryBudget budget_;
  Mutex mu_;
  std::map<std::string, std::shared_ptr<Stub>> stubs_ ABSL_GUARDED_BY(mu_);
};

class GrpcControlGateway : public ControlGateway {
 public:
  GrpcControlGateway(const std::string& address, const rpc::TlsFiles& tls, Clock& clock)
      : clock_(clock),
        channel_(rpc::DirectChannel(address, "control.trivium", tls)),
        registry_(control::v1::RegistryService::NewStub(channel_)),
        routes_(control::v1::RoutePlanService::NewStub(channel_)) {}

  absl::Status ListInstances(const CallFor& call, control::v1::ListInstancesResponse* out) override {
    return Run(call, [&](grpc::ClientContext* context) { return registry_->ListInstances(context, {}, out); });
  }
  absl::Status GetRoutePlan(const CallFor& call, control::v1::RoutePlan* out) override {
    return Run(call, [&](grpc::ClientContext* context) { return routes_->GetRoutePlan(context, {}, out); });
  }
  absl::Status SetRoute(const CallFor& call, const control::v1::SetRouteRequest& request,
                        control::v1::RoutePlan* out) override {
    return Run(call, [&](grpc::ClientContext* context) { return routes_->SetRoute(context, request, out); });
  }
  absl::Status ListAudit(const CallFor& call, const control::v1::ListAuditEntriesRequest& request,
                         control::v1::ListAuditEntriesResponse* out) override {
    return Run(call, [&](grpc::ClientContext* context) { return routes_->ListAuditEntries(context, request, out); });
  }

 private:
  absl::Status Run(const CallFor& call, const std::function<grpc::Status(grpc::ClientContext*)>& once) {
    return Named(rpc::CallWithRetry(OptionsFor(call, "", clock_), nullptr, budget_, once), "CONTROL_UNAVAILABLE",
                 "control does not answer");
  }

  Clock& clock_;
  ha::RetryBudget budget_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<control::v1::RegistryService::Stub> registry_;
  const std::unique_ptr<control::v1::RoutePlanService::Stub> routes_;
};

}  // namespace

std::unique_ptr<PaymentReader> NewGrpcPaymentReader(rpc::TlsFiles tls, Clock& clock) {
  return std::make_unique<GrpcPaymentReader>(std::move(tls), clock);
}

std::unique_ptr<ControlGateway> NewGrpcControlGateway(const std::string& address, const rpc::TlsFiles& tls,
                                                      Clock& clock) {
  return std::make_unique<GrpcControlGateway>(address, tls, clock);
}

}  // namespace trivium::ops
