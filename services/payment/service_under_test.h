// The service over real gRPC with mTLS, on a store that a test chooses and a scripted PSP.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>
#include <string>

#include "libs/clock/clock.h"
#include "libs/id/id.h"
#include "libs/rpc/call_guard.h"
#include "libs/rpc/testing.h"
#include "libs/rpc/tls.h"
#include "libs/rpc/wire_status.h"
#include "libs/sync/worker_pool.h"
#include "libs/telemetry/metrics.h"
#include "services/payment/payment_service.h"
#include "services/payment/psp/fake_psp.h"

namespace trivium::payment {

// Profiles of acme and globex; other products have none.
class TwoProfiles : public Profiles {
 public:
  std::shared_ptr<const Profile> Find(const std::string& product) override;
  std::atomic<int64_t> max_amount = 100'000'000;
};

// One for all tests of a program: keys take their time.
rpc::TestPki& Pki();

// Thread-safe, apart from the calls that start with Must: they report through gtest.
class ServiceUnderTest {
 public:
  // store outlives it.
  explicit ServiceUnderTest(Store& store);
  ~ServiceUnderTest();

  std::unique_ptr<v1::PaymentService::Stub> Stub(const rpc::TlsFiles& files);
  // Calls a method, as acme unless a stub is given; the status with its details.
  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (v1::PaymentService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response, v1::PaymentService::Stub* stub = nullptr) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    return rpc::FromGrpcStatus((*(stub != nullptr ? stub : stub_.get()).*method)(&context, request, response));
  }
  absl::Status Create(const v1::CreatePaymentRequest& request, v1::Payment* payment);
  absl::Status Create(const v1::CreateRefundRequest& request, v1::Refund* refund);
  absl::Status Cancel(const std::string& request_id, const std::string& payment_id, v1::Payment* payment);
  // 199.00 CNY.
  static v1::CreatePaymentRequest Order(const std::string& request_id, const std::string& order_ref);
  static v1::CreateRefundRequest RefundOf(const std::string& request_id, const std::string& payment_id, int64_t minor);
  v1::Payment MustCreate(const std::string& name);
  // Creates it, the user pays, and the callback arrives.
  v1::Payment MustPay(const std::string& name);
  // The user pays what is asked for; the callbacks wait at the PSP.
  bool UserPays(const v1::Payment& payment);

 protected:
  Store& store_;  // Not owned.
  TwoProfiles profiles_;
  Metrics raw_metrics_;
  PaymentMetrics metrics_{raw_metrics_};
  const std::unique_ptr<IdGenerator> ids_ = NewIdGenerator(Clock::Real());
  FakePsp* const psp_ = new FakePsp;  // Owned by psps_.
  Psps psps_;
  Fencing fencing_{store_, [](const std::string&) { return std::nullopt; }};
  SilenceBook silence_;
  Resolver resolver_{store_, psps_, silence_, profiles_, fencing_, Clock::Real(), metrics_};
  EventFeed feed_{store_,
                  {.poll = absl::Milliseconds(10),
                   .on_readers = [this](int n) { metrics_.Watchers(n); },
                   .on_full_readers = [this](int n) { metrics_.FullWatchers(n); }}};
  std::atomic<int> new_refunds_ = 0;  // Times that somebody was told that refunds wait to be sent.
  WorkerPool pool_{"payment", 4, 100};
  rpc::CallGuard guard_{{}, pool_, Clock::Real(), raw_metrics_};
  PaymentService service_{{guard_, store_, psps_, profiles_, fencing_, resolver_, feed_, Clock::Real(), *ids_, metrics_,
                           [this] { ++new_refunds_; }}};
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::PaymentService::Stub> stub_;
};

}  // namespace trivium::payment
