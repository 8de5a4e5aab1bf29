// The smallest service on the runtime: payment's CreatePayment that says a greeting. runtime_test starts it as a
// process.
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <fstream>
#include <string>

#include "libs/clock/clock.h"
#include "libs/log/log.h"
#include "libs/rpc/call_guard.h"
#include "libs/server/example_config.embedded.h"
#include "libs/server/example_config.pb.h"
#include "libs/server/runtime.h"
#include "libs/status/error.h"
#include "libs/sync/mutex.h"
#include "libs/sync/worker_pool.h"
#include "trivium/payment/v1/payment.grpc.pb.h"

namespace trivium::server::example {
namespace {

using payment::v1::CreatePaymentRequest;
using payment::v1::Payment;

class Greeter : public payment::v1::PaymentService::CallbackService {
 public:
  Greeter(rpc::CallGuard& guard, const Config& config) : guard_(guard), config_(config), greeting_(config.greeting()) {}

  grpc::ServerUnaryReactor* CreatePayment(grpc::CallbackServerContext* context, const CreatePaymentRequest* request,
                                          Payment* response) override {
    return guard_.Unary(context, "trivium.payment.v1.PaymentService/CreatePayment", [=, this](const rpc::CallContext&) {
      Clock::Real().Sleep(absl::Milliseconds(config_.work_ms()));
      MutexLock lock(mu_);
      std::ofstream(config_.journal(), std::ios::app) << request->order_ref() + "\n";
      response->set_order_ref(request->order_ref());
      response->set_subject(greeting_);
      return absl::OkStatus();
    });
  }
  void Reload(const Config& config) {
    MutexLock lock(mu_);
    greeting_ = config.greeting();
  }

 private:
  rpc::CallGuard& guard_;  // Not owned; outlives this.
  const Config& config_;
  Mutex mu_;
  std::string greeting_ ABSL_GUARDED_BY(mu_);
};

absl::Status Check(const google::protobuf::Message& message) {
  const int work_ms = static_cast<const Config&>(message).work_ms();
  if (work_ms >= 0 && work_ms <= 60'000) return absl::OkStatus();
  return FieldsError({{"work_ms", std::to_string(work_ms) + ", want 0-60000"}});
}

int Main(int argc, char** argv) {
  Config config;
  config.set_greeting("hello");
  Runtime runtime("payment", &config, DescriptorSet());
  runtime.CheckConfig(Check);
  if (const std::optional<int> exit = runtime.Init(argc, argv)) return *exit;
  Greeter greeter(runtime.guard(), config);
  runtime.Add(&greeter);
  runtime.OnStart("journal", [&]() -> absl::Status {
    if (std::ofstream(config.journal(), std::ios::app)) return absl::OkStatus();
    return absl::UnavailableError(config.journal() + ": cannot be written");
  });
  runtime.OnDrain([&] {
    const bool taken = runtime.workers().Submit([] {});
    log::Write(log::Level::kInfo, taken ? "door closed" : "door closed too late");
  });
  runtime.OnReload([&](const google::protobuf::Message& fresh) { greeter.Reload(static_cast<const Config&>(fresh)); });
  return runtime.Run();
}

}  // namespace
}  // namespace trivium::server::example

int main(int argc, char** argv) { return trivium::server::example::Main(argc, argv); }
