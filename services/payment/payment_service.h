// The RPC surface of payment: validate, decide, store, answer. No SQL, no rules.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "libs/event_feed/event_feed.h"
#include "services/payment/fencing.h"
#include "services/payment/metrics.h"
#include "services/payment/profiles.h"
#include "services/payment/psp/psp.h"
#include "services/payment/resolver.h"
#include "services/payment/store/store.h"
#include "trivium/payment/v1/payment.grpc.pb.h"

namespace trivium {
class IdGenerator;
namespace rpc {
class CallGuard;
struct CallContext;
}  // namespace rpc
}  // namespace trivium

namespace trivium::payment {

// Thread-safe.
class PaymentService : public v1::PaymentService::CallbackService {
 public:
  // All of them outlive the service.
  struct Parts {
    rpc::CallGuard& guard;
    Store& store;
    const Psps& psps;
    Profiles& profiles;
    Fencing& fencing;
    Resolver& resolver;
    EventFeed& feed;
    Clock& clock;
    IdGenerator& ids;
    PaymentMetrics& metrics;
    // Called when a refund waits to be sent, from any thread; must not block. May be empty.
    std::function<void()> on_new_refund;
  };
  explicit PaymentService(Parts parts) : p_(std::move(parts)) {}

  grpc::ServerUnaryReactor* CreatePayment(grpc::CallbackServerContext* context, const v1::CreatePaymentRequest* request,
                                          v1::Payment* response) override;
  grpc::ServerUnaryReactor* GetPayment(grpc::CallbackServerContext* context, const v1::GetPaymentRequest* request,
                                       v1::Payment* response) override;
  grpc::ServerUnaryReactor* ListPayments(grpc::CallbackServerContext* context, const v1::ListPaymentsRequest* request,
                                         v1::ListPaymentsResponse* response) override;
  grpc::ServerUnaryReactor* CancelPayment(grpc::CallbackServerContext* context, const v1::CancelPaymentRequest* request,
                                          v1::Payment* response) override;
  grpc::ServerUnaryReactor* CreateRefund(grpc::CallbackServerContext* context, const v1::CreateRefundRequest* request,
                                         v1::Refund* response) override;
  grpc::ServerUnaryReactor* GetRefund(grpc::CallbackServerContext* context, const v1::GetRefundRequest* request,
                                      v1::Refund* response) override;
  grpc::ServerUnaryReactor* ListRefunds(grpc::CallbackServerContext* context, const v1::ListRefundsRequest* request,
                                        v1::ListRefundsResponse* response) override;
  grpc::ServerUnaryReactor* GetDailySummary(grpc::CallbackServerContext* context,
                                            const v1::GetDailySummaryRequest* request,
                                            v1::DailySummary* response) override;
  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* context, const v1::ListEventsRequest* request,
                                       v1::ListEventsResponse* response) override;
  grpc::ServerWriteReactor<v1::Event>* WatchEvents(grpc::CallbackServerContext* context,
                                                   const v1::WatchEventsRequest* request) override;

 private:
  absl::Status Create(const rpc::CallContext& call, const v1::CreatePaymentRequest& request, v1::Payment* response);
  absl::Status Get(const rpc::CallContext& call, const v1::GetPaymentRequest& request, v1::Payment* response);
  absl::Status List(const rpc::CallContext& call, const v1::ListPaymentsRequest& request,
                    v1::ListPaymentsResponse* response);
  absl::Status Cancel(const rpc::CallContext& call, const v1::CancelPaymentRequest& request, v1::Payment* response);
  absl::Status Create(const rpc::CallContext& call, const v1::CreateRefundRequest& request, v1::Refund* response);
  absl::Status Get(const rpc::CallContext& call, const v1::GetRefundRequest& request, v1::Refund* response);
  absl::Status List(const rpc::CallContext& call, const v1::ListRefundsRequest& request,
                    v1::ListRefundsResponse* response);
  absl::Status Summarize(const rpc::CallContext& call, const v1::GetDailySummaryRequest& request,
                         v1::DailySummary* response);
  absl::Status List(const rpc::CallContext& call, const v1::ListEventsRequest& request,
                    v1::ListEventsResponse* response);

  // The draft of a new payment, with its pay page.
  absl::StatusOr<NewPayment> DraftOf(const rpc::CallContext& call, const v1::CreatePaymentRequest& request,
                                     const std::string& fingerprint, const Profile& profile);
  // What this request was answered before, when now it would be refused without a look at it: OK, and response is
  // filled; or that decline; or otherwise `refusal`.
  absl::Status RepeatOr(absl::Status refusal, const rpc::CallContext& call, const v1::CreatePaymentRequest& request,
                        const std::string& fingerprint, v1::Payment* response);
  absl::Time Now() const;

  const Parts p_;
};

}  // namespace trivium::payment
