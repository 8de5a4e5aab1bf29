// trv_publish: brings to control, as far as it has them not: the descriptors of the platform's APIs, a command table,
// items from files, routes.
//
//   trv_publish --home=.trv --control=127.0.0.1:21000 --table=deploy/commands.yaml
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "libs/config/config.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/wire_status.h"
#include "libs/server/version.h"
#include "libs/status/status.h"
#include "libs/telemetry/trace.h"
#include "tools/publish/items.h"
#include "tools/publish/plan.h"
#include "trivium/control/v1/config.grpc.pb.h"
#include "trivium/control/v1/route_plan.grpc.pb.h"

namespace trivium::publish {
namespace {

using gateway::v1::CommandTable;

using control::v1::ConfigItem;
using control::v1::ConfigService;
using control::v1::RoutePlan;
using control::v1::RoutePlanService;

constexpr char kUsage[] =
    "usage: trv_publish --home=FOLDER --control=HOST:PORT --table=FILE [--items=FOLDER] [--routes=FILE [--cell=CELL]]\n"
    "                   [--operator=NAME] [--reason=TEXT]\n"
    "Publishes the descriptors of the platform's APIs, the commands of FILE and the items of a folder, where control "
    "has "
    "them not or otherwise.\n"
    "  --home      folder with pki/\n"
    "  --items     folder with <kind>/<name>.yaml: product_profile, token_keys, live_capacity, command\n"
    "  --routes    trivium.control.v1.RoutePlan as YAML: routes that control has not are set; those that it has keep "
    "their cells\n"
    "  --cell      the canaries of this cell follow --routes, too\n"
    "  --operator  whose certificate; default dev\n"
    "Exit status: 0 done, 1 refused or failed, 2 wrong usage.\n";
constexpr int kPageSize = 1000;

using Flags = std::map<std::string, std::string>;

absl::StatusOr<Flags> ParseFlags(int argc, char** argv) {
  Flags flags = {{"home", ""},   {"control", ""}, {"table", ""},       {"items", ""},
                 {"routes", ""}, {"cell", ""},    {"operator", "dev"}, {"reason", "the platform's table"}};
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, 2) == "--" && equals != std::string::npos ? word.substr(2, equals - 2) : "";
    if (flags.count(name) == 0) return absl::InvalidArgumentError(word + ": unknown, want --NAME=VALUE of those below");
    flags[name] = word.substr(equals + 1);
  }
  for (const char* name : {"home", "control", "table", "operator", "reason"}) {
    if (flags[name].empty()) return absl::InvalidArgumentError(absl::StrCat("--", name, ": missing"));
  }
  return flags;
}

class Control {
 public:
  explicit Control(const Flags& flags) {
    const std::string pki = flags.at("home") + "/pki/", name = pki + "operator-" + flags.at("operator");
    const auto channel =
        rpc::DirectChannel(flags.at("control"), "control.trivium", {name + ".crt", name + ".key", pki + "ca.crt"});
    stub_ = ConfigService::NewStub(channel);
    plan_ = RoutePlanService::NewStub(channel);
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
    request.set_request_id(NewRequestId());
    request.set_kind(change.kind);
    request.set_name(change.name);
    *request.mutable_value() = change.value;
    request.set_reason(reason);
    ConfigItem item;
    return Call([&](grpc::ClientContext* context) { return stub_->PublishConfig(context, request, &item); });
  }

  absl::Status GetPlan(RoutePlan* plan) {
    return Call([&](grpc::ClientContext* context) { return plan_->GetRoutePlan(context, {}, plan); });
  }

  // plan: the one after.
  absl::Status SetRoute(control::v1::SetRouteRequest request, const std::string& reason, RoutePlan* plan) {
    request.set_request_id(NewRequestId());
    request.set_reason(reason);
    return Call([&](grpc::ClientContext* context) { return plan_->SetRoute(context, request, plan); });
  }

 private:
  static std::string NewRequestId() { return "publish-" + TraceContext::NewRoot().trace_id; }

  template <typename Once>
  absl::Status Call(Once once) {
    grpc::ClientContext context;
    rpc::PrepareContext({.timeout = absl::Seconds(10)}, nullptr, &context);
    context.set_wait_for_ready(true);
    return rpc::FromGrpcStatus(once(&context));
  }

  std::unique_ptr<ConfigService::Stub> stub_;
  std::unique_ptr<RoutePlanService::Stub> plan_;
};

absl::Status Named(const std::string& what, const absl::Status& status) {
  return status.ok() ? status : absl::Status(status.code(), absl::StrCat(what, ": ", status.message()));
}

absl::Status SetRoutes(Control& control, const RoutePlan& wanted, const Flags& flags) {
  RoutePlan plan;
  TRIVIUM_RETURN_IF_ERROR(control.GetPlan(&plan));
  // Each is set once: afterwards it is as wanted.
  int set = 0;
  for (; set < wanted.routes_size(); ++set) {
    const auto request = NextRoute(wanted, flags.at("cell"), plan);
    if (!request) break;
    TRIVIUM_RETURN_IF_ERROR(Named(absl::StrCat("route ", request->product(), " ", request->service()),
                                  control.SetRoute(*request, flags.at("reason"), &plan)));
  }
  std::printf("%d routes set, %d as they were\n", set, wanted.routes_size() - set);
  return absl::OkStatus();
}

absl::Status Run(const Flags& flags) {
  CommandTable table;
  RoutePlan routes;
  std::vector<Change> items;
  TRIVIUM_RETURN_IF_ERROR(config::ReadYamlFile(flags.at("table"), &table));
  if (!flags.at("routes").empty()) {
    TRIVIUM_RETURN_IF_ERROR(config::ReadYamlFile(flags.at("routes"), &routes));
  }
  if (!flags.at("items").empty()) {
    TRIVIUM_ASSIGN_OR_RETURN(items, ReadItems(flags.at("items")));
  }
  Control control(flags);
  std::vector<ConfigItem> published;
  std::vector<std::string> kinds = ItemKinds();
  kinds.push_back("api_descriptors");
  for (const std::string& kind : kinds) TRIVIUM_RETURN_IF_ERROR(control.List(kind, &published));
  std::vector<Change> changes = PlanChanges(LinkedDescriptors(kVersion), table, published);
  std::ranges::copy(PlanItems(items, published), std::back_inserter(changes));
  for (const Change& change : changes) {
    TRIVIUM_RETURN_IF_ERROR(
        Named(absl::StrCat(change.kind, " ", change.name), control.Publish(change, flags.at("reason"))));
  }
  std::printf("%zu published, %zu as they were\n", changes.size(),
              table.commands().size() + 1 + items.size() - changes.size());
  return SetRoutes(control, routes, flags);
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
