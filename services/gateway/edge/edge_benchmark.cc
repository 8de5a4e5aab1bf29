// A client port with an executor and an echo service behind it, to be loaded from outside:
//
//   bazel run //services/gateway/edge:edge_benchmark -- --seconds=30 &
//   wrk -c 64 -t 1 -d 10 -s post.lua http://127.0.0.1:<port>/command/echo      (it prints the port and a post.lua)
//
// With --proxy_protocol as its second argument each connection must begin with a PROXY header (deploy/edge/test.sh).
//
// One process holds all three, so that a profile shows where the time goes.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/synchronization/mutex.h"
#include "services/gateway/edge/edge.h"
#include "services/gateway/execution/testing.h"

int main(int argc, char** argv) {
  using namespace trivium;
  using namespace trivium::gateway;
  const std::string flag = argc > 1 ? argv[1] : "--seconds=30";
  const int seconds = std::atoi(flag.substr(flag.find('=') + 1).c_str());
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);  // As libs/server does.
  ExecutorWorld world([](const SeenCall& call) {
    gateway::testing::EverythingResponse response;
    response.mutable_everything()->ParseFromString(call.request);
    return BackendAnswer{grpc::Status::OK, response.SerializeAsString()};
  });
  common::v1::ProductProfile profile;
  profile.mutable_gateway()->set_max_calls_per_second(1'000'000);
  world.source().PutItem(kProfileKind, "acme", profile);
  world.Refresh();
  AccessLog access_log({}, world.tokens().clock(), world.metrics());
  EdgeOptions options;
  options.server.threads = 2;
  options.server.max_connections = 10'000;
  options.server.proxy_protocol = argc > 2 && std::string(argv[2]) == "--proxy_protocol";
  options.server.proxies = http::AddressSet::Parse({"127.0.0.1"}).value();
  Edge edge(options, Edge::Parts{.connect = {world.tokens().checker(), world.tokens().profiles(), world.executor(),
                                             access_log, world.tokens().clock()},
                                 .adopt = [](UpgradedConnection one) { close(one.socket.fd); },
                                 .ready = [] { return absl::OkStatus(); },
                                 .metrics = world.metrics()});
  if (!edge.Start().ok()) return 1;
  std::printf(
      "-- http://127.0.0.1:%d/command/echo\nwrk.method = \"POST\"\nwrk.body = '{\"fInt64\":\"7\",\"words\":[\"roll "
      "call\"]}'\n"
      "wrk.headers[\"Content-Type\"] = \"application/json\"\nwrk.headers[\"Authorization\"] = \"Bearer %s\"\n",
      edge.port(), world.tokens().Token(world.acme(), "acme", "u-7").c_str());
  std::fflush(stdout);
  for (int i = 0; i < seconds; ++i) {
    sleep(1);
    // The fake clock stands still; the profile's bucket must not run dry.
    world.tokens().clock().Advance(absl::Milliseconds(1000));
  }
  edge.Stop(absl::Seconds(1));
  return 0;
}
