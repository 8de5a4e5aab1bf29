#include "tests/drills/restore_check.h"

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "libs/status/status.h"
#include "tests/drills/call_log.h"
#include "tests/drills/classes.h"
#include "tests/drills/keepsake.h"
#include "tests/drills/messages.h"
#include "tests/drills/payments.h"
#include "tests/drills/sums.h"

namespace trivium::drills {
namespace {

using nlohmann::json;

constexpr absl::Duration kPatience = absl::Seconds(60), kPause = absl::Milliseconds(100);

struct Times {
  absl::Time backup_begin, backup_end, restore_begin, first_answer;
};

struct Restored {
  Survival payments;
  std::vector<Sum> sums;  // Of the platform that was backed up.
  std::vector<std::string> differences;
  int64_t absent = 0, absent_told = 0;
  std::vector<std::string> broken;
};

absl::StatusOr<absl::Time> TimeOf(const std::string& flag, const std::string& text) {
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return time;
  return absl::InvalidArgumentError(absl::StrCat(flag, ": '", text, "', want RFC 3339: ", error));
}

absl::Status CheckPayments(const DrillFlags& flags, const Keepsake& kept, absl::Time backup_begin, CallLog& log,
                           Restored& restored) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::unique_ptr<Payments> payments, Payments::Create(flags, kept.run_id, log));
  const absl::Time give_up = absl::Now() + kPatience;
  std::map<int64_t, bool> there;
  for (const auto& [n, payment] : kept.payments) {
    absl::StatusOr<std::string> id = payments->Repeat(n);
    while (!id.ok() && there.empty() && absl::Now() < give_up) {
      absl::SleepFor(kPause);
      id = payments->Repeat(n);
    }
    if (!id.ok()) return absl::Status(id.status().code(), absl::StrCat("repeat a payment: ", id.status().message()));
    there[n] = *id == payment.payment_id;
  }
  restored.payments = SurvivalOf(kept, backup_begin, there);
  if (restored.payments.before == 0)
    restored.broken.push_back("no payment was acknowledged before the backup: nothing was tried");
  if (restored.payments.before_lost > 0) {
    restored.broken.push_back(absl::StrCat(restored.payments.before_lost, " of ", restored.payments.before,
                                           " payments that were acknowledged before the backup are not there"));
  }
  return absl::OkStatus();
}

// Who was away comes in, and is told what waited.
absl::Status CheckAbsent(const DrillFlags& flags, const Keepsake& kept, Restored& restored) {
  TRIVIUM_ASSIGN_OR_RETURN(const Tokens tokens, Tokens::Create(flags));
  std::vector<std::string> users, ids;
  for (const auto& [user, id] : kept.absent) {
    users.push_back(user);
    ids.push_back(id);
  }
  TRIVIUM_ASSIGN_OR_RETURN(const std::unique_ptr<Clients> clients, Clients::Create(flags, tokens, users, ""));
  TRIVIUM_RETURN_IF_ERROR(clients->Open(kPatience));
  restored.absent = static_cast<int64_t>(users.size());
  const absl::Time give_up = absl::Now() + kPatience;
  do {
    absl::SleepFor(kPause);
    restored.absent_told = 0;
    clients->Look(
        [&](size_t i, const Witness& witness) { restored.absent_told += witness.ids.contains(ids[i]) ? 1 : 0; });
  } while (restored.absent_told < restored.absent && absl::Now() < give_up);
  if (restored.absent_told < restored.absent) {
    restored.broken.push_back(absl::StrCat(restored.absent - restored.absent_told, " of ", restored.absent,
                                           " RELIABLE messages that were pending at the backup did not come"));
  }
  return absl::OkStatus();
}

absl::Status CheckRoom(const DrillFlags& flags, const Keepsake& kept, CallLog& log, Restored& restored) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::unique_ptr<Classes> classes, Classes::Create(flags, kept.run_id, log));
  if (const absl::Status visited = classes->Visit(kept.room_id); !visited.ok()) {
    restored.broken.push_back(
        absl::StrCat("the class of before the backup takes nobody: ", std::string(visited.message())));
  }
  return absl::OkStatus();
}

// All that the database held some seconds before the backup began.
absl::Status CheckSums(const DrillFlags& flags, Restored& restored) {
  TRIVIUM_ASSIGN_OR_RETURN(restored.sums, ReadSums(flags.sums_before));
  TRIVIUM_ASSIGN_OR_RETURN(const std::vector<Sum> after, ReadSums(flags.sums_after));
  restored.differences = DifferencesOf(restored.sums, after);
  restored.broken.insert(restored.broken.end(), restored.differences.begin(), restored.differences.end());
  return absl::OkStatus();
}

