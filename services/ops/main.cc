// ops: the boards and the console. Wiring only.
#include <google/protobuf/message.h>

#include <optional>
#include <string_view>

#include "libs/server/runtime.h"
#include "services/ops/config.embedded.h"
#include "services/ops/config.pb.h"
#include "services/ops/hash_password.h"
#include "services/ops/ops.h"

int main(int argc, char** argv) {
  using namespace trivium;
  if (argc == 2 && std::string_view(argv[1]) == "--hash_password") return ops::HashPasswordCommand();

  ops::Config config;
  ops::SetDefaults(&config);
  server::Runtime runtime("ops", &config, ops::DescriptorSet());
  const auto config_of = [](const google::protobuf::Message& message) -> const ops::Config& {
    return static_cast<const ops::Config&>(message);
  };
  runtime.CheckConfig([&](const google::protobuf::Message& message) { return ops::CheckConfig(config_of(message)); });
  if (std::optional<int> exit = runtime.Init(argc, argv)) return *exit;

  ops::Ops ops(ops::ToSettings(config), ops::ToPeople(config),
               {runtime.guard(), runtime.workers(), runtime.clock(), runtime.metrics(), runtime.tls()});
  runtime.Add(ops.service());
  runtime.AddReadiness("database", [&ops] { return ops.Ready(); });
  runtime.OnReload(
      [&](const google::protobuf::Message& message) { ops.ReplacePeople(ops::ToPeople(config_of(message))); });
  runtime.OnStart("ops", [&ops] { return ops.Start(); });
  runtime.OnDrain([&ops] { ops.CloseConsole(); });
  runtime.OnStop("ops", [&ops] { ops.Stop(); });
  return runtime.Run();
}
