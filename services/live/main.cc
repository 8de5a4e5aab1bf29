// live: rooms, who is in them, and what happens there. Wiring only.
#include <google/protobuf/message.h>

#include <optional>

#include "libs/rpc/call_guard.h"
#include "libs/rpc/channel.h"
#include "libs/server/runtime.h"
#include "services/live/app.h"
#include "services/live/config.embedded.h"
#include "services/live/config.pb.h"
#include "services/live/settings.h"

int main(int argc, char** argv) {
  using namespace trivium;
  live::Config config;
  live::SetDefaults(&config);
  server::Runtime runtime("live", &config, live::DescriptorSet());
  runtime.CheckConfig([](const google::protobuf::Message& message) {
    return live::CheckConfig(static_cast<const live::Config&>(message));
  });
  if (std::optional<int> exit = runtime.Init(argc, argv)) return *exit;

  live::Settings settings = live::ToSettings(config);
  settings.control.tls = runtime.tls();
  live::App app(std::move(settings), runtime.guard(), runtime.clock(), runtime.metrics());
  runtime.Add(app.service());
  runtime.SetProductLimiter([&app](std::string_view product) { return app.Admit(product); });
  runtime.AddReadiness("live", [&app] { return app.Ready(); });
  runtime.OnStart("live", [&app] { return app.Start(); });
  runtime.OnStop("live", [&app] { app.Stop(); });
  return runtime.Run();
}
