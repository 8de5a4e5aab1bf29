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
#include "trivium/control/v1/config.grpc.pb.h"
#include "trivium/control/v1/registry.grpc.pb.h"
#include "trivium/control/v1/route_plan.grpc.pb.h"
#include "trivium/live/v1/live.grpc.pb.h"
#include "trivium/payment/v1/payment.grpc.pb.h"
#include "trivium/push/v1/push.grpc.pb.h"

namespace trivium::ops {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(4);

// A service that does not answer is named in ops' own words; what it answered is passed on. live answers, too, when
// only its Redis is away.
absl::Status Named(const absl::Status& status, std::string_view reason, std::string_view message) {
  if (status.code() != absl::StatusCode::kUnavailable && status.code() != absl::StatusCode::kDeadlineExceeded)
    return status;
  if (ReasonOf(status) == "ADMISSION_UNAVAILABLE" || ReasonOf(status) == "REBUILDING") return status;
  return Error(absl::StatusCode::kUnavailable, reason, message).RetryAfter(absl::Seconds(5));
}

rpc::CallOptions OptionsFor(const CallFor& call, const std::string& product, const Clock& clock) {
  rpc::CallOptions options;
  options.product = product;
  options.actor = call.actor;
  options.timeout = std::min(kTimeout, call.deadline - clock.Now());
  return options;
}

// A service's stub for each product. Thread-safe. Callers ask for products that exist: the map has one entry for each.
template <typename Service>
class StubByProduct {
 public:
  using Stub = typename Service::Stub;

  StubByProduct(std::string service, rpc::TlsFiles tls) : service_(std::move(service)), tls_(std::move(tls)) {}

  std::shared_ptr<Stub> Of(const std::string& product) {
    MutexLock lock(mu_);
    std::shared_ptr<Stub>& stub = stubs_[product];
    if (!stub) stub = Service::NewStub(rpc::ServiceChannel(product, service_, tls_));
    return stub;
  }

 private:
  const std::string service_;
  const rpc::TlsFiles tls_;
  Mutex mu_;
  std::map<std::string, std::shared_ptr<Stub>> stubs_ ABSL_GUARDED_BY(mu_);
};

// Calls of one service in products' names. Thread-safe.
template <typename Service>
class Calls {
 public:
  using Stub = typename Service::Stub;

  // Of a service that does not answer: reason, "LIVE_UNAVAILABLE"; message. Both are literals.
  Calls(std::string service, rpc::TlsFiles tls, Clock& clock, std::string_view reason, std::string_view message)
      : stubs_(std::move(service), std::move(tls)), clock_(clock), reason_(reason), message_(message) {}

  template <typename Request, typename Response>
  absl::Status Run(const CallFor& call, const std::string& product,
                   grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                   const Request& request, Response* out) {
    const auto stub = stubs_.Of(product);
    const auto once = [&](grpc::ClientContext* context) { return (*stub.*method)(context, request, out); };
    return Named(rpc::CallWithRetry(OptionsFor(call, product, clock_), nullptr, budget_, once), reason_, message_);
  }

 private:
  StubByProduct<Service> stubs_;
  Clock& clock_;
  const std::string_view reason_, message_;
  ha::RetryBudget budget_;
};

class GrpcPaymentReader : public PaymentReader {
 public:
  GrpcPaymentReader(rpc::TlsFiles tls, Clock& clock)
      : calls_("payment", std::move(tls), clock, "PAYMENT_UNAVAILABLE", "payment does not answer") {}

  absl::Status GetDay(const CallFor& call, const std::string& product, const std::string& day,
                      payment::v1::DailySummary* out) override {
    payment::v1::GetDailySummaryRequest request;
    request.set_day(day);
    return calls_.Run(call, product, &payment::v1::PaymentService::Stub::GetDailySummary, request, out);
  }

 private:
  Calls<payment::v1::PaymentService> calls_;
};

class GrpcPushReader : public PushReader {
 public:
  GrpcPushReader(rpc::TlsFiles tls, Clock& clock)
      : calls_("push", std::move(tls), clock, "PUSH_UNAVAILABLE", "push does not answer") {}

  absl::Status GetDay(const CallFor& call, const std::string& product, const push::v1::GetDailySummaryRequest& request,
                      push::v1::DailySummary* out) override {
    return calls_.Run(call, product, &Stub::GetDailySummary, request, out);
  }
  absl::Status ListMessages(const CallFor& call, const std::string& product,
                            const push::v1::ListMessagesRequest& request,
                            push::v1::ListMessagesResponse* out) override {
    return calls_.Run(call, product, &Stub::ListMessages, request, out);
  }
  absl::Status GetMessage(const CallFor& call, const std::string& product, const push::v1::GetMessageRequest& request,
                          push::v1::Message* out) override {
    return calls_.Run(call, product, &Stub::GetMessage, request, out);
  }
  absl::Status ListRecipients(const CallFor& call, const std::string& product,
                              const push::v1::ListRecipientsRequest& request,
                              push::v1::ListRecipientsResponse* out) override {
    return calls_.Run(call, product, &Stub::ListRecipients, request, out);
  }
  absl::Status GetPresence(const CallFor& call, const std::string& product, const push::v1::GetPresenceRequest& request,
                           push::v1::Presence* out) override {
    return calls_.Run(call, product, &Stub::GetPresence, request, out);
  }
  absl::Status ListUserMessages(const CallFor& call, const std::string& product,
                                const push::v1::ListUserMessagesRequest& request,
                                push::v1::ListUserMessagesResponse* out) override {
    return calls_.Run(call, product, &Stub::ListUserMessages, request, out);
  }

