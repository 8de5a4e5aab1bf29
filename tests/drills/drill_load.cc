// drill_load: see README.md.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "libs/command_line/command_line.h"
#include "libs/status/status.h"
#include "tests/drills/call_log.h"
#include "tests/drills/classes.h"
#include "tests/drills/doors.h"
#include "tests/drills/flags.h"
#include "tests/drills/keepsake.h"
#include "tests/drills/messages.h"
#include "tests/drills/payments.h"
#include "tests/drills/restore_check.h"
#include "tests/drills/timeline.h"
#include "tests/drills/upgrade_report.h"

namespace trivium::drills {
namespace {

using nlohmann::json;

constexpr int kExitBroken = 1, kExitFailed = 3;        // 2: wrong usage.
constexpr int kAbsent = 20;                            // Users for whom messages wait over a restore.
constexpr int kRepeatsMax = 5000;                      // Payments that are asked for again.
constexpr absl::Duration kSettle = absl::Seconds(60);  // For messages to come, and acknowledgements to be counted.

std::string NewRunId() {
  std::random_device random;
  return absl::StrFormat("d%s%04x", absl::FormatTime("%m%d%H%M%S", absl::Now(), absl::UTCTimeZone()),
                         random() & 0xffff);
}

struct Load {
  CallLog log;
  std::unique_ptr<Payments> payments;
  std::unique_ptr<Messages> messages;
  std::unique_ptr<Classes> classes;
  std::unique_ptr<Doors> doors;

  absl::Status Open(const DrillFlags& flags, const std::string& run_id) {
    TRIVIUM_ASSIGN_OR_RETURN(payments, Payments::Create(flags, run_id, log));
    TRIVIUM_ASSIGN_OR_RETURN(messages, Messages::Create(flags, run_id, log));
    TRIVIUM_ASSIGN_OR_RETURN(classes, Classes::Create(flags, run_id, log));
    TRIVIUM_ASSIGN_OR_RETURN(doors, Doors::Create(flags, log));
    TRIVIUM_RETURN_IF_ERROR(classes->Open());
    return messages->Open();
  }
  void Start() {
    payments->Start();
    messages->Start();
    classes->Start();
    doors->Start();
  }
  void Stop() {
    payments->Stop();
    messages->Stop();
    classes->Stop();
    doors->Stop();
  }
};

// Of many the last ones: those of the drill's end are not more likely to be lost than others, but all cannot be asked
// for.
absl::StatusOr<int64_t> CountLostPayments(Load& load) {
  const std::map<int64_t, Acknowledged> all = load.payments->acknowledged();
  const size_t every = all.size() / kRepeatsMax + 1;
  int64_t lost = 0;
  size_t i = 0;
  for (const auto& [n, payment] : all) {
    if (i++ % every != 0) continue;
    TRIVIUM_ASSIGN_OR_RETURN(const std::string id, load.payments->Repeat(n));
    lost += id == payment.payment_id ? 0 : 1;
  }
  return lost;
}

absl::Status WriteJson(const std::string& path, const json& report) {
  if (path.empty()) return absl::OkStatus();
  std::ofstream file(path, std::ios::binary);
  file << report.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
  file.close();
  return file ? absl::OkStatus() : absl::InternalError(absl::StrCat(path, ": cannot be written"));
}

absl::StatusOr<bool> Judge(const DrillFlags& flags, const std::string& run_id, Timeline timeline, Load& load) {
  UpgradeFindings found;
  found.run_id = run_id;
  found.version = flags.version;
  found.timeline = std::move(timeline);
  found.clients = flags.clients;
  // First: nobody sends heartbeats any more, and a seat is kept for a lease only.
  found.seats = load.classes->seats();
  found.seats_lost = load.classes->CountLostSeats();
  found.messages = load.messages->Find(kSettle);
  found.payments = static_cast<int64_t>(load.payments->acknowledged().size());
  TRIVIUM_ASSIGN_OR_RETURN(found.payments_lost, CountLostPayments(load));
  std::printf("%s", FormatUpgrade(found, load.log).c_str());
  const std::vector<std::string> broken = Broken(found, load.log);
  for (const std::string& what : broken) std::printf("BROKEN    %s\n", what.c_str());
  std::printf("%s\n", broken.empty() ? "upgrade: held" : "upgrade: NOT held");
  TRIVIUM_RETURN_IF_ERROR(WriteJson(flags.json, UpgradeJson(found, load.log)));
  return broken.empty();
}

// Whether the drill held.
absl::StatusOr<bool> Run(const DrillFlags& flags) {
  const std::string run_id = NewRunId();
  Load load;
  TRIVIUM_RETURN_IF_ERROR(load.Open(flags, run_id));
  std::map<std::string, std::string> absent;
  if (!flags.keep.empty()) {
    std::vector<std::string> users;
    for (int i = 0; i < kAbsent; ++i) users.push_back(absl::StrCat(run_id, ".absent.", i));
    TRIVIUM_ASSIGN_OR_RETURN(absent, load.messages->PublishToTheAbsent(users));
  }
  load.Start();
  std::printf("steady\n");
  std::fflush(stdout);
  Timeline timeline;
  const absl::Status marks = ReadMarks(
      std::cin, [] { return absl::Now(); }, &timeline);
  load.Stop();
  TRIVIUM_RETURN_IF_ERROR(marks);
  if (flags.keep.empty()) return Judge(flags, run_id, std::move(timeline), load);
  TRIVIUM_RETURN_IF_ERROR(WriteKeepsake(
      {run_id, flags.product, load.classes->room_id(), load.payments->acknowledged(), absent, timeline.end},
      flags.keep));
  (void)load.classes->CountLostSeats();  // Ends the class.
  return true;
}

}  // namespace
}  // namespace trivium::drills

int main(int argc, char** argv) {
  using namespace trivium::drills;
  const auto flags = ParseDrillFlags({argv + 1, argv + argc});
  if (const std::optional<int> exit = trivium::command_line::ExitStatus(flags)) return *exit;
  // gRPC's own log would stand in the middle of ours; the caller may want it.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  // An environment of the caller's own goes first.
  setenv("GRPC_XDS_BOOTSTRAP", (flags->home + "/products/" + flags->product + "/bootstrap.json").c_str(),
         /*overwrite=*/0);
  const absl::StatusOr<bool> held = flags->verify.empty() ? Run(*flags) : CheckRestored(*flags);
  if (held.ok()) return *held ? 0 : kExitBroken;
  std::fprintf(stderr, "drill_load: %s\n", std::string(held.status().message()).c_str());
  return kExitFailed;
}
