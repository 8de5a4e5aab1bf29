// trv_call: calls any method of the platform's APIs with JSON. `trv call` fills in --home and --port_base.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/grpcpp.h"
#include "tools/call/flags.h"
#include "tools/call/invoke.h"
#include "tools/call/json.h"
#include "tools/call/methods.h"
#include "tools/call/print_status.h"

namespace {

using namespace trivium::call;  // NOLINT(build/namespaces): main only.

constexpr int kUsageError = 2;

int Refuse(const absl::Status& status) {
  std::fprintf(stderr, "trv call: %s\n", std::string(status.message()).c_str());
  return kUsageError;
}

void PrintHelp(const std::string& help) {
  std::printf("%s\nMethods:\n", help.c_str());
  for (const auto* method : AllMethods()) {
    std::printf("  %-30s %s%s -> %s%s\n", ShortName(*method).c_str(), method->client_streaming() ? "stream " : "",
                method->input_type()->name().c_str(), method->server_streaming() ? "stream " : "",
                method->output_type()->name().c_str());
  }
}

int Run(const Flags& flags) {
  const auto method = FindMethod(flags.method);
  if (!method.ok()) return Refuse(method.status());
  const std::unique_ptr<google::protobuf::Message> request(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype((*method)->input_type())->New());
  const auto json = ReadRequest(flags.json);
  if (!json.ok()) return Refuse(json.status());
  if (const absl::Status parsed = FromJson(*json, request.get()); !parsed.ok()) return Refuse(parsed);
  const auto channel = OpenChannel(flags, **method);
  if (!channel.ok()) return Refuse(channel.status());

  const bool streaming = (*method)->server_streaming();
  int answers = 0;
  std::string trace_id;
  const grpc::Status status =
      Invoke(*channel, **method, *request, flags, &trace_id, [&](const google::protobuf::Message& answer) {
        std::puts(ToJson(answer, /*compact=*/streaming).c_str());
        std::fflush(stdout);
        return ++answers != flags.limit;
      });
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", DescribeError(status, trace_id).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  // What gRPC's core has to say is in the status, too.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  auto flags = ParseFlags(std::vector<std::string>(argv + 1, argv + argc));
  if (!flags.ok()) return Refuse(flags.status());
  if (!flags->help.empty() || flags->method.empty()) {
    PrintHelp(Usage());
    return flags->help.empty() ? kUsageError : 0;
  }
  if (flags->certificate.empty()) flags->certificate = "operator-dev";
  return Run(*flags);
}
