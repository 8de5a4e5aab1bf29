// HTTP calls under the drill: a command through the gateway, a page of the console. An HTTP client that repeats no
// POST.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "libs/http/client.h"
#include "tests/drills/call_log.h"
#include "tests/drills/flags.h"
#include "tests/drills/workers.h"

namespace trivium::drills {

class Doors {
 public:
  static absl::StatusOr<std::unique_ptr<Doors>> Create(const DrillFlags& flags, CallLog& log);
  void Start();
  void Stop();

 private:
  Doors(CallLog& log, int port_base, int per_second, std::string credential)
      : log_(log), port_base_(port_base), per_second_(per_second), credential_(std::move(credential)) {}
  void Call(const char* kind, const http::ClientRequest& request);

  CallLog& log_;  // Not owned; outlives this.
  const int port_base_, per_second_;
  const std::string credential_;
  http::Client client_;
  Workers commands_, pages_;  // Last: their threads use the rest.
};

}  // namespace trivium::drills
