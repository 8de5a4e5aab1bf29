#include "tests/drills/flags.h"

#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/config/config.h"

namespace trivium::drills {

const char kDrillHelp[] = R"(drill_load: the load of a drill, and its judge. `./trv drill` starts it.

  --home DIR           The .trv folder of a running platform.
  --product NAME       Whose backend and users it plays. Default: ketang.
  --payments N         A second, 1-2000. Default: 60.
  --clients N          Connections to the gateway, 1-10000. Default: 300.
  --messages N         RELIABLE and ORDERED ones each, a second, to all clients, 1-200. Default: 5.
  --students N         In a live class all the time, 1-150. Default: 40.
  --calls N            A second through the gateway, and of the console, 1-500. Default: 20.
  --version V          What is being brought in, for the report.
  --json FILE          Writes the report.
  --keep FILE          No verdict: writes down what must be found later, after a restore.
  --verify FILE        Looks for that; with --backup_begin, --backup_end, --restore_begin and
                       --first_answer (of a payment), RFC 3339, and --sums_before FILE, --sums_after FILE:
                       what sums.sql said before and says now. --broken TEXT: what others found, a sentence a line.

It prints "steady" when all of its clients are in, reads marks from standard input ("begin SERVICE INSTANCE VERSION", "end") and ends with it.
Exit status: 0 held, 1 not, 2 wrong usage, 3 it could not begin.
)";

namespace {

struct NumberFlag {
  int DrillFlags::*field;
  int most;
};

const std::map<std::string, NumberFlag>& NumberFlags() {
  static const std::map<std::string, NumberFlag> flags = {
      {"--payments", {&DrillFlags::payments, 2000}}, {"--clients", {&DrillFlags::clients, 10'000}},
      {"--messages", {&DrillFlags::messages, 200}},  {"--students", {&DrillFlags::students, 150}},
      {"--calls", {&DrillFlags::calls, 500}},
  };
  return flags;
}

const std::map<std::string, std::string DrillFlags::*>& TextFlags() {
  static const std::map<std::string, std::string DrillFlags::*> flags = {
      {"--home", &DrillFlags::home},
      {"--product", &DrillFlags::product},
      {"--version", &DrillFlags::version},
      {"--json", &DrillFlags::json},
      {"--keep", &DrillFlags::keep},
      {"--verify", &DrillFlags::verify},
      {"--backup_begin", &DrillFlags::backup_begin},
      {"--backup_end", &DrillFlags::backup_end},
      {"--restore_begin", &DrillFlags::restore_begin},
      {"--first_answer", &DrillFlags::first_answer},
      {"--sums_before", &DrillFlags::sums_before},
      {"--sums_after", &DrillFlags::sums_after},
      {"--broken", &DrillFlags::broken},
  };
  return flags;
}

// Without these there is nothing to verify.
constexpr std::pair<const char*, std::string DrillFlags::*> kOfVerify[] = {
    {"--backup_begin", &DrillFlags::backup_begin},   {"--backup_end", &DrillFlags::backup_end},
    {"--restore_begin", &DrillFlags::restore_begin}, {"--first_answer", &DrillFlags::first_answer},
    {"--sums_before", &DrillFlags::sums_before},     {"--sums_after", &DrillFlags::sums_after},
};

absl::Status Unknown(const std::string& name) {
  std::vector<std::string> names = {"--help"};
  for (const auto& [known, field] : NumberFlags()) names.push_back(known);
  for (const auto& [known, field] : TextFlags()) names.push_back(known);
  const std::string nearest = config::NearestName(name, names);
  return absl::InvalidArgumentError(absl::StrCat(name, ": unknown flag", nearest.empty() ? "" : ", do you mean ",
                                                 nearest, nearest.empty() ? "" : "?"));
}

absl::Status Set(const std::string& name, const std::string& value, DrillFlags& flags) {
  if (const auto text = TextFlags().find(name); text != TextFlags().end()) {
    flags.*text->second = value;
    return absl::OkStatus();
  }
  const NumberFlag& number = NumberFlags().at(name);
  int& field = flags.*number.field;
  if (absl::SimpleAtoi(value, &field) && field >= 1 && field <= number.most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, ": '", value, "', want 1-", number.most));
}

}  // namespace

absl::StatusOr<DrillFlags> ParseDrillFlags(const std::vector<std::string>& arguments) {
  DrillFlags flags;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::vector<std::string> parts = absl::StrSplit(arguments[i], absl::MaxSplits('=', 1));
    const std::string& name = parts[0];
    if (name == "--help") {
      flags.help = true;
      return flags;
    }
    if (!NumberFlags().contains(name) && !TextFlags().contains(name)) return Unknown(name);
    if (parts.size() == 1 && i + 1 == arguments.size()) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": want a value"));
    }
    const std::string value = parts.size() == 2 ? parts[1] : arguments[++i];
    if (const absl::Status set = Set(name, value, flags); !set.ok()) return set;
  }
  if (flags.home.empty()) return absl::InvalidArgumentError("--home: want the .trv folder of a running platform");
  for (const auto& [name, field] : kOfVerify) {
    if (flags.verify.empty() || !(flags.*field).empty()) continue;
    return absl::InvalidArgumentError(absl::StrCat(name, ": --verify wants it, too"));
  }
  return flags;
}

}  // namespace trivium::drills
