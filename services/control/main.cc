// control: config centre, registry, route plan and xDS for the platform. Wiring only.
#include <google/protobuf/message.h>

#include <optional>

#include "libs/rpc/call_guard.h"
#include "libs/server/runtime.h"
#include "services/control/config.embedded.h"
#include "services/control/config.pb.h"
#include "services/control/control.h"
#include "services/control/persistence.h"
#include "services/control/settings.h"

int main(int argc, char** argv) {
  using namespace trivium;
  control::Config config;
  control::SetDefaults(&config);
  server::Runtime runtime("control", &config, control::DescriptorSet());
  runtime.CheckConfig([](const google::protobuf::Message& message) {
    return control::CheckConfig(static_cast<const control::Config&>(message));
  });
  if (std::optional<int> exit = runtime.Init(argc, argv)) return *exit;

  const control::Settings settings = control::ToSettings(config);
  control::Persistence persistence(settings, runtime.clock(), runtime.metrics());
  control::Control control(settings, persistence.store(), runtime.guard(), runtime.clock(), runtime.metrics(),
                           [&runtime] { return runtime.draining(); });
  for (grpc::Service* service : control.services()) runtime.Add(service);
  runtime.guard().AddDrainHook([&control] { control.Drain(); });
  runtime.AddReadiness("store", [&control] { return control.Ready(); });
  runtime.OnStart("persistence", [&persistence] { return persistence.Start(); });
  runtime.OnStop("persistence", [&persistence] { persistence.Stop(); });
  runtime.OnStart("control", [&control] { return control.Start(); });
  runtime.OnStop("control", [&control] { control.Stop(); });
  return runtime.Run();
}