absl::StatusOr<Times> TimesOf(const DrillFlags& flags) {
  Times times;
  TRIVIUM_ASSIGN_OR_RETURN(times.backup_begin, TimeOf("--backup_begin", flags.backup_begin));
  TRIVIUM_ASSIGN_OR_RETURN(times.backup_end, TimeOf("--backup_end", flags.backup_end));
  TRIVIUM_ASSIGN_OR_RETURN(times.restore_begin, TimeOf("--restore_begin", flags.restore_begin));
  TRIVIUM_ASSIGN_OR_RETURN(times.first_answer, TimeOf("--first_answer", flags.first_answer));
  return times;
}

json Report(const Keepsake& kept, const Restored& r, const Times& times) {
  json sums = json::object();
  for (const Sum& sum : r.sums) sums[sum.what] = sum.rows;
  return {{"schema", "trivium.drill.restore/1"},
          {"run_id", kept.run_id},
          {"time", absl::FormatTime(absl::RFC3339_sec, times.restore_begin, absl::UTCTimeZone())},
          {"backup_seconds", absl::ToDoubleSeconds(times.backup_end - times.backup_begin)},
          {"payments",
           {{"before", r.payments.before},
            {"before_lost", r.payments.before_lost},
            {"after", r.payments.after},
            {"after_lost", r.payments.after_lost}}},
          {"rows", sums},
          {"kinds_that_differ", r.differences.size()},
          {"absent", {{"pending", r.absent}, {"came", r.absent_told}}},
          // What a disaster at the end of the load would have cost; and how old the backup is when it is finished.
          {"rpo_seconds", absl::ToDoubleSeconds(kept.end - r.payments.holds_until)},
          {"backup_age_seconds", absl::ToDoubleSeconds(times.backup_end - r.payments.holds_until)},
          {"rto_seconds", absl::ToDoubleSeconds(times.first_answer - times.restore_begin)},
          {"held", r.broken.empty()},
          {"broken", r.broken}};
}

void Print(const json& report) {
  const auto number = [&](const char* pointer) { return static_cast<int>(report.at(json::json_pointer(pointer))); };
  std::printf("payments  %d acknowledged before the backup, %d lost; %d since it began, %d of them not in it\n",
              number("/payments/before"), number("/payments/before_lost"), number("/payments/after"),
              number("/payments/after_lost"));
  std::printf("messages  %d RELIABLE ones were pending, %d came\n", number("/absent/pending"), number("/absent/came"));
  std::string rows;
  for (const auto& [what, count] : report["rows"].items()) {
    absl::StrAppend(&rows, rows.empty() ? "" : ", ", count.get<int64_t>(), " ", what);
  }
  std::printf("database  %s; %d of %d kinds differ\n", rows.c_str(), number("/kinds_that_differ"),
              static_cast<int>(report["rows"].size()));
  std::printf("RPO       %.1f s: what was acknowledged until %.1f s before the backup was finished is there\n",
              report["rpo_seconds"].get<double>(), report["backup_age_seconds"].get<double>());
  std::printf("RTO       %.1f s: from the begin of the restore to the first payment\n",
              report["rto_seconds"].get<double>());
  for (const json& what : report["broken"]) std::printf("BROKEN    %s\n", what.get<std::string>().c_str());
  std::printf("%s\n", report["held"].get<bool>() ? "restore: held" : "restore: NOT held");
}

absl::Status WriteJson(const std::string& path, const json& report) {
  if (path.empty()) return absl::OkStatus();
  std::ofstream file(path, std::ios::binary);
  file << report.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
  file.close();
  return file ? absl::OkStatus() : absl::InternalError(absl::StrCat(path, ": cannot be written"));
}

}  // namespace

absl::StatusOr<bool> CheckRestored(const DrillFlags& given) {
  TRIVIUM_ASSIGN_OR_RETURN(const Times times, TimesOf(given));
  TRIVIUM_ASSIGN_OR_RETURN(const Keepsake kept, ReadKeepsake(given.verify));
  DrillFlags flags = given;
  flags.product = kept.product;
  CallLog log;
  Restored restored;
  for (const auto line : absl::StrSplit(given.broken, '\n', absl::SkipEmpty())) restored.broken.emplace_back(line);
  TRIVIUM_RETURN_IF_ERROR(CheckSums(flags, restored));
  TRIVIUM_RETURN_IF_ERROR(CheckPayments(flags, kept, times.backup_begin, log, restored));
  TRIVIUM_RETURN_IF_ERROR(CheckAbsent(flags, kept, restored));
  TRIVIUM_RETURN_IF_ERROR(CheckRoom(flags, kept, log, restored));
  const json report = Report(kept, restored, times);
  Print(report);
  TRIVIUM_RETURN_IF_ERROR(WriteJson(given.json, report));
  return restored.broken.empty();
}

}  // namespace trivium::drills
