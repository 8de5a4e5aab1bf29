#include "tests/drills/flags.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/command_line/command_line.h"

namespace trivium::drills {
namespace {

constexpr char kAbout[] = "drill_load: the load of a drill, and its judge. `./trv drill` starts it.";

constexpr char kEnd[] =
    R"(It prints "steady" when all of its clients are in, reads marks from standard input ("begin SERVICE INSTANCE VERSION",
"end") and ends with it.
Exit status: 0 held, 1 not, 2 wrong usage, 3 it could not begin.)";

std::vector<command_line::Flag> Table(DrillFlags& flags) {
  using namespace command_line;  // NOLINT(build/namespaces): a table of its words.
  return {
      Text("--home DIR", &flags.home, "The .trv folder of a running platform"),
      Text("--product NAME", &flags.product, "Whose backend and users it plays"),
      Number("--payments N", &flags.payments, 1, 2000, "Payments a second"),
      Number("--clients N", &flags.clients, 1, 10'000, "Connections to the gateway"),
      Number("--messages N", &flags.messages, 1, 200, "RELIABLE and ORDERED ones each, a second, to all clients"),
      Number("--students N", &flags.students, 1, 150, "Students who are in a live class all the time"),
      Number("--calls N", &flags.calls, 1, 500, "Calls a second through the gateway, and of the console"),
      Text("--version V", &flags.version, "What is being brought in, for the report"),
      Text("--json FILE", &flags.json, "Writes the report"),
      Text("--keep FILE", &flags.keep, "No verdict: writes down what must be found later, after a restore"),
      Text("--verify FILE", &flags.verify, "Looks for that; wants the next six"),
      Text("--backup_begin TIME", &flags.backup_begin, "RFC 3339"),
      Text("--backup_end TIME", &flags.backup_end, "RFC 3339"),
      Text("--restore_begin TIME", &flags.restore_begin, "RFC 3339"),
      Text("--first_answer TIME", &flags.first_answer, "Of a payment, RFC 3339"),
      Text("--sums_before FILE", &flags.sums_before, "What sums.sql said of the platform that was backed up"),
      Text("--sums_after FILE", &flags.sums_after, "What it says of this one"),
      TextOrNothing("--broken TEXT", &flags.broken, "What others found, a sentence a line"),
  };
}

// Without these there is nothing to verify.
constexpr std::pair<const char*, std::string DrillFlags::*> kOfVerify[] = {
    {"--backup_begin", &DrillFlags::backup_begin},   {"--backup_end", &DrillFlags::backup_end},
    {"--restore_begin", &DrillFlags::restore_begin}, {"--first_answer", &DrillFlags::first_answer},
    {"--sums_before", &DrillFlags::sums_before},     {"--sums_after", &DrillFlags::sums_after},
};

}  // namespace

absl::StatusOr<DrillFlags> ParseDrillFlags(const std::vector<std::string>& arguments) {
  DrillFlags flags;
  const absl::Status read =
      command_line::Parse(arguments, {.about = kAbout, .flags = Table(flags), .end = kEnd}, &flags.help);
  if (!read.ok()) return read;
  if (!flags.help.empty()) return flags;
  if (flags.home.empty()) return absl::InvalidArgumentError("--home: want the .trv folder of a running platform");
  for (const auto& [name, field] : kOfVerify) {
    if (flags.verify.empty() || !(flags.*field).empty()) continue;
    return absl::InvalidArgumentError(absl::StrCat(name, ": --verify wants it, too"));
  }
  return flags;
}

}  // namespace trivium::drills
