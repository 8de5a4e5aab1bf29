// The sandbox PSP: ../README.md.
#include <signal.h>

#include <iostream>
#include <random>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/http/server.h"
#include "libs/log/log.h"
#include "libs/telemetry/metrics.h"
#include "services/payment/psp/sandbox/server/callback_sender.h"
#include "services/payment/psp/sandbox/server/control_api.h"
#include "services/payment/psp/sandbox/server/flags.h"
#include "services/payment/psp/sandbox/server/merchant_api.h"
#include "services/payment/psp/sandbox/server/merchants.h"
#include "services/payment/psp/sandbox/server/page_api.h"
#include "services/payment/psp/sandbox/server/sandbox.h"

namespace trivium::payment::sandbox {
namespace {

constexpr uint64_t kCompactAbove = 64 << 20;  // Bytes of journal at start.

int Fail(const absl::Status& status) {
  std::cerr << "sandbox_psp: " << std::string(status.message()) << "\n";
  return 1;
}

void AddOwnPages(http::Server& server, Sandbox& sandbox) {
  server.Handle("GET", "/healthz", [&sandbox](const http::Request&) {
    const absl::Status health = sandbox.health();
    return http::Response{health.ok() ? 200 : 503,
                          "text/plain; charset=utf-8",
                          {},
                          health.ok() ? "ok\n" : absl::StrCat(health.message(), "\n")};
  });
  server.Handle("GET", "/metrics", [](const http::Request&) {
    return http::Response{200, "text/plain; version=0.0.4; charset=utf-8", {}, Metrics::Global().Expose()};
  });
}

int Serve(const Flags& flags) {
  Clock& clock = Clock::Real();
  if (absl::Status status = log::Init({.service = "sandbox_psp", .instance = "sandbox_psp", .path = flags.log});
      !status.ok())
    return Fail(status);
  Merchants merchants(flags.merchants, clock);
  if (absl::Status status = merchants.Load(); !status.ok()) return Fail(status);
  std::random_device random;
  auto book = std::make_unique<Book>(absl::StrCat(absl::Hex(random(), absl::kZeroPad8)));
  auto journal = Journal::Open(flags.journal, [&](std::string_view line) { return book->Replay(line); });
  if (!journal.ok()) return Fail(journal.status());
  book->FinishReplay();
  if ((*journal)->size_at_start() > kCompactAbove) {
    if (absl::Status status = (*journal)->Rewrite(book->Dump()); !status.ok()) return Fail(status);
  }

  const auto secret = [&](std::string_view merchant) { return merchants.Secret(merchant); };
  const PayOrderRules rules{.secret = secret, .allowed_notify = flags.allow_notify};
  Sandbox sandbox(std::move(book), *std::move(journal), clock);
  const CallbackSender sender(sandbox, secret);
  http::Server server({.address = flags.address, .max_body_bytes = 64 << 10, .name = "sandbox_psp"}, Metrics::Global());
  AddPages(server, sandbox, rules);
  AddMerchantApi(server, sandbox, merchants);
  AddControlApi(server, sandbox, rules);
  AddOwnPages(server, sandbox);
  if (absl::Status status = server.Start(); !status.ok()) return Fail(status);
  TRIVIUM_LOG(kInfo, "sandbox PSP serves", {"address", flags.address}, {"port", server.port()});

  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  int signal = 0;
  sigwait(&stop, &signal);
  server.Stop();
  TRIVIUM_LOG(kInfo, "sandbox PSP stopped", {"signal", signal});
  return 0;
}

}  // namespace
}  // namespace trivium::payment::sandbox

int main(int argc, char** argv) {
  using namespace trivium::payment::sandbox;
  // Before any thread: they inherit it, and the main one waits for these.
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  signal(SIGPIPE, SIG_IGN);
  Flags flags;
  const std::string problem = ParseFlags(argc, argv, &flags);
  if (flags.help) return std::cout << kUsage, 0;
  if (!problem.empty()) return std::cerr << "sandbox_psp: " << problem << "\n" << kUsage, 2;
  return Serve(flags);
}
