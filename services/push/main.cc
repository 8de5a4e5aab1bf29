// push: messages to a product's users, the delivery ledger, and their events. Wiring only.
#include <google/protobuf/message.h>

#include <optional>

#include "libs/rpc/call_guard.h"
#include "libs/rpc/channel.h"
#include "libs/server/runtime.h"
#include "services/push/app.h"
#include "services/push/config.embedded.h"
#include "services/push/config.pb.h"
#include "services/push/settings.h"

int main(int argc, char** argv) {
  using namespace trivium;
  push::Config config;
  push::SetDefaults(&config);
  server::Runtime runtime("push", &config, push::DescriptorSet());
  runtime.CheckConfig([](const google::protobuf::Message& message) {
    return push::CheckConfig(static_cast<const push::Config&>(message));
  });
  if (std::optional<int> exit = runtime.Init(argc, argv)) return *exit;

  push::Settings settings = push::ToSettings(config);
  settings.control.tls = runtime.tls();
  push::App app(std::move(settings), runtime.guard(), runtime.clock(), runtime.metrics());
  runtime.Add(app.push_service());
  runtime.Add(app.delivery_service());
  runtime.SetProductLimiter([&app](std::string_view product) { return app.Admit(product); });
  runtime.AddReadiness("push", [&app] { return app.Ready(); });
  runtime.OnStart("push", [&app] { return app.Start(); });
  runtime.OnStop("push", [&app] { app.Stop(); });
  return runtime.Run();
}
