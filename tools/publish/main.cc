// trv_publish: brings the descriptors of the platform's APIs and a command table to control, as far as it has them not.
//
//   trv_publish --home=.trv --control=127.0.0.1:21000 --table=deploy/commands.yaml
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "libs/config/config.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/wire_status.h"
#include "libs/server/version.h"
#include "libs/status/status.h"
#include "libs/telemetry/trace.h"
#include "tools/publish/plan.h"
#include "trivium/control/v1/config.grpc.pb.h"

namespace trivium::publish {
namespace {

using gateway::v1::CommandTable;

using control::v1::ConfigItem;
using control::v1::ConfigService;

constexpr char kUsage[] =
    "usage: trv_publish --home=FOLDER --control=HOST:PORT --table=FILE [--operator=NAME] [--reason=TEXT]\n"
    "Publishes the descriptors of the platform's APIs and the commands of FILE, where control has them not or "
    "otherwise.\n"
    "  --home      folder with pki/\n"
    "  --operator  whose certificate; default dev\n"
    "Exit status: 0 done, 1 refused or failed, 2 wrong usage.\n";
constexpr int kPageSize = 1000;

using Flags = std::map<std::string, std::string>;

absl::StatusOr<Flags> ParseFlags(int argc, char** argv) {
  Flags flags = {{"home", ""}, {"control", ""}, {"table", ""}, {"operator", "dev"}, {"reason", "the platform's table"}};
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, 2) == "--" && equals != std::string::npos ? word.substr(2, equals - 2) : "";
    if (flags.count(name) == 0) return absl::InvalidArgumentError(word + ": unknown, want --NAME=VALUE of those below");
    flags[name] = word.substr(equals + 1);
  }
  for (const auto& [name, value] : flags) {
    if (value.empty()) return absl::InvalidArgumentError(absl::StrCat("--", name, ": missing"));
  }
  return flags;
}

class Control {
 public:
  explicit Control(const Flags& flags) {
    const std::string pki = flags.at("home") + "/pki/", name = pki + "operator-" + flags.at("operator");
    stub_ = ConfigService::NewStub(
        rpc::DirectChannel(flags.at("control"), "control.trivium", {name + ".crt", name + ".key", pki + "ca.crt"}));
  }

  absl::Status List(const std::string& kind, std::vector<ConfigItem>* items) {
    control::v1::ListConfigsRequest request;
    request.set_kind(kind);
    request.set_page_size(kPageSize);
    do {
      control::v1::ListConfigsResponse response;
      TRIVIUM_RETURN_IF_ERROR(
          Call([&](grpc::ClientContext* context) { return stub_->ListConfigs(context, request, &response); }));
      items->insert(items->end(), response.items().begin(), response.items().end());
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return absl::OkStatus();
  }

  absl::Status Publish(const Change& change, const std::string& reason) {
    control::v1::PublishConfigRequest request;
    request.set_request_id("publish-" + TraceContext::NewRoot().trace_id);
    request.set_kind(change.kind);
    request.set_name(change.name);
    *request.mutable_value() = change.value;
    request.set_reason(reason);
    ConfigItem item;
    return Call([&](grpc::ClientContext* context) { return stub_->PublishConfig(context, request, &item); });
  }

 private:
  template <typename Once>
  absl::Status Call(Once once) {
    grpc::ClientContext context;
    rpc::PrepareContext({.timeout = absl::Seconds(10)}, nullptr, &context);
    context.set_wait_for_ready(true);
    return rpc::FromGrpcStatus(once(&context));
  }

  std::unique_ptr<ConfigService::Stub> stub_;
};

absl::Status Run(const Flags& flags) {
  CommandTable table;
  TRIVIUM_RETURN_IF_ERROR(config::ReadYamlFile(flags.at("table"), &table));
  Control control(flags);
  std::vector<ConfigItem> published;
  for (const char* kind : {"api_descriptors", "command"}) TRIVIUM_RETURN_IF_ERROR(control.List(kind, &published));
  const std::vector<Change> changes = PlanChanges(LinkedDescriptors(kVersion), table, published);
  for (const Change& change : changes) {
    const absl::Status status = control.Publish(change, flags.at("reason"));
    if (!status.ok())
      return absl::Status(status.code(), absl::StrCat(change.kind, " ", change.name, ": ", status.message()));
  }
  std::printf("%zu published, %zu as they were\n", changes.size(), table.commands().size() + 1 - changes.size());
  return absl::OkStatus();
}

}  // namespace
}  // namespace trivium::publish

int main(int argc, char** argv) {
  // What gRPC's core has to say is in the status, too.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  const auto flags = trivium::publish::ParseFlags(argc, argv);
  if (!flags.ok()) {
    std::fprintf(stderr, "trv_publish: %s\n%s", std::string(flags.status().message()).c_str(),
                 trivium::publish::kUsage);
    return 2;
  }
  const absl::Status status = trivium::publish::Run(*flags);
  if (status.ok()) return 0;
  std::fprintf(stderr, "trv_publish: %s\n", std::string(status.message()).c_str());
  return 1;
}