 private:
  using Stub = push::v1::PushService::Stub;

  Calls<push::v1::PushService> calls_;
};

class GrpcLiveReader : public LiveReader {
 public:
  GrpcLiveReader(rpc::TlsFiles tls, Clock& clock)
      : calls_("live", std::move(tls), clock, "LIVE_UNAVAILABLE", "live does not answer") {}

  absl::Status GetDay(const CallFor& call, const std::string& product, const live::v1::GetDailySummaryRequest& request,
                      live::v1::DailySummary* out) override {
    return calls_.Run(call, product, &Stub::GetDailySummary, request, out);
  }
  absl::Status ListRooms(const CallFor& call, const std::string& product, const live::v1::ListRoomsRequest& request,
                         live::v1::ListRoomsResponse* out) override {
    return calls_.Run(call, product, &Stub::ListRooms, request, out);
  }
  absl::Status GetRoom(const CallFor& call, const std::string& product, const live::v1::GetRoomRequest& request,
                       live::v1::Room* out) override {
    return calls_.Run(call, product, &Stub::GetRoom, request, out);
  }
  absl::Status ListParticipants(const CallFor& call, const std::string& product,
                                const live::v1::ListParticipantsRequest& request,
                                live::v1::ListParticipantsResponse* out) override {
    return calls_.Run(call, product, &Stub::ListParticipants, request, out);
  }
  absl::Status ListStays(const CallFor& call, const std::string& product, const live::v1::ListStaysRequest& request,
                         live::v1::ListStaysResponse* out) override {
    return calls_.Run(call, product, &Stub::ListStays, request, out);
  }
  absl::Status ListRoomEvents(const CallFor& call, const std::string& product,
                              const live::v1::ListRoomEventsRequest& request,
                              live::v1::ListRoomEventsResponse* out) override {
    return calls_.Run(call, product, &Stub::ListRoomEvents, request, out);
  }

 private:
  using Stub = live::v1::LiveService::Stub;

  Calls<live::v1::LiveService> calls_;
};

class GrpcControlGateway : public ControlGateway {
 public:
  GrpcControlGateway(const std::string& address, const rpc::TlsFiles& tls, Clock& clock)
      : clock_(clock),
        channel_(rpc::DirectChannel(address, "control.trivium", tls)),
        registry_(control::v1::RegistryService::NewStub(channel_)),
        routes_(control::v1::RoutePlanService::NewStub(channel_)),
        configs_(control::v1::ConfigService::NewStub(channel_)) {}

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
  absl::Status ListConfigs(const CallFor& call, const control::v1::ListConfigsRequest& request,
                           control::v1::ListConfigsResponse* out) override {
    return Run(call, [&](grpc::ClientContext* context) { return configs_->ListConfigs(context, request, out); });
  }
  absl::Status GetConfig(const CallFor& call, const control::v1::GetConfigRequest& request,
                         control::v1::ConfigItem* out) override {
    return Run(call, [&](grpc::ClientContext* context) { return configs_->GetConfig(context, request, out); });
  }
  absl::Status ListConfigVersions(const CallFor& call, const control::v1::ListConfigVersionsRequest& request,
                                  control::v1::ListConfigVersionsResponse* out) override {
    return Run(call, [&](grpc::ClientContext* context) { return configs_->ListConfigVersions(context, request, out); });
  }
  absl::Status PublishConfig(const CallFor& call, const control::v1::PublishConfigRequest& request,
                             control::v1::ConfigItem* out) override {
    return Run(call, [&](grpc::ClientContext* context) { return configs_->PublishConfig(context, request, out); });
  }
  absl::Status RollbackConfig(const CallFor& call, const control::v1::RollbackConfigRequest& request,
                              control::v1::ConfigItem* out) override {
    return Run(call, [&](grpc::ClientContext* context) { return configs_->RollbackConfig(context, request, out); });
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
  const std::unique_ptr<control::v1::ConfigService::Stub> configs_;
};

}  // namespace

std::unique_ptr<PaymentReader> NewGrpcPaymentReader(rpc::TlsFiles tls, Clock& clock) {
  return std::make_unique<GrpcPaymentReader>(std::move(tls), clock);
}

std::unique_ptr<PushReader> NewGrpcPushReader(rpc::TlsFiles tls, Clock& clock) {
  return std::make_unique<GrpcPushReader>(std::move(tls), clock);
}

std::unique_ptr<LiveReader> NewGrpcLiveReader(rpc::TlsFiles tls, Clock& clock) {
  return std::make_unique<GrpcLiveReader>(std::move(tls), clock);
}

std::unique_ptr<ControlGateway> NewGrpcControlGateway(const std::string& address, const rpc::TlsFiles& tls,
                                                      Clock& clock) {
  return std::make_unique<GrpcControlGateway>(address, tls, clock);
}

}  // namespace trivium::ops
