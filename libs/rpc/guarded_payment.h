// For the tests of this folder: payment's API behind a guard on a real server with mTLS, whose answers the test
// chooses.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "libs/clock/clock.h"
#include "libs/rpc/call_guard.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/stream.h"
#include "libs/rpc/testing.h"
#include "libs/sync/worker_pool.h"
#include "libs/telemetry/metrics.h"
#include "trivium/payment/v1/payment.grpc.pb.h"

namespace trivium::rpc {

using payment::v1::CreatePaymentRequest;
using payment::v1::Payment;
using payment::v1::PaymentService;

inline constexpr char kCreatePayment[] = "trivium.payment.v1.PaymentService/CreatePayment";
inline constexpr char kWatchEvents[] = "trivium.payment.v1.PaymentService/WatchEvents";

// Set the handlers before the first call.
class GuardedPayment : public PaymentService::CallbackService {
 public:
  using Create = std::function<absl::Status(const CallContext&, const CreatePaymentRequest&, Payment*)>;
  using Watch = std::function<void(StreamStart<payment::v1::Event>)>;

  explicit GuardedPayment(CallGuardOptions options = {}, int threads = 4, size_t queue_max = 100,
                          Clock& clock = Clock::Real())
      : pool_("worker", threads, queue_max), guard_(options, pool_, clock, metrics_) {}
  ~GuardedPayment() override {
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(5));
  }

  void Start(const TlsFiles& tls) {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", ServerTls(tls), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    address_ = "127.0.0.1:" + std::to_string(port);
  }
  std::unique_ptr<PaymentService::Stub> Dial(const TlsFiles& tls) const {
    return PaymentService::NewStub(DirectChannel(address_, "acme.payment.trivium", tls));
  }

  grpc::ServerUnaryReactor* CreatePayment(grpc::CallbackServerContext* context, const CreatePaymentRequest* request,
                                          Payment* response) override {
    return guard_.Unary(context, kCreatePayment,
                        [=, this](const CallContext& call) { return create(call, *request, response); });
  }
  grpc::ServerWriteReactor<payment::v1::Event>* WatchEvents(grpc::CallbackServerContext* context,
                                                            const payment::v1::WatchEventsRequest*) override {
    return ServeStream<payment::v1::Event>(guard_, context, kWatchEvents, watch, stream_options);
  }

  Create create = [](const CallContext&, const CreatePaymentRequest&, Payment*) { return absl::OkStatus(); };
  Watch watch = [](StreamStart<payment::v1::Event>) {};
  StreamOptions stream_options;

  CallGuard& guard() { return guard_; }
  Metrics& metrics() { return metrics_; }
  const std::string& address() const { return address_; }
  grpc::Server& server() { return *server_; }

 private:
  Metrics metrics_;
  WorkerPool pool_;
  CallGuard guard_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

// One CreatePayment with 5 s, and whatever the test puts into its context.
inline grpc::Status CallCreate(PaymentService::Stub& stub, Payment* payment,
                               const std::function<void(grpc::ClientContext&)>& with = nullptr,
                               const CreatePaymentRequest& request = {}) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
  if (with) with(context);
  return stub.CreatePayment(&context, request, payment);
}

}  // namespace trivium::rpc
