#include "tests/drills/doors.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/status/status.h"
#include "tests/drills/messages.h"
#include "tests/load/load_flags.h"

namespace trivium::drills {
namespace {

constexpr int kGatewayPort = 92, kConsolePort = 22;  // From the clone's base: deploy/local/env.sh.
constexpr int kThreads = 2;

}  // namespace

absl::StatusOr<std::unique_ptr<Doors>> Doors::Create(const DrillFlags& flags, CallLog& log) {
  TRIVIUM_ASSIGN_OR_RETURN(const Tokens tokens, Tokens::Create(flags));
  return std::unique_ptr<Doors>(new Doors(log, load::PortBase(flags.home), flags.calls, tokens.OfBackend()));
}

void Doors::Start() {
  const std::string gateway = absl::StrCat("http://127.0.0.1:", port_base_ + kGatewayPort),
                    console = absl::StrCat("http://127.0.0.1:", port_base_ + kConsolePort);
  commands_.Start(kThreads, per_second_, [this, gateway](int64_t) {
    Call("gateway.command",
         {.method = "POST",
          .url = gateway + "/command/payment.list",
          .headers = {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + credential_}},
          .body = R"({"pageSize":1})",
          .timeout = absl::Seconds(10)});
  });
  pages_.Start(kThreads, per_second_, [this, console](int64_t) {
    Call("ops.page", {.method = "GET", .url = console + "/", .headers = {}, .body = "", .timeout = absl::Seconds(10)});
  });
}

void Doors::Stop() {
  commands_.Stop();
  pages_.Stop();
}

void Doors::Call(const char* kind, const http::ClientRequest& request) {
  const absl::Time begin = absl::Now();
  const absl::StatusOr<http::Response> response = client_.Send(request);
  absl::Status status = response.status();
  if (response.ok() && response->status != 200) {
    status = absl::UnknownError(absl::StrCat("HTTP ", response->status, ": ", response->body.substr(0, 200)));
  }
  log_.Add(kind, begin, status);
}

}  // namespace trivium::drills
