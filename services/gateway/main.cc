// gateway: the clients' connections and the command table in front of all services. Wiring only.
#include <google/protobuf/message.h>

#include <optional>

#include "libs/rpc/channel.h"
#include "libs/server/runtime.h"
#include "services/gateway/app.h"
#include "services/gateway/config.embedded.h"
#include "services/gateway/config.pb.h"
#include "services/gateway/settings.h"

int main(int argc, char** argv) {
  using namespace trivium;
  gateway::Config config;
  gateway::SetDefaults(&config);
  server::Runtime runtime("gateway", &config, gateway::DescriptorSet());
  runtime.CheckConfig([](const google::protobuf::Message& message) {
    return gateway::CheckConfig(static_cast<const gateway::Config&>(message));
  });
  if (std::optional<int> exit = runtime.Init(argc, argv)) return *exit;

  gateway::Settings settings = gateway::ToSettings(config);
  settings.control.tls = runtime.tls();
  gateway::App app(std::move(settings),
                   {.tls = runtime.tls(),
                    .clock = runtime.clock(),
                    .metrics = runtime.metrics(),
                    .draining = [&runtime] { return runtime.draining(); }},
                   gateway::StartClients);
  runtime.AddReadiness("gateway", [&app] { return app.Ready(); });
  runtime.OnStart("gateway", [&app] { return app.Start(); });
  runtime.OnStop("gateway", [&app] { app.Stop(); });
  return runtime.Run();
}
