// payment: payments, refunds, the ledger behind them, and their events. Wiring only.
#include <google/protobuf/message.h>

#include <optional>

#include "libs/rpc/call_guard.h"
#include "libs/rpc/channel.h"
#include "libs/server/runtime.h"
#include "services/payment/app.h"
#include "services/payment/config.embedded.h"
#include "services/payment/config.pb.h"
#include "services/payment/settings.h"

int main(int argc, char** argv) {
  using namespace trivium;
  payment::Config config;
  payment::SetDefaults(&config);
  server::Runtime runtime("payment", &config, payment::DescriptorSet());
  runtime.CheckConfig([](const google::protobuf::Message& message) {
    return payment::CheckConfig(static_cast<const payment::Config&>(message));
  });
  if (std::optional<int> exit = runtime.Init(argc, argv)) return *exit;

  payment::Settings settings = payment::ToSettings(config);
  settings.control.tls = runtime.tls();
  payment::App app(std::move(settings), runtime.guard(), runtime.workers(), runtime.clock(), runtime.metrics());
  runtime.Add(app.service());
  runtime.SetProductLimiter([&app](std::string_view product) { return app.Admit(product); });
  runtime.AddReadiness("payment", [&app] { return app.Ready(); });
  runtime.OnStart("payment", [&app] { return app.Start(); });
  runtime.OnStop("payment", [&app] { app.Stop(); });
  return runtime.Run();
}
